import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);
import {
  __callDispose,
  __using,
  actionsLog,
  endOnCrash,
  open,
  openServer,
  protocolOf,
  recallHold,
  unended
} from "./shared-7BD6KO3S.js";

// src/deploy/end-hold.ts
async function endHold(plan, held, needs) {
  const pinned = held.fingerprint === void 0 ? plan : { ...plan, redis: { ...plan.redis, fingerprints: [held.fingerprint] } };
  try {
    var _stack = [];
    try {
      const server = __using(_stack, await openServer(pinned, needs), true);
      await protocolOf(plan, server.around).end(held.id);
    } catch (_) {
      var _error = _, _hasError = true;
    } finally {
      var _promise = __callDispose(_stack, _error, _hasError);
      _promise && await _promise;
    }
  } catch (error) {
    throw new Error(`${error.message}; ${unended(plan)}`, { cause: error });
  }
}

// src/action/post.ts
var LIMIT_MS = 4500;
endOnCrash();
try {
  const held = recallHold();
  if (held !== void 0) {
    const signal = AbortSignal.timeout(LIMIT_MS);
    const { plan, heroku, ...around } = open(signal);
    await endHold(plan, held, { ...around, signal, configVar: heroku.configVar });
  }
} catch (error) {
  actionsLog.warning(`the drain of this job could not be ended: ${error.message}`);
}
