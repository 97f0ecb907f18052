var chunkLSQCWHDC = require('./chunk3.js');
var chunkR2YOQZTL = require('./chunk.js');
var workKUCZW4BZ = require('./work.js');
var main = require('./main.js');

// src/deploy/attended.ts
var CONVERSATION = 1;
var BEGINNING = '{"deploy-gate":';
function isEvent(line) {
  return line.startsWith(BEGINNING);
}
function readEvent(line) {
  const fields = main.fieldsOf(main.parseJson(line));
  const version = fields["deploy-gate"];
  if (typeof version !== "number") return void 0;
  if (version !== CONVERSATION) return { foreign: String(version) };
  const standing = readStanding(fields.standing);
  const told = readTold(fields);
  return told && { ...told, ...standing && { standing } };
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
      const participant = readParticipant(main.fieldsOf(fields.participant));
      return participant && { event, participant };
    }
    case "failed": {
      const failure = workKUCZW4BZ.readFailure(fields);
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
  const { elapsedMs, quietMs } = main.fieldsOf(value);
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
function whyEnded(told, { dyno, app, code, lastLines }) {
  const { failure } = told;
  const hasBegun = told.hasTold("started");
  if (failure !== void 0 && failure.outcome !== "cancelled") return failure;
  if (failure !== void 0)
    return new main.DeployError(
      "failed",
      `The drain in ${dyno} was stopped, but not by this deploy: ${failure.message}`,
      `Heroku may have ended the dyno: heroku logs --dyno ${dyno} --app ${app}. Run the deploy again.`
    );
  const quoted = lastLines.length === 0 ? "" : ` Its last line: ${lastLines.at(-1)}`;
  if (!hasBegun && code === 127)
    return new main.DeployError(
      "preflight-failed",
      `There is no deploy-gate command in ${app}'s slug, so ${dyno} could not drain. Nobody was asked.${quoted}`,
      INSTALL
    );
  if (!hasBegun && lastLines.some((line) => UNKNOWN.test(line))) return tooOld(app);
  return new main.DeployError(
    "failed",
    `deploy-gate in ${dyno} ended with ${code} and did not say why.${quoted}`,
    `heroku logs --dyno ${dyno} --app ${app} shows what Heroku knows of it. Whoever was asked to drain goes on within a minute.`
  );
}
var UNKNOWN = /^deploy-gate.*(Unknown option '--attended'|there is no command "drain")/;
function tooOld(app) {
  return new main.DeployError(
    "preflight-failed",
    `The deploy-gate in ${app}'s slug is too old for drain-from: dyno: it does not know --attended. Nobody was asked to drain.`,
    "Update the npm package heroku-deploy-gate in the app, and deploy that once with skip-drain: true."
  );
}
function otherConversation(app, version) {
  return new main.DeployError(
    "preflight-failed",
    `The deploy-gate in ${app}'s slug speaks version ${version} of the conversation with an attended drain, and this deploy version ${CONVERSATION}. Nobody was asked to drain.`,
    "Update the older one: the npm package heroku-deploy-gate in the app, or the Action in the workflow."
  );
}
function clockOutOfSight(dyno, release, why) {
  return new main.DeployError(
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
  constructor(session, told, whyEnded2, around) {
    this.#session = session;
    this.#told = told;
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
    const told = this.#told;
    const failure = await this.#unlessAborted([
      told.event("open").then(() => void 0),
      this.#over,
      told.foreign
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
    if (answer instanceof main.DeployError) {
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
    const within = main.formatDuration(chunkR2YOQZTL.NUMBERS.pushLeaseMs);
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
  if (error instanceof main.DeployError) return error;
  return new main.DeployError("failed", String(error.message ?? error), "Run the deploy again.");
}

// src/deploy/quiet/dyno-command.ts
var OUTLIVES_SEC = 60;
var LONGEST_LIFE_SEC = 86400;
var MOST_EXPECTED = 20;
function drainCommand(plan, { id, asker, terms }, replaces) {
  const expected = terms.expected?.slice(0, MOST_EXPECTED);
  const announced = workKUCZW4BZ.writeAnnouncement({
    ...{ id, asker },
    terms: { ...terms, ...expected && { expected } }
  });
  const more = ["--attended", "--announced", announced, ...replaces ? ["--replaces", replaces] : []];
  return inDyno(plan, "drain", more);
}
function resumeCommand(plan) {
  return inDyno(plan, "resume", []);
}
function inDyno(plan, name, options) {
  const { configVar } = plan.redis;
  const { verify, pins } = chunkR2YOQZTL.trust(plan, true);
  const words = [
    ...[name, "--gate-name", plan.gateName],
    ...verify ? ["--verify-certificate"] : [],
    ...pins ? ["--certificate-fingerprint", pins.join()] : [],
    ...options
  ];
  const renamed = configVar === "REDIS_URL" ? "" : `export REDIS_URL="\${${configVar}-}"; `;
  return {
    command: `${renamed}exec deploy-gate ${words.map(chunkLSQCWHDC.shellWord).join(" ")}`,
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
    const told = this.#told.get("failed");
    return told?.event === "failed" ? new main.DeployError(told.outcome, told.message, told.next) : void 0;
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
    const { heroku, group, time } = around;
    const { app } = plan;
    const { log } = story;
    const asker = { ...plan.asker, app, ...target.commit && { commit: target.commit } };
    const asked = { id: workKUCZW4BZ.newDeployId(), asker, terms: workKUCZW4BZ.termsOf(plan, who) };
    const command = drainCommand(plan, asked, target.currentRelease);
    const told = new ToldDrain(time, () => story.follow(told));
    const lastLines = [];
    const onLine = (line) => {
      if (told.take(line)) return;
      lastLines.push(line);
      lastLines.splice(0, lastLines.length - MOST_LINES);
      tell(log, line);
    };
    const scope = main.__using(_stack, new AsyncDisposableStack(), true);
    const session = await group("One-off dyno", () => start(heroku, command, onLine, signal));
    const { dyno } = session;
    const why = (code) => whyEnded(told, { dyno, app, code, lastLines });
    const drain = scope.use(new AttendedDrain(session, told, why, { app, log, time, signal }));
    story.stage = "draining";
    await group(`Drain in ${dyno}`, () => drain.opened());
    const kept = scope.move();
    return {
      deployed: "",
      // What the dyno has to say meanwhile it says by itself.
      during: (publish) => publish(),
      released: () => drain.released(story.rollback ?? story.release ?? ""),
      successor: (waitMs, release, over) => drain.successor(waitMs, release, over),
      [Symbol.asyncDispose]: () => kept.disposeAsync()
    };
  } catch (_) {
    var _error = _, _hasError = true;
  } finally {
    var _promise = main.__callDispose(_stack, _error, _hasError);
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

exports.quietByDyno = quietByDyno;
exports.resumeCommand = resumeCommand;
exports.tell = tell;
