import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);
import {
  DeployError,
  ExitCode,
  NUMBERS,
  __callDispose,
  __using,
  actionsLog,
  annotateError,
  announce,
  chartName,
  endOnCrash,
  enumerate,
  fieldsOf,
  formatDuration,
  group,
  hideSecretsIn,
  inertJson,
  isSuccess,
  markdown,
  newDeployId,
  oneLine,
  open,
  openServer,
  parseJson,
  protocolOf,
  readFailure,
  rememberEnd,
  rememberHold,
  setOutput,
  shellWord,
  summary,
  termsOf,
  together,
  trust,
  withinLimit,
  writeAnnouncement
} from "./shared-7BD6KO3S.js";

// src/deploy/health-check.ts
var ANSWER_WITHIN_MS = 3e4;
var LAST_ANSWER_WITHIN_MS = 1e3;
var MOST_BYTES = 1048576;
var SHOWN = 120;
var SHORTEST_KEY = 4;
async function checkHealth(check, webUrl, release, around) {
  const { log, time, signal } = around;
  const { timeoutMs, intervalMs } = check;
  const url = addressOf(check.url, webUrl);
  if (url === void 0) {
    throw new DeployError(
      "health-check-failed",
      `${release} is released, but its health can't be checked: health-check-url is a path, and the app has no URL of its own.`,
      "Give the whole address in health-check-url."
    );
  }
  const began = time.now();
  let told2 = "";
  for (let tries = 1; ; tries++) {
    const left = began + timeoutMs - time.now();
    const limitMs = Math.min(ANSWER_WITHIN_MS, Math.max(LAST_ANSWER_WITHIN_MS, left));
    const trouble = await ask(url, check, limitMs, around);
    signal.throwIfAborted();
    if (trouble === void 0) {
      log.info(`${shown(url)} answers well${tries > 1 ? `, at the ${ordinal(tries)} time of asking` : ""}`);
      return;
    }
    const rest = began + timeoutMs - time.now();
    if (rest <= 0) throw unhealthy(url, release, tries, timeoutMs, trouble);
    if (trouble !== told2) log.info(`${shown(url)} ${trouble}; asking every ${formatDuration(intervalMs)}`);
    told2 = trouble;
    await time.sleep(Math.min(intervalMs, rest), signal);
  }
}
function addressOf(url, webUrl) {
  if (!url.startsWith("/")) return url;
  return URL.canParse(url, webUrl) ? new URL(url, webUrl).href : void 0;
}
function shown(url) {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
async function ask(url, { statuses, body }, limitMs, { fetch, time, signal }) {
  try {
    return await withinLimit(limitMs, { time, signal }, async (limit) => {
      const headers = { "User-Agent": "heroku-deploy-gate", Accept: "*/*" };
      const answer = await fetch(url, { headers, redirect: "manual", signal: limit });
      const text = await beginningOf(answer);
      const says = quoted(text, url);
      const { status } = answer;
      if (!statuses.some(([first, last]) => status >= first && status <= last)) {
        return `answered ${status}${redirection(answer, url)}${says}`;
      }
      if (body === void 0 || text.includes(body)) return void 0;
      return `answered ${status}, without the text that health-check-body wants${says}`;
    });
  } catch (error) {
    signal.throwIfAborted();
    return `gave no answer (${reasonOf(error, limitMs)})`;
  }
}
function redirection({ headers }, url) {
  const to = headers.get("location");
  return to !== null && URL.canParse(to, url) ? `, a redirect to ${shown(new URL(to, url).href)}` : "";
}
function quoted(text, url) {
  const { search, searchParams } = new URL(url);
  const asked = [search.slice(1), ...searchParams.values()].filter((value) => value.length >= SHORTEST_KEY);
  const hidden = asked.reduce((rest, value) => rest.replaceAll(value, "***"), text);
  const beginning = oneLine(hidden, SHOWN);
  return beginning === "" ? "" : ` ("${beginning}")`;
}
async function beginningOf({ body }) {
  const pieces = [];
  let bytes = 0;
  for await (const piece of body ?? []) {
    pieces.push(piece);
    bytes += piece.byteLength;
    if (bytes >= MOST_BYTES) break;
  }
  return Buffer.concat(pieces).toString();
}
function reasonOf(error, limitMs) {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeLimitError") return `none within ${formatDuration(limitMs)}`;
  if (error.cause instanceof Error) return reasonOf(error.cause, limitMs);
  return error.message || ("code" in error ? String(error.code) : error.name);
}
function ordinal(number) {
  const last = number % 10;
  const teen = number % 100 >= 11 && number % 100 <= 13;
  return `${number}${teen ? "th" : last === 1 ? "st" : last === 2 ? "nd" : last === 3 ? "rd" : "th"}`;
}
function unhealthy(url, release, tries, timeoutMs, trouble) {
  return new DeployError(
    "health-check-failed",
    `${release} is released, but ${shown(url)} did not answer well within ${formatDuration(timeoutMs)} (asked ${tries === 1 ? "once" : `${tries} times`}): at last it ${trouble}.`,
    "See why in the log of the app (`heroku logs`). If it is only slow to boot, raise health-check-timeout."
  );
}

// src/deploy/prove.ts
async function prove(plan, around, story, signal, target, { quiet, release }) {
  const { heroku, group: group2 } = around;
  const { waitForDynosMs, waitForClockMs, healthCheck } = plan;
  const dynos = (linked) => story.span("new dynos", "heroku", () => heroku.dynosUp(release, waitForDynosMs, linked));
  const clock = (linked) => story.span("new clock", "gate", async () => {
    const seen = await quiet.successor(waitForClockMs, release, linked);
    if (seen.length === 0) return;
    const are = seen.length === 1 ? "is" : "are";
    story.log.info(`${seen.join(", ")} of the new release ${are} scheduling`);
  });
  const waits = [...waitForDynosMs > 0 ? [dynos] : [], ...waitForClockMs > 0 ? [clock] : []];
  if (waits.length > 0) await group2("New release", () => together(signal, waits));
  if (healthCheck === void 0) return;
  const needs = { ...around, log: story.log, signal };
  await group2(
    "Health check",
    () => story.span("health check", "heroku", () => checkHealth(healthCheck, target.webUrl, release, needs))
  );
}

// src/deploy/expected.ts
function expected(processes, formation, dynos = []) {
  if (formation === void 0) return { asked: processes, dynos: [], notes: [] };
  const notes = [];
  const present = [];
  const asked = processes.flatMap((process2) => {
    const { type, demanded } = process2;
    const quantity = formation.find((one) => one.type === type)?.quantity;
    if (quantity === void 0) {
      notes.push(
        `Heroku knows no process type ${type} of this app: it has ${enumerate(formation.map((one) => one.type)) || "none"}`
      );
      return [process2];
    }
    if (quantity === 0 && !demanded) {
      notes.push(`${type} is scaled to 0: there is nobody to drain`);
      return [];
    }
    const ofType = dynos.filter((dyno) => dyno.type === type);
    const running = ofType.filter(({ state }) => !STOPPED.has(state));
    const runs = new Set(running.map(({ name }) => name));
    const stopped = new Map(
      ofType.filter(({ name }) => !runs.has(name)).map(({ name, state }) => [name, state])
    );
    for (const [name, state] of stopped) {
      notes.push(`${name} is ${state}: nothing runs there that a deploy could end, so it is not waited for`);
    }
    present.push(...running);
    return [demanded ? process2 : { ...process2, atLeast: Math.max(quantity - stopped.size, runs.size) }];
  });
  return {
    asked,
    dynos: present.map(({ name, type, version }) => ({
      dyno: name,
      type,
      ...version > 0 && { release: `v${version}` }
    })),
    notes
  };
}
var STOPPED = /* @__PURE__ */ new Set(["crashed", "down", "idle"]);

// src/deploy/attended.ts
var CONVERSATION = 1;
var BEGINNING = '{"deploy-gate":';
function isEvent(line) {
  return line.startsWith(BEGINNING);
}
function readEvent(line) {
  const fields = fieldsOf(parseJson(line));
  const version = fields["deploy-gate"];
  if (typeof version !== "number") return void 0;
  if (version !== CONVERSATION) return { foreign: String(version) };
  const standing = readStanding(fields.standing);
  const told2 = readTold(fields);
  return told2 && { ...told2, ...standing && { standing } };
}
function readTold(fields) {
  const { event, dynos } = fields;
  switch (event) {
    case "started":
    case "asked":
    case "open":
    case "released":
    case "ended":
      return { event };
    case "successor":
      return { event, dynos: Array.isArray(dynos) ? dynos.filter((one) => typeof one === "string") : [] };
    case "participant": {
      const participant = readParticipant(fieldsOf(fields.participant));
      return participant && { event, participant };
    }
    case "failed": {
      const failure = readFailure(fields);
      return failure && { event, ...failure };
    }
    default:
      return void 0;
  }
}
function readParticipant(fields) {
  const { id, dyno, type, state, seenMs = 0 } = fields;
  if (typeof id !== "string" || typeof dyno !== "string" || typeof type !== "string") return void 0;
  if (typeof state !== "string" || !isCount(seenMs)) return void 0;
  const numbers = ["acceptedMs", "drainedMs", "resumedMs", "finished", "stored", "lost"].flatMap(
    (name) => isCount(fields[name]) ? [[name, fields[name]]] : []
  );
  const { note } = fields;
  return {
    ...{ id, dyno, type, state, seenMs },
    ...Object.fromEntries(numbers),
    ...typeof note === "string" && { note }
  };
}
function readStanding(value) {
  const { elapsedMs, quietMs } = fieldsOf(value);
  return isCount(elapsedMs) ? { elapsedMs, ...isCount(quietMs) && { quietMs } } : void 0;
}
function orderLine(order) {
  switch (order.word) {
    case "released":
      return `released ${order.release}`;
    case "successor":
      return `successor ${order.release} ${Math.ceil(order.waitMs)}`;
    default:
      return order.word;
  }
}
function isCount(value) {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

// src/deploy/quiet/dyno-trouble.ts
var INSTALL = "It comes with the npm package heroku-deploy-gate: make the app depend on it. An app on Python or Ruby needs Heroku's Node buildpack for that, in front of its own (heroku buildpacks:add --index 1 heroku/nodejs), and a package.json. The deploy that brings it in can't have it yet: deploy once with skip-drain: true. docs/out-of-reach.md has it all.";
function whyEnded(told2, { dyno, app, code, lastLines }) {
  const { failure } = told2;
  const hasBegun = told2.hasTold("started");
  if (failure !== void 0 && failure.outcome !== "cancelled") return failure;
  if (failure !== void 0)
    return new DeployError(
      "failed",
      `The drain in ${dyno} was stopped, but not by this deploy: ${failure.message}`,
      `Heroku may have ended the dyno: heroku logs --dyno ${dyno} --app ${app}. Run the deploy again.`
    );
  const quoted2 = lastLines.length === 0 ? "" : ` Its last line: ${lastLines.at(-1)}`;
  if (!hasBegun && code === 127)
    return new DeployError(
      "preflight-failed",
      `There is no deploy-gate command in ${app}'s slug, so ${dyno} could not drain. Nobody was asked.${quoted2}`,
      INSTALL
    );
  if (!hasBegun && lastLines.some((line) => UNKNOWN.test(line))) return tooOld(app);
  return new DeployError(
    "failed",
    `deploy-gate in ${dyno} ended with ${code} and did not say why.${quoted2}`,
    `heroku logs --dyno ${dyno} --app ${app} shows what Heroku knows of it. Whoever was asked to drain goes on within a minute.`
  );
}
var UNKNOWN = /^deploy-gate.*(Unknown option '--attended'|there is no command "drain")/;
function tooOld(app) {
  return new DeployError(
    "preflight-failed",
    `The deploy-gate in ${app}'s slug is too old for drain-from: dyno: it does not know --attended. Nobody was asked to drain.`,
    "Update the npm package heroku-deploy-gate in the app, and deploy that once with skip-drain: true."
  );
}
function otherConversation(app, version) {
  return new DeployError(
    "preflight-failed",
    `The deploy-gate in ${app}'s slug speaks version ${version} of the conversation with an attended drain, and this deploy version ${CONVERSATION}. Nobody was asked to drain.`,
    "Update the older one: the npm package heroku-deploy-gate in the app, or the Action in the workflow."
  );
}
function clockOutOfSight(dyno, release, why) {
  return new DeployError(
    "clock-not-seen",
    `${release} is released, but ${dyno}, which was to see its clock, is gone, so it is not known whether that runs. ${why}`.trim(),
    "Look at it now: heroku ps and heroku logs. heroku rollback goes back."
  );
}

// src/deploy/quiet/attended-drain.ts
var ANSWER_MS = 25e3;
var CANCELLED_ANSWER_MS = 3500;
var AttendedDrain = class {
  #session;
  #told;
  #around;
  /** why the dyno's command is over, once it is */
  #over;
  #why;
  #stage = "draining";
  /** @param whyEnded says why, of the exit code of a command that was to go on */
  constructor(session, told2, whyEnded2, around) {
    this.#session = session;
    this.#told = told2;
    this.#around = around;
    this.#over = session.ended.then(
      ({ code }) => whyEnded2(code),
      (error) => broken(error)
    );
    void this.#over.then((why) => this.#ended(why));
    if (around.signal.aborted) this.#cancel();
    else around.signal.addEventListener("abort", this.#cancel);
  }
  /** Waits until the gate is open. @throws DeployError, by what the dyno tells; the signal's reason when that aborts */
  async opened() {
    const { app, signal } = this.#around;
    const told2 = this.#told;
    const failure = await this.#unlessAborted([
      told2.event("open").then(() => void 0),
      this.#over,
      told2.foreign
    ]);
    signal.throwIfAborted();
    if (typeof failure === "string") throw otherConversation(app, failure);
    if (failure !== void 0) throw failure;
    this.#stage = "open";
  }
  /** The new release runs: the held stay quiet for their SIGTERM. Never rejects. */
  async released(release) {
    if (this.#why !== void 0) return;
    this.#stage = "released";
    this.#write({ word: "released", release });
    await this.#within(ANSWER_MS, [this.#told.event("released"), this.#over]);
    if (!this.#told.hasTold("released"))
      this.#around.log.warning(
        `${this.#session.dyno} has not said that the old processes stay quiet: they may go on before their SIGTERM`
      );
  }
  /** As `Quiet.successor`. */
  async successor(waitMs, release, signal) {
    const { dyno } = this.#session;
    if (this.#why !== void 0) throw clockOutOfSight(dyno, release, this.#why.message);
    this.#write({ word: "successor", release, waitMs });
    const seen = this.#told.event("successor");
    const answer = await this.#unlessAborted([seen, this.#over], signal);
    signal.throwIfAborted();
    this.#end();
    if (answer instanceof DeployError) {
      throw answer.outcome === "clock-not-seen" ? answer : clockOutOfSight(dyno, release, answer.message);
    }
    return answer?.dynos ?? [];
  }
  async [Symbol.asyncDispose]() {
    const { signal } = this.#around;
    signal.removeEventListener("abort", this.#cancel);
    this.#end();
    if (this.#why === void 0 && !this.#told.isForeign)
      await this.#within(signal.aborted ? CANCELLED_ANSWER_MS : ANSWER_MS, [this.#over]);
    await this.#session[Symbol.asyncDispose]();
  }
  /** Everybody goes on at once, whatever else has to be ended first. */
  #cancel = () => {
    this.#write({ word: "cancelled" });
  };
  /** Tells the dyno once that this is all. */
  #end() {
    const stage = this.#stage;
    if (stage === "over") return;
    this.#stage = "over";
    if (stage === "released") this.#write({ word: "end" });
    else if (!this.#around.signal.aborted) this.#write({ word: stage === "open" ? "aborted" : "cancelled" });
  }
  #write(order) {
    if (this.#why === void 0) this.#session.write(orderLine(order));
  }
  #ended(why) {
    this.#why = why;
    this.#told.broke();
    if (this.#stage !== "open" || this.#around.signal.aborted) return;
    const within = formatDuration(NUMBERS.pushLeaseMs);
    this.#around.log.warning(
      `${why.message} Whoever is held goes on within ${within}, while the deploy runs: what starts then may be killed`
    );
  }
  /** The first of `answers`; `undefined` when the signal aborts. */
  async #unlessAborted(answers, signal = this.#around.signal) {
    const aborted = Promise.withResolvers();
    const abort = () => aborted.resolve(void 0);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    const first = Promise.race([...answers, aborted.promise]);
    return await first.finally(() => signal.removeEventListener("abort", abort));
  }
  /** Resolves with the first of `answers`, or when the time is over. */
  async #within(ms, answers) {
    const done = new AbortController();
    const late = this.#around.time.sleep(ms, done.signal).catch(() => {
    });
    await Promise.race([...answers, late]);
    done.abort();
  }
};
function broken(error) {
  if (error instanceof DeployError) return error;
  return new DeployError("failed", String(error.message ?? error), "Run the deploy again.");
}

