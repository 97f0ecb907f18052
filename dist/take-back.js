var workKUCZW4BZ = require('./work.js');
var main = require('./main.js');
require('./chunk.js');
require('./chunk2.js');

// src/deploy/take-back.ts
var REASONS = ["dynos-not-up", "clock-not-seen", "health-check-failed"];
async function takeBack(plan, around, story, signal, target, failure) {
  if (!(failure instanceof main.DeployError) || !REASONS.includes(failure.outcome) || signal.aborted)
    return failure;
  const { currentRelease } = target;
  const { next } = failure;
  if (currentRelease === void 0) {
    return plan.rollbackOnFailure ? told(failure, "Nothing ran before, so there is nothing to go back to.", next) : failure;
  }
  const byHand = `\`heroku rollback ${currentRelease} --app ${plan.app}\``;
  if (!plan.rollbackOnFailure) {
    return told(
      failure,
      "",
      `${next} ${byHand} goes back to what ran before; rollback-on-failure: true does so by itself.`
    );
  }
  story.log.warning(`${failure.message} Going back to ${currentRelease}`);
  story.goingBackTo = currentRelease;
  try {
    const back = await goBack(plan, around, story, signal, target);
    const aftermath = `It was taken back: ${plan.app} runs what ${currentRelease} was, as ${back}.`;
    return told(failure, aftermath, `Mend it, and deploy again. ${next}`);
  } catch (error) {
    if (signal.aborted) return signal.reason;
    if (error instanceof main.DeployError && error.outcome === "busy")
      return told(failure, `It was not taken back: ${error.message}`, `${error.next} ${next}`);
    const message = error instanceof Error ? error.message : String(error);
    const what = error instanceof main.DeployError ? `${error.next} ${next}` : next;
    return told(
      failure,
      `Going back to ${currentRelease} failed as well: ${message}`,
      `Go back by hand: ${byHand}. ${what}`
    );
  }
}
async function goBack(plan, around, story, signal, target) {
  var _stack = [];
  try {
    const quiet = main.__using(_stack, await restOf(plan, around, story, signal, target), true);
    const back = await around.group(
      `Rollback to ${target.currentRelease}`,
      () => story.span("rollback", "heroku", () => quiet.during(() => target.rollBack(signal)))
    );
    story.rollback = back;
    await quiet.released();
    await seeAtWork(plan, around, story, signal, { quiet, release: back });
    return back;
  } catch (_) {
    var _error = _, _hasError = true;
  } finally {
    var _promise = main.__callDispose(_stack, _error, _hasError);
    _promise && await _promise;
  }
}
async function restOf(plan, around, story, signal, { formation, dynos, currentRelease: _, ...target }) {
  if (plan.skipDrain || plan.drainAt === "release-phase") return workKUCZW4BZ.unasked("");
  const before = workKUCZW4BZ.expected(plan.processes, formation, dynos).asked;
  if (before.length === 0) return workKUCZW4BZ.unasked("");
  const asked = before.map(({ type, atLeast }) => ({
    ...{ type, demanded: false },
    atLeast: plan.list === void 0 ? 0 : atLeast
  }));
  const lenient = {
    ...{ ...plan, processes: asked },
    onDrainTimeout: "deploy",
    onMissingClock: "deploy"
  };
  story.log.info(
    "What runs by now drains first, as under on-drain-timeout: deploy: nobody keeps a broken release running"
  );
  const replaced = { ...target, ...story.release !== void 0 && { currentRelease: story.release } };
  try {
    return await workKUCZW4BZ.quieten(lenient, around, story, signal, replaced);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof main.DeployError && error.outcome === "busy") throw error;
    story.log.warning(`${error.message} Going back without a drain`);
    return workKUCZW4BZ.unasked("");
  }
}
async function seeAtWork({ waitForDynosMs, waitForClockMs }, { heroku }, story, signal, { quiet, release }) {
  const warn = (error) => {
    signal.throwIfAborted();
    story.log.warning(error.message);
  };
  if (waitForDynosMs > 0) await heroku.dynosUp(release, waitForDynosMs, signal).catch(warn);
  if (waitForClockMs === 0) return;
  const seen = await quiet.successor(waitForClockMs, release, signal).catch(warn);
  if (seen === void 0 || seen.length === 0) return;
  story.log.info(`${seen.join(", ")} of ${release} ${seen.length === 1 ? "is" : "are"} scheduling`);
}
function told(failure, aftermath, next) {
  const outcome = failure.outcome;
  return new main.DeployError(outcome, `${failure.message} ${aftermath}`.trimEnd(), next.trimEnd(), {
    cause: failure
  });
}

exports.takeBack = takeBack;
