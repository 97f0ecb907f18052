import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);
import {
  ExitCode,
  actionsLog,
  annotateError,
  chartName,
  hideSecretsIn,
  inertJson,
  markdown,
  readMaskedPlan,
  recallHold,
  rememberEnd,
  setOutput,
  summary
} from "./shared-CTTR55YB.js";
import {
  DeployError,
  formatDuration,
  isSuccess
} from "./shared-V27K2465.js";

// src/action/crash.ts
function endOnCrash(before = () => {
}) {
  process.on("uncaughtException", (error) => {
    const told = error instanceof Error ? error.stack ?? error.message : String(error);
    before();
    annotateError(
      "Deploy: failed",
      `Something unexpected went wrong: ${told}
Please report it with the log of this run.`
    );
    process.exit(ExitCode.Failure);
  });
}

// src/action/participants-json.ts
var QUOTING = "'`$‘-‛";
var write = (value) => inertJson(value, QUOTING);
var MOST_BYTES = 1e5;
function participantsJson(all) {
  const whole = write(all);
  if (Buffer.byteLength(whole) <= MOST_BYTES) return whole;
  const bare = all.map(({ note: _, ...rest }) => rest);
  const undrained = bare.filter(({ drainedSeconds }) => drainedSeconds === void 0);
  const kept = /* @__PURE__ */ new Set();
  let bytes = 2;
  for (const one of /* @__PURE__ */ new Set([...undrained, ...bare])) {
    bytes += Buffer.byteLength(write(one)) + 1;
    if (bytes > MOST_BYTES) break;
    kept.add(one);
  }
  return write(bare.filter((one) => kept.has(one)));
}

// src/action/outputs.ts
function writePessimisticOutputs(setOutput2) {
  write2({ outcome: "cancelled", participants: [], jobsFinished: 0, jobsStored: 0 }, setOutput2);
}
function writeOutputs(report2, setOutput2) {
  write2(report2, setOutput2);
}
function write2(report2, setOutput2) {
  setOutput2("outcome", report2.outcome);
  setOutput2("drained", participantsJson(report2.participants));
  setOutput2("drain-seconds", String(report2.drainSeconds ?? ""));
  setOutput2("quiet-seconds", String(report2.quietSeconds ?? ""));
  setOutput2("jobs-finished", String(report2.jobsFinished ?? ""));
  setOutput2("jobs-stored", String(report2.jobsStored ?? ""));
  setOutput2("release", report2.release ?? "");
  setOutput2("rollback", report2.rollback ?? "");
  setOutput2("commit", report2.commit ?? "");
  setOutput2("url", report2.url ?? "");
}

// src/action/gantt.ts
var MOST_BARS = 60;
var HOUR_MS = 36e5;
function renderGantt(spans) {
  if (spans.length === 0) return "";
  const shown = mostTelling(spans);
  const endMs = Math.max(...shown.map(({ toMs }) => toMs));
  const lines = ["gantt", "  dateFormat x", `  axisFormat ${endMs < HOUR_MS ? "%M:%S" : "%H:%M:%S"}`];
  for (const [section, title] of [
    ["gate", "Gate"],
    ["heroku", "Heroku"]
  ]) {
    const bars = shown.filter((span) => span.section === section);
    if (bars.length > 0) lines.push(`  section ${title}`, ...bars.map((bar) => `  ${barOf(bar, endMs)}`));
  }
  return lines.join("\n");
}
function mostTelling(spans) {
  const weight = ({ failed, section, fromMs, toMs }) => (section === "heroku" ? 2e12 : 0) + (failed ? 1e12 : 0) + (toMs - fromMs);
  const kept = new Set([...spans].sort((a, b) => weight(b) - weight(a)).slice(0, MOST_BARS));
  return spans.filter((span) => kept.has(span));
}
function barOf({ name, fromMs, toMs, failed, section }, endMs) {
  const leastMs = Math.max(1, endMs / 200);
  const style = failed ? "crit, " : section === "gate" ? "active, " : "";
  const seconds2 = ((toMs - fromMs) / 1e3).toFixed(1);
  return `${seconds2} s ${chartName(name)} :${style}${Math.round(fromMs)}, ${Math.round(Math.max(toMs, fromMs + leastMs))}`;
}

