var workKUCZW4BZ = require('./work.js');
var main = require('./main.js');
require('./chunk.js');
require('./chunk2.js');

// src/deploy/rehearse.ts
async function rehearse(plan, around, story, signal, target) {
  const who = workKUCZW4BZ.expected(plan.processes, target.formation, target.dynos);
  for (const note of who.notes) story.log.info(note);
  const asks = !plan.skipDrain && who.asked.length > 0;
  let missing = [];
  if (asks && plan.drainFrom === "runner")
    missing = await lookAround(plan, around, story, signal, target, who);
  else if (asks) story.log.info("Who takes part would be seen from a dyno only, and a dry run starts none");
  return story.ended(
    "dry-run",
    `${sentence(plan, story, target, who, missing)} This was a dry run: nobody was asked for anything.`
  );
}
async function lookAround(plan, around, story, signal, { commit }, who) {
  var _stack = [];
  try {
    const server = main.__using(_stack, await around.group("Redis", () => around.redis.open(story.log, signal)), true);
    const protocol = workKUCZW4BZ.protocolOf(plan, { ...server.around, log: story.log }, who);
    const rows = await protocol.inspect({ ...plan.asker, app: plan.app, commit });
    if (plan.list !== void 0) return [];
    for (const { dyno, release, v, state, running, note } of rows) {
      const about = [
        release ?? "release unknown",
        `protocol ${v}`,
        doingOf({ state, running }),
        ...note ? [note] : []
      ];
      story.log.info(`${dyno}: ${about.join(", ")}`);
    }
    for (const { dyno, release } of who.dynos.filter((one) => !rows.some((row) => row.dyno === one.dyno))) {
      story.log.warning(
        `${dyno} is up${release ? ` on ${release}` : ""} but has not joined the gate: a deploy would wait ${main.formatDuration(plan.acknowledgeTimeoutMs)} for it, and then ${plan.onMissingClock === "deploy" ? "go on without it" : "fail with missing-clock"}`
      );
    }
    return who.asked.flatMap(
      ({ type, atLeast }) => rows.filter((row) => row.type === type).length < atLeast ? type : []
    );
  } catch (_) {
    var _error = _, _hasError = true;
  } finally {
    var _promise = main.__callDispose(_stack, _error, _hasError);
    _promise && await _promise;
  }
}
function doingOf({ state, running }) {
  if (state === "running") return "scheduling";
  return `${state}, ${running === 1 ? "1 job running" : `${running} jobs running`}`;
}
function sentence(plan, story, target, who, missing) {
  const { app, upToDate } = plan;
  if (target.upToDate && upToDate !== "rerelease") {
    return `${app} already runs ${story.named}: a deploy would ${upToDate === "skip" ? "do nothing" : "fail with nothing-to-deploy"}.`;
  }
  if (missing.length > 0 && plan.onMissingClock === "fail") {
    return `As things stand a deploy would fail with missing-clock, because too few take part as ${missing.join(" and ")}.`;
  }
  const types = who.asked.map(({ type, atLeast }) => atLeast > 1 ? `${atLeast} ${type}` : type).join(", ");
  const drain = plan.skipDrain || types === "" ? "without a drain" : plan.drainAt === "release-phase" ? `have ${types} drain in the release phase` : `have ${types} drain, for ${main.formatDuration(plan.drainTimeoutMs)} at most`;
  const deed = {
    "git-push": `push ${story.named}`,
    promote: `promote ${story.named}`,
    slug: `release ${story.named}`,
    command: "run the deploy command"
  }[story.deed];
  return plan.drainAt === "release-phase" || drain === "without a drain" ? `A deploy would ${deed}${drain === "without a drain" ? " without a drain" : ` and ${drain}`}.` : `A deploy would ${drain}, and then ${deed}.`;
}

exports.rehearse = rehearse;
