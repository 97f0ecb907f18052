import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);
import {
  DeployError,
  ExitCode,
  SUCCESSES,
  __callDispose,
  __using,
  actionsLog,
  annotateError,
  chartName,
  endOnCrash,
  formatDuration,
  group,
  hideSecretsIn,
  markdown,
  newDeployId,
  open,
  openServer,
  protocolOf,
  rememberEnd,
  rememberHold,
  setOutput,
  summary
} from "./shared-YW4BLYW6.js";

// src/deploy/hold-report.ts
function reportHold(hold) {
  const participants2 = (hold?.participants ?? []).map(describe);
  const drained = hold?.participants.flatMap(({ drainedMs }) => drainedMs ?? []) ?? [];
  const quietMs = hold?.quietMs;
  const [jobsFinished, jobsStored] = [sum(participants2, "finished"), sum(participants2, "stored")];
  return {
    participants: participants2,
    ...drained.length > 0 && { drainSeconds: seconds(drained.reduce((most, one) => Math.max(most, one))) },
    ...quietMs !== void 0 && { quietSeconds: seconds(quietMs) },
    ...jobsFinished !== void 0 && { jobsFinished },
    ...jobsStored !== void 0 && { jobsStored }
  };
}
function describe(one) {
  const { id, dyno, type, state, finished, stored, lost, note, acceptedMs, drainedMs, seenMs } = one;
  return {
    id,
    dyno,
    type,
    state,
    ...finished !== void 0 && { finished },
    ...stored !== void 0 && { stored },
    ...lost !== void 0 && { lost },
    ...acceptedMs !== void 0 && { acceptedSeconds: seconds(acceptedMs - seenMs) },
    ...drainedMs !== void 0 && { drainedSeconds: seconds(drainedMs - seenMs) },
    ...note !== void 0 && { note }
  };
}
function sum(participants2, field) {
  const known = participants2.flatMap((one) => one[field] ?? []);
  if (participants2.length > 0 && known.length === 0) return void 0;
  return known.reduce((total, count) => total + count, 0);
}
function seconds(ms) {
  return Math.round(ms / 100) / 10;
}

// src/deploy/story.ts
var Story = class {
  log;
  stage = "preflight";
  commit;
  url;
  release;
  #plan;
  #time;
  #startedAt;
  #warnings = [];
  #spans = [];
  #hold;
  #holdFromMs = 0;
  constructor(plan, time, log) {
    this.#plan = plan;
    this.#time = time;
    this.#startedAt = time.now();
    this.log = {
      info: (line) => log.info(line),
      warning: (line) => {
        this.#warnings.push(line);
        log.warning(line);
      }
    };
  }
  /** Does `work` as one bar of the chart. */
  async span(name, section, work) {
    const fromMs = this.#elapsedMs();
    let failed = true;
    try {
      const result = await work();
      failed = false;
      return result;
    } finally {
      this.#spans.push({ name, section, fromMs, toMs: this.#elapsedMs(), failed });
    }
  }
  /** The participants of `hold` belong to this story from now on. */
  follow(hold) {
    this.#hold = hold;
    this.#holdFromMs = this.#elapsedMs() - hold.elapsedMs;
  }
  /** The report of a deploy that went as hoped. */
  ended(outcome, message) {
    return this.#report(outcome, message, "");
  }
  /** The report of a deploy that ended with `error`. */
  failed(error) {
    const first = this.#hold?.remedy ? `${this.#hold.remedy} ` : "";
    if (error instanceof DeployError)
      return this.#report(error.outcome, `${error.message}${this.#aftermath(error)}`, `${first}${error.next}`);
    const message = error instanceof Error ? error.message : String(error);
    return this.#report(
      "failed",
      `Something unexpected went wrong while ${STAGES[this.stage]}: ${message}${this.#aftermath()}`,
      `${first}Please report it with the log of this run: it is a fault of this action, or a situation that it does not know.`
    );
  }
  /** What a stop from outside leaves behind, which the error itself can't know. */
  #aftermath(error) {
    if (error && error.outcome !== "cancelled" && error.outcome !== "deploy-timeout") return "";
    const goesOn = this.#hold?.remedy === void 0;
    const clock = goesOn ? "goes on" : "may stay stopped";
    switch (this.stage) {
      case "preflight":
        return " Nobody was asked to drain, and nothing was pushed.";
      case "draining":
        return ` Nothing was pushed, and the clock ${clock}.`;
      case "pushing":
        return ` The push was ended here, but Heroku may still build and release it: heroku releases --app ${this.#plan.app} tells. The old clock ${clock} until then${goesOn ? ", and would get SIGTERM without a drain" : ""}.`;
      case "verifying":
        return ` The push went through; its release was not verified: heroku releases --app ${this.#plan.app} tells. The old clock ${clock} until it is replaced.`;
      case "released":
        return ` ${this.release} is released; the new clock was not waited for.`;
    }
  }
  #report(outcome, message, next) {
    return {
      outcome,
      message,
      next,
      app: this.#plan.app,
      ...reportHold(this.#hold),
      ...this.release !== void 0 && { release: this.release },
      ...this.commit !== void 0 && { commit: this.commit },
      ...this.url !== void 0 && { url: this.url },
      warnings: this.#warnings,
      spans: [...this.#spans, ...this.#participantSpans()].sort((a, b) => a.fromMs - b.fromMs)
    };
  }
  #participantSpans() {
    const bar = (name, fromMs, toMs, failed) => ({
      name,
      section: "gate",
      fromMs: fromMs + this.#holdFromMs,
      toMs: toMs + this.#holdFromMs,
      failed
    });
    return (this.#hold?.participants ?? []).flatMap((one) => {
      const end = one.resumedMs ?? this.#hold?.elapsedMs ?? 0;
      const accepted = one.acceptedMs;
      const asked = bar(`${one.dyno} asked`, one.seenMs, accepted ?? end, accepted === void 0);
      if (accepted === void 0) return [asked];
      return [asked, bar(`${one.dyno} draining`, accepted, one.drainedMs ?? end, one.drainedMs === void 0)];
    });
  }
  #elapsedMs() {
    return this.#time.now() - this.#startedAt;
  }
};
var STAGES = {
  preflight: "checking",
  draining: "draining",
  pushing: "pushing",
  verifying: "verifying the release",
  released: "waiting for the new clock"
};