// src/action/summary.ts
var MOST_PARTICIPANTS = 100;
var MOST_WARNINGS = 30;
function renderSummary(report2) {
  const { outcome, app, message, next, warnings, spans, rollback } = report2;
  const chart = renderGantt(spans);
  return [
    `## ${mark(report2)} ${HEADINGS[outcome]}${rollback ? ", and taken back" : ""}${app ? `: ${markdown(app)}` : ""}`,
    ...message.split("\n").map((line) => markdown(line, 1e3)),
    ...next ? [`**What to do:** ${markdown(next, 1e3)}`] : [],
    ...facts(report2),
    ...participants(report2.participants),
    ...warnings.length > 0 ? [
      "### Warnings",
      warnings.slice(0, MOST_WARNINGS).map((line) => `- ${markdown(line, 500)}`).join("\n")
    ] : [],
    ...warnings.length > MOST_WARNINGS ? [`and ${warnings.length - MOST_WARNINGS} more in the log`] : [],
    ...chart ? ["### Timeline", `\`\`\`mermaid
${chart}
\`\`\``] : [],
    ""
  ].join("\n\n");
}
var HEADINGS = {
  deployed: "Deployed",
  "up-to-date": "Up to date",
  "dry-run": "Dry run: a deploy could begin",
  "preflight-failed": "Not deployed, a check failed beforehand",
  "nothing-to-deploy": "Not deployed, the app runs it already",
  busy: "Not deployed, another deploy is at work",
  "missing-clock": "Not deployed, no clock took part",
  "not-acknowledged": "Not deployed, the drain request was not accepted",
  refused: "Not deployed, the clock refused to drain",
  "drain-timeout": "Not deployed, not drained in time",
  "lease-lost": "Not deployed, the drain was lost",
  "push-failed": "Not deployed, the push failed",
  "build-failed": "Not deployed, the build failed",
  "promotion-failed": "Not deployed, the promotion failed",
  "command-failed": "The deploy command failed",
  "release-failed": "The release failed",
  "dynos-not-up": "Released, but its dynos are not up",
  "clock-not-seen": "Released, but the new clock was not seen",
  "health-check-failed": "Released, but the health check failed",
  "deploy-timeout": "Out of time",
  cancelled: "Cancelled",
  failed: "Failed"
};
function mark({ outcome, warnings }) {
  if (outcome === "cancelled") return "⏹️";
  if (!isSuccess(outcome)) return "❌";
  return warnings.length > 0 ? "⚠️" : "✅";
}
function facts({
  commit,
  release,
  rollback,
  url,
  drainSeconds,
  quietSeconds,
  ...report2
}) {
  const jobs = (number) => report2.participants.length > 0 && number !== void 0 ? String(number) : void 0;
  const rows = [
    ["Commit", commit && `<code>${markdown(commit.slice(0, 12))}</code>`],
    ["Release", release && markdown(release)],
    ["Taken back by", rollback && markdown(rollback)],
    ["App", url && link(url)],
    ["Drained in", drainSeconds === void 0 ? void 0 : formatDuration(drainSeconds * 1e3)],
    ["Clock quiet for", quietSeconds === void 0 ? void 0 : formatDuration(quietSeconds * 1e3)],
    ["Jobs finished", jobs(report2.jobsFinished)],
    ["Jobs stored", jobs(report2.jobsStored)]
  ];
  const shown = rows.filter(([, value]) => value);
  if (shown.length === 0) return [];
  return [["| | |", "|---|---|", ...shown.map(([name, value]) => `| ${name} | ${value} |`)].join("\n")];
}
function link(url) {
  return `<${encodeURI(url).replaceAll("%25", "%")}>`;
}
function participants(all) {
  if (all.length === 0) return [];
  const undone = (one) => one.drainedSeconds === void 0 ? 0 : 1;
  const shown = [...all].sort((a, b) => undone(a) - undone(b)).slice(0, MOST_PARTICIPANTS);
  const rows = shown.map((one) => {
    const cells = [
      markdown(one.dyno, 100),
      markdown(one.state, 40),
      seconds(one.acceptedSeconds),
      seconds(one.drainedSeconds),
      one.finished ?? "–",
      one.stored ?? "–",
      one.lost ?? "–",
      markdown(one.note ?? "", 200)
    ];
    return `| ${cells.join(" | ")} |`;
  });
  const left = all.length - shown.length;
  return [
    "### Participants",
    [
      "| Dyno | State | Accepted after | Drained after | Finished | Stored | Lost | Note |",
      "|---|---|--:|--:|--:|--:|--:|---|",
      ...rows
    ].join("\n"),
    ...left > 0 ? [`and ${left} more: see the output \`drained\``] : []
  ];
}
function seconds(value) {
  return value === void 0 ? "–" : `${value} s`;
}

// src/action/main-step.ts
async function mainStep() {
  endOnCrash(() => setOutput("outcome", "failed"));
  const cancel = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"]) {
    process.on(
      name,
      () => cancel.abort(
        new DeployError(
          "cancelled",
          `The job was cancelled (${name}).`,
          "Run the workflow again when you want the deploy."
        )
      )
    );
  }
  try {
    const plan = readMaskedPlan();
    writePessimisticOutputs(setOutput);
    const { carryOut } = await import("./shared-UZLOYCBH.js");
    const told = await carryOut(plan, cancel.signal);
    await report(told);
    if (isSuccess(told.outcome)) rememberEnd();
  } catch (error) {
    const { outcome, message, next } = asDeployError(error);
    const nothing = { app: "", participants: [], jobsFinished: 0, jobsStored: 0, warnings: [], spans: [] };
    await report({ ...nothing, outcome, message, next });
  }
}
async function report(told) {
  const report2 = hideSecretsIn(told);
  writeOutputs(report2, setOutput);
  const { outcome, message, next } = report2;
  if (isSuccess(outcome)) actionsLog.info(message);
  else {
    annotateError(`Deploy: ${outcome}`, `${message}
${next}`);
    process.exitCode = ExitCode.Failure;
  }
  try {
    await summary.addRaw(renderSummary(report2), true).write();
  } catch (error) {
    actionsLog.warning(`the summary could not be written: ${error.message}`);
  }
}
function asDeployError(error) {
  if (error instanceof DeployError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new DeployError(
    "failed",
    `Something unexpected went wrong: ${message}`,
    "Please report it with the log of this run.",
    { cause: error }
  );
}

// src/action/post-step.ts
var LIMIT_MS = 4500;
async function postStep() {
  endOnCrash();
  try {
    const held = recallHold();
    if (held !== void 0) {
      const { giveBack } = await import("./shared-UZLOYCBH.js");
      await giveBack(held, LIMIT_MS);
    }
  } catch (error) {
    actionsLog.warning(`the drain of this job could not be ended: ${error.message}`);
  }
}

// src/action/steps.ts
function runStep(name) {
  return name === "main" ? mainStep() : postStep();
}

export {
  runStep
};