// src/deploy/quiet/dyno-command.ts
var OUTLIVES_SEC = 60;
var LONGEST_LIFE_SEC = 86400;
var MOST_EXPECTED = 20;
function drainCommand(plan, { id, asker, terms }, replaces) {
  const expected2 = terms.expected?.slice(0, MOST_EXPECTED);
  const announced = writeAnnouncement({
    ...{ id, asker },
    terms: { ...terms, ...expected2 && { expected: expected2 } }
  });
  const more = ["--attended", "--announced", announced, ...replaces ? ["--replaces", replaces] : []];
  return inDyno(plan, "drain", more);
}
function resumeCommand(plan) {
  return inDyno(plan, "resume", []);
}
function inDyno(plan, name, options) {
  const { configVar } = plan.redis;
  const { verify, pins } = trust(plan, true);
  const words = [
    ...[name, "--gate-name", plan.gateName],
    ...verify ? ["--verify-certificate"] : [],
    ...pins ? ["--certificate-fingerprint", pins.join()] : [],
    ...options
  ];
  const renamed = configVar === "REDIS_URL" ? "" : `export REDIS_URL="\${${configVar}-}"; `;
  return {
    command: `${renamed}exec deploy-gate ${words.map(shellWord).join(" ")}`,
    timeToLiveSec: Math.min(LONGEST_LIFE_SEC, Math.ceil(plan.deployTimeoutMs / 1e3) + OUTLIVES_SEC)
  };
}