// src/deploy/watch.ts
var EVERY_MS = 15e3;
async function during(work, concerns, log, time) {
  const done = new AbortController();
  const told = /* @__PURE__ */ new Set();
  const look = async () => {
    for (const line of await concerns().catch(() => [])) {
      if (!told.has(line)) log.warning(line);
      told.add(line);
    }
  };
  const watch = async () => {
    for (; ; ) {
      await time.sleep(EVERY_MS, done.signal);
      await look();
    }
  };
  const watching = watch().catch(() => {
  });
  try {
    const result = await work();
    done.abort();
    await watching;
    await look();
    return result;
  } finally {
    done.abort();
    await watching;
  }
}

// src/deploy/deploy.ts
async function deploy(plan, around) {
  const story = new Story(plan, around.time, around.log);
  const timeout = new AbortController();
  const timer = new AbortController();
  const signal = AbortSignal.any([around.cancel, timeout.signal]);
  around.time.sleep(plan.deployTimeoutMs, timer.signal).then(
    () => timeout.abort(outOfTime(plan)),
    () => {
    }
  );
  try {
    return await tell(plan, around, story, signal);
  } catch (error) {
    return story.failed(signal.aborted ? signal.reason : error);
  } finally {
    timer.abort();
  }
}
async function tell(plan, around, story, signal) {
  var _stack = [];
  try {
    const { heroku, group: group2 } = around;
    const target = await group2(
      "Preflight: nobody is asked for anything yet",
      () => story.span("preflight", "heroku", () => heroku.preflight())
    );
    signal.throwIfAborted();
    const running = target.currentRelease ? `runs ${target.currentRelease}` : "runs no release yet";
    story.log.info(`${plan.app} ${running}; ${plan.ref} is ${target.commit.slice(0, 8)}`);
    story.commit = target.commit;
    story.url = target.webUrl;
    if (target.upToDate) {
      if (target.currentRelease !== void 0) story.release = target.currentRelease;
      return story.ended(
        "up-to-date",
        `${plan.app} already runs ${target.commit.slice(0, 8)}: nobody was asked to drain, nothing was pushed.`
      );
    }
    if (plan.skipDrain) {
      story.log.warning(
        "skip-drain: true: pushing at once. Jobs that run now get SIGTERM, and SIGKILL 30 s later."
      );
      await publish(plan, around, story, signal, target);
      return story.ended(
        "deployed",
        `${plan.app} runs ${target.commit.slice(0, 8)} as ${story.release}, deployed without a drain.`
      );
    }
    const server = __using(_stack, await group2(
      "Redis",
      () => openServer(plan, {
        ...around,
        log: story.log,
        signal,
        configVar: heroku.configVar,
        asks: plan.list === void 0
      })
    ), true);
    const asker = askerOf(plan, target.commit);
    const protocol = protocolOf(plan, { ...server.around, log: story.log });
    await protocol.inspect(asker);
    const id = newDeployId();
    around.remember({ id, fingerprint: server.fingerprint });
    story.stage = "draining";
    const hold = __using(_stack, await protocol.ask(id, asker, target.currentRelease ?? ""), true);
    story.follow(hold);
    const everybody = await group2("Drain: waiting for running jobs", () => hold.drained());
    await hold.commit(!everybody);
    await during(
      () => publish(plan, around, story, signal, target),
      () => hold.concerns(),
      story.log,
      around.time
    );
    await hold.release();
    story.stage = "released";
    if (plan.waitForClockMs > 0) {
      await group2(
        "New clock",
        () => story.span("new clock", "gate", async () => {
          const seen = await hold.successor(plan.waitForClockMs, story.release ?? "");
          if (seen.length > 0)
            story.log.info(
              `${seen.join(", ")} of the new release ${seen.length === 1 ? "is" : "are"} scheduling`
            );
        })
      );
    }
    return story.ended("deployed", `${plan.app} runs ${target.commit.slice(0, 8)} as ${story.release}.`);
  } catch (_) {
    var _error = _, _hasError = true;
  } finally {
    var _promise = __callDispose(_stack, _error, _hasError);
    _promise && await _promise;
  }
}
async function publish(plan, { heroku, group: group2 }, story, signal, target) {
  story.stage = "pushing";
  await group2(
    `Push ${target.commit.slice(0, 8)} to ${plan.app}`,
    () => story.span("push and build", "heroku", () => heroku.push(target, signal))
  );
  story.stage = "verifying";
  story.release = await group2(
    "Release",
    () => story.span("release", "heroku", () => heroku.verify(target, signal))
  );
}
function askerOf({ asker, app }, commit) {
  return { ...asker, app, commit };
}
function outOfTime({ deployTimeoutMs }) {
  return new DeployError(
    "deploy-timeout",
    `The deploy was not done within ${formatDuration(deployTimeoutMs)}.`,
    "Look at what took so long in this log. If it is right to take so long, raise deploy-timeout."
  );
}

