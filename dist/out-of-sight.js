var chunkOBWMWB5U = require('./chunk4.js');
require('./chunk3.js');
require('./chunk.js');
var main = require('./main.js');
require('./work.js');
require('./chunk2.js');

// src/deploy/quiet/out-of-sight.ts
function quietOutOfSight(plan, around, story, signal) {
  const { log } = story;
  const byHand = `heroku run --app ${plan.app} -- deploy-gate resume --gate-name ${plan.gateName}`;
  const command = chunkOBWMWB5U.resumeCommand(plan);
  let released = false;
  return {
    deployed: "with the drain of its release phase, out of sight of this step",
    during: (publish) => publish(),
    async released() {
      released = true;
    },
    async successor() {
      log.info("The new clock can not be seen from here: the Redis is reached from dynos only");
      return [];
    },
    async [Symbol.asyncDispose]() {
      if (released) return;
      if (signal.aborted) {
        log.warning(
          `If the release phase has drained or still does, everybody stays held until its --hold is over, or the new release takes over. To give them back: ${byHand}`
        );
        return;
      }
      const failed = (why) => log.warning(
        `${why} Whoever the release phase has brought to rest stays held until its --hold is over. To give them back: ${byHand}`
      );
      try {
        await around.group("Resume, in a one-off dyno", async () => {
          var _stack = [];
          try {
            const session = main.__using(_stack, await around.heroku.inDyno(command, (line) => chunkOBWMWB5U.tell(log, line), signal), true);
            const { code } = await session.ended;
            if (code === 0) log.info("nobody is held any more by a release phase");
            else failed(`deploy-gate resume ended with ${code} in ${session.dyno}.`);
          } catch (_) {
            var _error = _, _hasError = true;
          } finally {
            var _promise = main.__callDispose(_stack, _error, _hasError);
            _promise && await _promise;
          }
        });
      } catch (error) {
        failed(error.message);
      }
    }
  };
}

exports.quietOutOfSight = quietOutOfSight;
