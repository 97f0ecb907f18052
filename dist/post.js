import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);
import {
  __callDispose,
  __using,
  actionsLog,
  finish,
  getInput,
  maskSecret,
  openHeroku,
  openServer,
  readPlan,
  recallHold,
  secretsOfPlan,
  systemTime
} from "./shared-K2I7XYEG.js";

// src/deploy/end-hold.ts
async function endHold(plan, held2, needs) {
  var _stack = [];
  try {
    const pinned = held2.fingerprint === void 0 ? plan : { ...plan, redis: { ...plan.redis, fingerprint: held2.fingerprint } };
    const server = __using(_stack, await openServer(pinned, needs), true);
    const { host, keys } = server.around;
    const answer = await finish(host, keys, { id: held2.id, epoch: "" }, "aborted");
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
var held = recallHold();
if (held !== void 0) {
  try {
    const plan = readPlan({ getInput: (name) => getInput(name), env: process.env });
    for (const secret of secretsOfPlan(plan)) maskSecret(secret);
    const signal = AbortSignal.timeout(LIMIT_MS);
    const heroku = openHeroku(plan, {
      log: actionsLog,
      time: systemTime,
      signal,
      env: process.env,
      mask: maskSecret
    });
    await endHold(plan, held, {
      log: actionsLog,
      time: systemTime,
      signal,
      configVar: heroku.configVar,
      mask: maskSecret
    });
  } catch (error) {
    actionsLog.warning(
      `the drain of this job could not be ended (${error.message}); held participants resume by themselves when its lease runs out: 1 minute while draining, 3 during a push`
    );
  }
}