// src/json.ts
var OBEYED = "\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Default_Ignorable_Code_Point}";
function inertJson(value, also = "") {
  return JSON.stringify(value).replace(
    new RegExp(`[${OBEYED}${also}]`, "gu"),
    (character) => [...Array(character.length).keys()].map((at) => escaped(character.charCodeAt(at))).join("")
  );
}
function escaped(unit) {
  return `\\u${unit.toString(16).padStart(4, "0")}`;
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
  const seconds3 = ((toMs - fromMs) / 1e3).toFixed(1);
  return `${seconds3} s ${chartName(name)} :${style}${Math.round(fromMs)}, ${Math.round(Math.max(toMs, fromMs + leastMs))}`;
}

// src/action/summary.ts
var MOST_PARTICIPANTS = 100;
var MOST_WARNINGS = 30;
function renderSummary(report2) {
  const { outcome, app, message, next, warnings, spans } = report2;
  const chart = renderGantt(spans);
  return [
    `## ${mark(report2)} ${HEADINGS[outcome]}${app ? `: ${markdown(app)}` : ""}`,
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
  "preflight-failed": "Not deployed, a check failed beforehand",
  busy: "Not deployed, another deploy is at work",
  "missing-clock": "Not deployed, no clock took part",
  "not-acknowledged": "Not deployed, the drain request was not accepted",
  refused: "Not deployed, the clock refused to drain",
  "drain-timeout": "Not deployed, not drained in time",
  "lease-lost": "Not deployed, the drain was lost",
  "push-failed": "Not deployed, the push failed",
  "build-failed": "Not deployed, the build failed",
  "release-failed": "Pushed, but the release failed",
  "deploy-timeout": "Out of time",
  "clock-not-seen": "Released, but the new clock was not seen",
  cancelled: "Cancelled",
  failed: "Failed"
};
function mark({ outcome, warnings }) {
  if (outcome === "cancelled") return "⏹️";
  if (!SUCCESSES.includes(outcome)) return "❌";
  return warnings.length > 0 ? "⚠️" : "✅";
}
function facts({ commit, release, url, drainSeconds, quietSeconds, ...report2 }) {
  const jobs = (number) => report2.participants.length > 0 && number !== void 0 ? String(number) : void 0;
  const rows = [
    ["Commit", commit && `<code>${markdown(commit.slice(0, 12))}</code>`],
    ["Release", release && markdown(release)],
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
      seconds2(one.acceptedSeconds),
      seconds2(one.drainedSeconds),
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
function seconds2(value) {
  return value === void 0 ? "–" : `${value} s`;
}

// src/action/main.ts
endOnCrash(() => setOutput("outcome", "failed"));
var cancel = new AbortController();
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
  writePessimisticOutputs(setOutput);
  const { plan, ...around } = open(cancel.signal);
  const told = await deploy(plan, { ...around, group, cancel: cancel.signal, remember: rememberHold });
  await report(told);
  if (SUCCESSES.includes(told.outcome)) rememberEnd();
} catch (error) {
  const { outcome, message, next } = asDeployError(error);
  const nothing = { app: "", participants: [], jobsFinished: 0, jobsStored: 0, warnings: [], spans: [] };
  await report({ ...nothing, outcome, message, next });
}
async function report(told) {
  const report2 = hideSecretsIn(told);
  writeOutputs(report2, setOutput);
  const { outcome, message, next } = report2;
  if (SUCCESSES.includes(outcome)) actionsLog.info(message);
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