// src/deploy/quiet/told-drain.ts
var ToldDrain = class {
  #time;
  #onAsked;
  #participants = /* @__PURE__ */ new Map();
  #told = /* @__PURE__ */ new Map();
  #waiting = /* @__PURE__ */ new Map();
  #standing = { elapsedMs: 0 };
  #standingAt;
  #goesOn = false;
  #foreign = Promise.withResolvers();
  #isForeign = false;
  /** @param onAsked called when the drain is in force */
  constructor(time, onAsked) {
    this.#time = time;
    this.#onAsked = onAsked;
    this.#standingAt = time.now();
  }
  get participants() {
    return [...this.#participants.values()];
  }
  get elapsedMs() {
    return this.#standing.elapsedMs + this.#sinceMs;
  }
  get quietMs() {
    const { quietMs } = this.#standing;
    return quietMs === void 0 ? void 0 : quietMs + this.#sinceMs;
  }
  /** The failure that it told of. */
  get failure() {
    const told2 = this.#told.get("failed");
    return told2?.event === "failed" ? new DeployError(told2.outcome, told2.message, told2.next) : void 0;
  }
  /** Resolves with the version of the conversation when it turns out to be another one than this. */
  get foreign() {
    return this.#foreign.promise;
  }
  get isForeign() {
    return this.#isForeign;
  }
  hasTold(name) {
    return this.#told.has(name);
  }
  /** Takes a line of the output. @returns whether it was an event: if not, it belongs to the log */
  take(line) {
    if (!isEvent(line)) return false;
    const event = readEvent(line);
    if (event === void 0) return true;
    if ("foreign" in event) {
      this.#isForeign = true;
      this.#foreign.resolve(event.foreign);
      return true;
    }
    if (event.event === "participant") this.#participants.set(event.participant.id, event.participant);
    else this.#goesOn = GOING_ON.includes(event.event);
    if (event.standing !== void 0) {
      this.#standing = event.standing;
      this.#standingAt = this.#time.now();
    }
    this.#told.set(event.event, event);
    if (event.event === "asked") this.#onAsked();
    this.#waiting.get(event.event)?.();
    return true;
  }
  /** The drain is not heard of any more. */
  broke() {
    this.#standing = { ...this.#standing, elapsedMs: this.elapsedMs };
    this.#goesOn = false;
  }
  /** Resolves when it has told this. One wait for each event. */
  async event(name) {
    if (!this.#told.has(name)) await new Promise((resolve) => this.#waiting.set(name, resolve));
    return this.#told.get(name);
  }
  get #sinceMs() {
    return this.#goesOn ? this.#time.now() - this.#standingAt : 0;
  }
};
var GOING_ON = ["asked", "open", "released"];

// src/deploy/quiet/by-dyno.ts
var MOST_LINES = 5;
async function quietByDyno(plan, around, story, signal, target, who) {
  var _stack = [];
  try {
    const { heroku, group: group2, time } = around;
    const { app } = plan;
    const { log } = story;
    const asker = { ...plan.asker, app, ...target.commit && { commit: target.commit } };
    const asked = { id: newDeployId(), asker, terms: termsOf(plan, who) };
    const command = drainCommand(plan, asked, target.currentRelease);
    const told2 = new ToldDrain(time, () => story.follow(told2));
    const lastLines = [];
    const onLine = (line) => {
      if (told2.take(line)) return;
      lastLines.push(line);
      lastLines.splice(0, lastLines.length - MOST_LINES);
      tell(log, line);
    };
    const scope = __using(_stack, new AsyncDisposableStack(), true);
    const session = await group2("One-off dyno", () => start(heroku, command, onLine, signal));
    const { dyno } = session;
    const why = (code) => whyEnded(told2, { dyno, app, code, lastLines });
    const drain = scope.use(new AttendedDrain(session, told2, why, { app, log, time, signal }));
    story.stage = "draining";
    await group2(`Drain in ${dyno}`, () => drain.opened());
    const kept = scope.move();
    return {
      deployed: "",
      // What the dyno has to say meanwhile it says by itself.
      during: (publish2) => publish2(),
      released: () => drain.released(story.rollback ?? story.release ?? ""),
      successor: (waitMs, release, over) => drain.successor(waitMs, release, over),
      [Symbol.asyncDispose]: () => kept.disposeAsync()
    };
  } catch (_) {
    var _error = _, _hasError = true;
  } finally {
    var _promise = __callDispose(_stack, _error, _hasError);
    _promise && await _promise;
  }
}
async function start(heroku, command, onLine, signal) {
  signal.throwIfAborted();
  const starting = new AbortController();
  const abort = () => starting.abort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await heroku.inDyno(command, onLine, starting.signal);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
function tell(log, line) {
  const [, warning, text] = /^deploy-gate: (warning: )?(.*)$/.exec(line) ?? [];
  if (text === void 0) log.info(line);
  else if (warning) log.warning(text);
  else log.info(text);
}

// src/deploy/watch.ts
var EVERY_MS = 15e3;
async function during(work, concerns, log, time) {
  const done = new AbortController();
  const told2 = /* @__PURE__ */ new Set();
  const look = async () => {
    for (const line of await concerns().catch(() => [])) {
      if (!told2.has(line)) log.warning(line);
      told2.add(line);
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
    const result = opened ? await during(
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
    const { heroku, group: group2, time } = around;
    const scope = __using(_stack, new AsyncDisposableStack(), true);
    const needs = { ...around, log: story.log, signal, configVar: heroku.configVar, asks: true };
    const server = scope.use(await group2("Redis", () => openServer(plan, needs)));
    const gate = { ...server.around, log: story.log };
    const asker = { ...plan.asker, app: plan.app, commit: target.commit };
    await protocolOf(plan, gate, who).inspect(asker);
    const id = newDeployId();
    around.remember({ id, fingerprint: server.fingerprint });
    const announcement = scope.use(await announce(gate, id, termsOf(plan, who), asker));
    story.log.info("the deploy is announced: its release phase drains, and the clock works until then");
    const kept = scope.move();
    let hold;
    return {
      deployed: "drained in its release phase",
      async during(publish2) {
        const follow = (one) => story.follow(one);
        const released = await duringReleasePhase(announcement, publish2, {
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
    var _promise = __callDispose(_stack, _error, _hasError);
    _promise && await _promise;
  }
}
var UNDRAINED = "The release phase did not drain: jobs that ran got SIGTERM, and SIGKILL 30 s later. Its command must begin with deploy-gate drain, such as release: deploy-gate drain --hold 10m && python manage.py migrate";

// src/deploy/quiet/by-runner.ts
async function quietByRunner(plan, around, story, signal, target, who) {
  var _stack = [];
  try {
    const { heroku, group: group2, time } = around;
    const scope = __using(_stack, new AsyncDisposableStack(), true);
    const server = scope.use(
      await group2(
        "Redis",
        () => openServer(plan, {
          ...around,
          log: story.log,
          signal,
          configVar: heroku.configVar,
          asks: plan.list === void 0
        })
      )
    );
    const asker = { ...plan.asker, app: plan.app, commit: target.commit };
    const protocol = protocolOf(plan, { ...server.around, log: story.log }, who);
    await protocol.inspect(asker);
    const id = newDeployId();
    around.remember({ id, fingerprint: server.fingerprint });
    story.stage = "draining";
    const hold = scope.use(await protocol.ask(id, asker, target.currentRelease ?? ""));
    story.follow(hold);
    const everybody = await group2("Drain: waiting for running jobs", () => hold.drained());
    await hold.commit(!everybody);
    const kept = scope.move();
    return {
      deployed: "",
      during: (publish2) => during(publish2, () => hold.concerns(), story.log, time),
      released: () => hold.release(),
      successor: (waitMs, release, over) => hold.successor(waitMs, release, over),
      [Symbol.asyncDispose]: () => kept.disposeAsync()
    };
  } catch (_) {
    var _error = _, _hasError = true;
  } finally {
    var _promise = __callDispose(_stack, _error, _hasError);
    _promise && await _promise;
  }
}

// src/deploy/quiet/out-of-sight.ts
function quietOutOfSight(plan, around, story, signal) {
  const { log } = story;
  const byHand = `heroku run --app ${plan.app} -- deploy-gate resume --gate-name ${plan.gateName}`;
  const command = resumeCommand(plan);
  let released = false;
  return {
    deployed: "with the drain of its release phase, out of sight of this step",
    during: (publish2) => publish2(),
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
            const session = __using(_stack, await around.heroku.inDyno(command, (line) => tell(log, line), signal), true);
            const { code } = await session.ended;
            if (code === 0) log.info("nobody is held any more by a release phase");
            else failed(`deploy-gate resume ended with ${code} in ${session.dyno}.`);
          } catch (_) {
            var _error = _, _hasError = true;
          } finally {
            var _promise = __callDispose(_stack, _error, _hasError);
            _promise && await _promise;
          }
        });
      } catch (error) {
        failed(error.message);
      }
    }
  };
}

// src/deploy/quiet/quiet.ts
function unasked(deployed) {
  return {
    deployed,
    during: (publish2) => publish2(),
    async released() {
    },
    successor: async () => [],
    async [Symbol.asyncDispose]() {
    }
  };
}

// src/deploy/quiet/quieten.ts
async function quieten(plan, around, story, signal, target) {
  if (plan.skipDrain) {
    story.log.warning(
      "skip-drain: true: deploying at once. Jobs that run now get SIGTERM, and SIGKILL 30 s later."
    );
    return unasked("deployed without a drain");
  }
  const who = expected(plan.processes, target.formation, target.dynos);
  for (const note of who.notes) story.log.info(note);
  if (!anybody(plan, who)) return unasked("deployed without a drain, since there was nobody to drain");
  const inReleasePhase = plan.drainAt === "release-phase";
  if (plan.drainFrom === "dyno" && inReleasePhase) return quietOutOfSight(plan, around, story, signal);
  const quiet = plan.drainFrom === "dyno" ? quietByDyno : inReleasePhase ? quietByReleasePhase : quietByRunner;
  return await quiet(plan, around, story, signal, target, who);
}
function anybody({ list }, { asked }) {
  return list === void 0 ? asked.length > 0 : asked.some(({ atLeast }) => atLeast > 0);
}

// src/deploy/rehearse.ts
async function rehearse(plan, around, story, signal, target) {
  const who = expected(plan.processes, target.formation, target.dynos);
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
    const needs = { ...around, log: story.log, signal, configVar: around.heroku.configVar, asks: false };
    const server = __using(_stack, await around.group("Redis", () => openServer(plan, needs)), true);
    const protocol = protocolOf(plan, { ...server.around, log: story.log }, who);
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
        `${dyno} is up${release ? ` on ${release}` : ""} but has not joined the gate: a deploy would wait ${formatDuration(plan.acknowledgeTimeoutMs)} for it, and then ${plan.onMissingClock === "deploy" ? "go on without it" : "fail with missing-clock"}`
      );
    }
    return who.asked.flatMap(
      ({ type, atLeast }) => rows.filter((row) => row.type === type).length < atLeast ? type : []
    );
  } catch (_) {
    var _error = _, _hasError = true;
  } finally {
    var _promise = __callDispose(_stack, _error, _hasError);
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
  const drain = plan.skipDrain || types === "" ? "without a drain" : plan.drainAt === "release-phase" ? `have ${types} drain in the release phase` : `have ${types} drain, for ${formatDuration(plan.drainTimeoutMs)} at most`;
  const deed = {
    "git-push": `push ${story.named}`,
    promote: `promote ${story.named}`,
    slug: `release ${story.named}`,
    command: "run the deploy command"
  }[story.deed];
  return plan.drainAt === "release-phase" || drain === "without a drain" ? `A deploy would ${deed}${drain === "without a drain" ? " without a drain" : ` and ${drain}`}.` : `A deploy would ${drain}, and then ${deed}.`;
}

// src/deploy/hold-report.ts
function reportHolds(holds) {
  const all = holds.flatMap((hold) => hold.participants);
  const participants2 = all.map(describe);
  const drained = all.flatMap(({ drainedMs }) => drainedMs ?? []);
  const quiet = holds.flatMap((hold) => hold.quietMs ?? []);
  const [jobsFinished, jobsStored] = [sum(participants2, "finished"), sum(participants2, "stored")];
  return {
    participants: participants2,
    ...drained.length > 0 && { drainSeconds: seconds(drained.reduce((most, one) => Math.max(most, one))) },
    ...quiet.length > 0 && { quietSeconds: seconds(quiet.reduce((total, one) => total + one)) },
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
var MOST_NAMED = 5;
var Story = class {
  log;
  stage = "preflight";
  /** how the release is made */
  deed;
  commit;
  url;
  release;
  /** the release by which it was taken back */
  rollback;
  /** the release to which the app is being taken back, `v42` */
  goingBackTo;
  #plan;
  #time;
  #startedAt;
  #warnings = [];
  #spans = [];
  /** a second one is of the new release's participants, when it is taken back */
  #holds = [];
  constructor(plan, time, log) {
    this.#plan = plan;
    this.deed = plan.strategy.kind;
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
  /** It is known what is deployed, and over what. */
  begins({ what, commit, webUrl, currentRelease }) {
    const { app } = this.#plan;
    this.log.info(`${app} ${currentRelease ? `runs ${currentRelease}` : "runs no release yet"}; ${what}`);
    this.commit = commit || void 0;
    this.url = webUrl || void 0;
  }
  /** What is deployed, in the middle of a sentence. */
  get named() {
    return this.commit === void 0 ? "what was asked for" : this.commit.slice(0, 8);
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
    this.#holds.push({ hold, fromMs: this.#elapsedMs() - hold.elapsedMs });
  }
  /** The report of a deploy that went as hoped. */
  ended(outcome, message) {
    return this.#report(outcome, message, "");
  }
  /** The report of a deploy that ended with `error`. */
  failed(error) {
    const first = this.#remedies.map((remedy) => `${remedy} `).join("");
    if (error instanceof DeployError)
      return this.#report(
        error.outcome,
        `${error.message}${this.#aftermath(error) || this.#backAtWork}`,
        `${first}${error.next}`
      );
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
    if (this.rollback !== void 0) {
      return ` ${this.release} is released and did not work. It was taken back by ${this.rollback}; whether that works was not waited for.`;
    }
    if (this.goingBackTo !== void 0) {
      return ` ${this.release} is released and does not work. Going back to ${this.goingBackTo} was ended here: \`heroku releases --app ${this.#plan.app}\` tells how far it came, and \`heroku rollback ${this.goingBackTo} --app ${this.#plan.app}\` goes back by hand.`;
    }
    const goesOn = this.#remedies.length === 0;
    const clock = goesOn ? "goes on" : "may stay stopped";
    switch (this.stage) {
      case "preflight":
        return " Nobody was asked to drain, and nothing was pushed.";
      case "draining":
        return ` Nothing was pushed, and the clock ${clock}.`;
      case "pushing":
        return ` ${DEEDS[this.deed]} was ended here, but Heroku may still ${this.deed === "git-push" ? "build and release it" : "go on with it"}: heroku releases --app ${this.#plan.app} tells. The old clock ${clock} until then${goesOn ? ", and would get SIGTERM without a drain" : ""}.`;
      case "verifying":
        return ` ${DEEDS[this.deed]} went through; its release was not verified: heroku releases --app ${this.#plan.app} tells. The old clock ${clock} until it is replaced.`;
      case "released":
        return ` ${this.release} is released; whether it works was not waited for.`;
    }
  }
  /** Who went back to work after a release that came to nothing, as a sentence. What fails before that says so itself. */
  get #backAtWork() {
    if (this.stage !== "pushing" && this.stage !== "verifying") return "";
    const participants2 = this.#holds.flatMap(({ hold }) => hold.participants);
    const back = participants2.flatMap(({ dyno, resumedMs }) => resumedMs === void 0 ? [] : dyno);
    return back.length === 0 ? "" : ` ${enumerate(back, MOST_NAMED)} ${back.length === 1 ? "is" : "are"} back at work.`;
  }
  /** what a person must do for participants that stay stopped */
  get #remedies() {
    return this.#holds.flatMap(({ hold }) => hold.remedy ?? []);
  }
  #report(outcome, message, next) {
    return {
      outcome,
      message,
      next,
      app: this.#plan.app,
      ...reportHolds(this.#holds.map(({ hold }) => hold)),
      ...this.release !== void 0 && { release: this.release },
      ...this.rollback !== void 0 && { rollback: this.rollback },
      ...this.commit !== void 0 && { commit: this.commit },
      ...this.url !== void 0 && { url: this.url },
      warnings: this.#warnings,
      spans: [...this.#spans, ...this.#holds.flatMap((one) => this.#participantSpans(one))].sort(
        (a, b) => a.fromMs - b.fromMs
      )
    };
  }
  #participantSpans({ hold, fromMs: began }) {
    const bar = (name, fromMs, toMs, failed) => ({
      name,
      section: "gate",
      fromMs: fromMs + began,
      toMs: toMs + began,
      failed
    });
    return hold.participants.flatMap((one) => {
      const end = one.resumedMs ?? hold.elapsedMs;
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
var DEEDS = {
  "git-push": "The push",
  promote: "The promotion",
  slug: "The release of the slug",
  command: "The deploy command"
};
var STAGES = {
  preflight: "checking",
  draining: "draining",
  pushing: "pushing",
  verifying: "verifying the release",
  released: "waiting for the new release"
};

// src/deploy/take-back.ts
var REASONS = ["dynos-not-up", "clock-not-seen", "health-check-failed"];
async function takeBack(plan, around, story, signal, target, failure) {
  if (!(failure instanceof DeployError) || !REASONS.includes(failure.outcome) || signal.aborted)
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
    if (error instanceof DeployError && error.outcome === "busy")
      return told(failure, `It was not taken back: ${error.message}`, `${error.next} ${next}`);
    const message = error instanceof Error ? error.message : String(error);
    const what = error instanceof DeployError ? `${error.next} ${next}` : next;
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
    const quiet = __using(_stack, await restOf(plan, around, story, signal, target), true);
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
    var _promise = __callDispose(_stack, _error, _hasError);
    _promise && await _promise;
  }
}
async function restOf(plan, around, story, signal, { formation, dynos, currentRelease: _, ...target }) {
  if (plan.skipDrain || plan.drainAt === "release-phase") return unasked("");
  const before = expected(plan.processes, formation, dynos).asked;
  if (before.length === 0) return unasked("");
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
    return await quieten(lenient, around, story, signal, replaced);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof DeployError && error.outcome === "busy") throw error;
    story.log.warning(`${error.message} Going back without a drain`);
    return unasked("");
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
  return new DeployError(outcome, `${failure.message} ${aftermath}`.trimEnd(), next.trimEnd(), {
    cause: failure
  });
}

// src/deploy/deploy.ts
async function deploy(plan, around) {
  const story = new Story(plan, around.time, around.log);
  around.heroku.tellTo(story.log);
  const timeout = new AbortController();
  const timer = new AbortController();
  const signal = AbortSignal.any([around.cancel, timeout.signal]);
  around.time.sleep(plan.deployTimeoutMs, timer.signal).then(
    () => timeout.abort(outOfTime(plan)),
    () => {
    }
  );
  try {
    return await tell2(plan, around, story, signal);
  } catch (error) {
    return story.failed(signal.aborted ? signal.reason : error);
  } finally {
    timer.abort();
  }
}
async function tell2(plan, around, story, signal) {
  var _stack = [];
  try {
    const target = await around.group(
      "Preflight: nobody is asked for anything yet",
      () => story.span("preflight", "heroku", () => around.heroku.preflight())
    );
    signal.throwIfAborted();
    story.begins(target);
    if (target.upToDate && plan.strategy.kind === "git-push") story.deed = "slug";
    if (plan.dryRun) return await rehearse(plan, around, story, signal, target);
    if (target.upToDate && plan.upToDate !== "rerelease") return nothingToDo(plan, story, target);
    const quiet = __using(_stack, await quieten(plan, around, story, signal, target), true);
    const release = await quiet.during(() => publish(plan, around, story, signal, target));
    if (release === void 0) return nothingReleased(plan, story);
    await quiet.released();
    story.stage = "released";
    try {
      await prove(plan, around, story, signal, target, { quiet, release });
    } catch (failure) {
      throw await takeBack(plan, around, story, signal, target, failure);
    }
    const what = story.commit === void 0 ? release : `${story.named} as ${release}`;
    return story.ended(
      "deployed",
      `${[`${plan.app} runs ${what}`, quiet.deployed].filter(Boolean).join(", ")}.`
    );
  } catch (_) {
    var _error = _, _hasError = true;
  } finally {
    var _promise = __callDispose(_stack, _error, _hasError);
    _promise && await _promise;
  }
}
async function publish(plan, { group: group2 }, story, signal, target) {
  story.stage = "pushing";
  const [heading, bar] = DEEDS2[story.deed];
  await group2(`${heading} ${plan.app}`, () => story.span(bar, "heroku", () => target.publish(signal)));
  story.stage = "verifying";
  const release = await group2("Release", () => story.span("release", "heroku", () => target.verify(signal)));
  story.release = release;
  return release;
}
var DEEDS2 = {
  "git-push": ["Push to", "push and build"],
  promote: ["Promotion to", "promotion"],
  slug: ["Release of a slug of", "release of a slug"],
  command: ["Deploy command for", "deploy command"]
};
function nothingToDo(plan, story, { currentRelease }) {
  if (plan.upToDate === "fail") {
    throw new DeployError(
      "nothing-to-deploy",
      `${plan.app} already runs ${story.named}. Nobody was asked to drain, and nothing was pushed.`,
      "up-to-date: fail says that this is an error. Deploy another commit, or say up-to-date: rerelease to release the same once more."
    );
  }
  story.release = currentRelease;
  return story.ended(
    "up-to-date",
    `${plan.app} already runs ${story.named}: nobody was asked to drain, nothing was pushed.`
  );
}
function nothingReleased(plan, story) {
  return story.ended(
    "up-to-date",
    `The deploy command ended well and made no release of ${plan.app}: what ran before runs on, and the clock goes back to work.`
  );
}
function outOfTime({ deployTimeoutMs }) {
  return new DeployError(
    "deploy-timeout",
    `The deploy was not done within ${formatDuration(deployTimeoutMs)}.`,
    "Look at what took so long in this log. If it is right to take so long, raise deploy-timeout."
  );
}

// src/action/participants-json.ts
var QUOTING = "'`$‘-‛";
var write = (value) => inertJson(value, QUOTING);
var MOST_BYTES2 = 1e5;
function participantsJson(all) {
  const whole = write(all);
  if (Buffer.byteLength(whole) <= MOST_BYTES2) return whole;
  const bare = all.map(({ note: _, ...rest }) => rest);
  const undrained = bare.filter(({ drainedSeconds }) => drainedSeconds === void 0);
  const kept = /* @__PURE__ */ new Set();
  let bytes = 2;
  for (const one of /* @__PURE__ */ new Set([...undrained, ...bare])) {
    bytes += Buffer.byteLength(write(one)) + 1;
    if (bytes > MOST_BYTES2) break;
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
  const shown2 = mostTelling(spans);
  const endMs = Math.max(...shown2.map(({ toMs }) => toMs));
  const lines = ["gantt", "  dateFormat x", `  axisFormat ${endMs < HOUR_MS ? "%M:%S" : "%H:%M:%S"}`];
  for (const [section, title] of [
    ["gate", "Gate"],
    ["heroku", "Heroku"]
  ]) {
    const bars = shown2.filter((span) => span.section === section);
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
  const shown2 = rows.filter(([, value]) => value);
  if (shown2.length === 0) return [];
  return [["| | |", "|---|---|", ...shown2.map(([name, value]) => `| ${name} | ${value} |`)].join("\n")];
}
function link(url) {
  return `<${encodeURI(url).replaceAll("%25", "%")}>`;
}
function participants(all) {
  if (all.length === 0) return [];
  const undone = (one) => one.drainedSeconds === void 0 ? 0 : 1;
  const shown2 = [...all].sort((a, b) => undone(a) - undone(b)).slice(0, MOST_PARTICIPANTS);
  const rows = shown2.map((one) => {
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
  const left = all.length - shown2.length;
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
  const told2 = await deploy(plan, { ...around, group, cancel: cancel.signal, remember: rememberHold });
  await report(told2);
  if (isSuccess(told2.outcome)) rememberEnd();
} catch (error) {
  const { outcome, message, next } = asDeployError(error);
  const nothing = { app: "", participants: [], jobsFinished: 0, jobsStored: 0, warnings: [], spans: [] };
  await report({ ...nothing, outcome, message, next });
}
async function report(told2) {
  const report2 = hideSecretsIn(told2);
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
