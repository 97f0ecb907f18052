var workKUCZW4BZ = require('./work.js');
var main = require('./main.js');
require('./chunk.js');
require('./chunk2.js');

// src/deploy/quiet/during-release-phase.ts
async function duringReleasePhase(announcement, work, around) {
  const { log, time, signal, follow } = around;
  const over = new AbortController();
  const working = work().finally(() => over.abort());
  working.catch(() => {
  });
  let hold;
  try {
    hold = await announcement.adopted(over.signal);
    if (hold === void 0) return { result: await working, opened: false };
    follow(hold);
    const adopted = hold;
    const opened = await adopted.opened(over.signal);
    const result = opened ? await workKUCZW4BZ.during(
      () => working,
      () => adopted.concerns(),
      log,
      time
    ) : await working;
    return { result, hold, opened };
  } catch (error) {
    await working.catch(() => {
    });
    await hold?.[Symbol.asyncDispose]();
    throw (signal.aborted ? void 0 : await announcement.failure()) ?? error;
  }
}

// src/deploy/quiet/by-release-phase.ts
async function quietByReleasePhase(plan, around, story, signal, target, who) {
  var _stack = [];
  try {
    const { redis, group, time } = around;
    const scope = main.__using(_stack, new AsyncDisposableStack(), true);
    const server = scope.use(await group("Redis", () => redis.open(story.log, signal)));
    const gate = { ...server.around, log: story.log };
    const asker = { ...plan.asker, app: plan.app, commit: target.commit };
    await workKUCZW4BZ.protocolOf(plan, gate, who).inspect(asker);
    const id = workKUCZW4BZ.newDeployId();
    around.remember({ id, fingerprint: server.fingerprint });
    const announcement = scope.use(await workKUCZW4BZ.announce(gate, id, workKUCZW4BZ.termsOf(plan, who), asker));
    story.log.info("the deploy is announced: its release phase drains, and the clock works until then");
    const kept = scope.move();
    let hold;
    return {
      deployed: "drained in its release phase",
      async during(publish) {
        const follow = (one) => story.follow(one);
        const released = await duringReleasePhase(announcement, publish, {
          log: story.log,
          time,
          signal,
          follow
        });
        if (released.hold) hold = kept.use(released.hold);
        if (!released.opened) story.log.warning(UNDRAINED);
        return released.result;
      },
      async released() {
        await hold?.release();
      },
      successor: async (waitMs, release, over) => await hold?.successor(waitMs, release, over) ?? [],
      [Symbol.asyncDispose]: () => kept.disposeAsync()
    };
  } catch (_) {
    var _error = _, _hasError = true;
  } finally {
    var _promise = main.__callDispose(_stack, _error, _hasError);
    _promise && await _promise;
  }
}
var UNDRAINED = "The release phase did not drain: jobs that ran got SIGTERM, and SIGKILL 30 s later. Its command must begin with deploy-gate drain, such as release: deploy-gate drain --hold 10m && python manage.py migrate";

exports.quietByReleasePhase = quietByReleasePhase;
