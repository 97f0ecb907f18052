import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);
import {
  __callDispose,
  __using,
  actionsLog,
  finish,
  open,
  openServer,
  recallHold
} from "./shared-NJFHTINL.js";

// src/deploy/end-hold.ts
async function endHold(plan, held, needs) {
  var _stack = [];
  try {
    const pinned = held.fingerprint === void 0 ? plan : { ...plan, redis: { ...plan.redis, fingerprint: held.fingerprint } };
    const server = __using(_stack, await openServer(pinned, needs), true);
    const { host, keys } = server.around;
    const answer = await finish(host, keys, { id: held.id, epoch: "" }, "aborted");
    needs.log.info(
      answer === "finished" ? "this job was stopped while its drain was in force: ended it, the clock goes back to work" : "the drain of this job was over already: nothing to do"
    );
  } catch (_) {
    var _error = _, _hasError = true;
  } finally {
    var _promise = __callDispose(_stack, _error, _hasError);
    _promise && await _promise;
  }
}

// src/action/post.ts
var LIMIT_MS = 4500;
try {
  const held = recallHold();
  if (held !== void 0) {
    const signal = AbortSignal.timeout(LIMIT_MS);
    const { plan, heroku, ...around } = open(signal);
    await endHold(plan, held, { ...around, signal, configVar: heroku.configVar });
  }
} catch (error) {
  actionsLog.warning(
    `the drain of this job could not be ended (${error.message}); held participants resume by themselves when its lease runs out: 1 minute while draining, 3 during a push`
  );
}
