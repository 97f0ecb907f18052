var main = require('./main.js');

// src/redis/trouble.ts
var ELSEWHERE = /^(READONLY|MOVED|CLUSTERDOWN|LOADING|MASTERDOWN|NOREPLICAS) /;
var BUSY = /^(TRYAGAIN|ASK|BUSY) /;
function isPassing(error) {
  return isElsewhere(error) || BUSY.test(error.message);
}
function isElsewhere(error) {
  return ELSEWHERE.test(error.message);
}
var UrlFormError = class extends Error {
  name = "UrlFormError";
  /** a sentence that tells the right form */
  next;
  constructor(what, next) {
    super(what);
    this.next = next;
  }
};
var CLUSTER_FORM = "Write its URL as redis+cluster://[user:password@]host:port, or rediss+cluster:// for TLS.";
var SENTINEL_FORM = "Write its URL as redis+sentinel://[user:password@]host:port/<name of the primary>, or rediss+sentinel:// for TLS.";
function formOf(error) {
  if (error.message.startsWith("MOVED "))
    return new UrlFormError(
      "the server is a node of a Redis Cluster, and the gate is on another one",
      CLUSTER_FORM
    );
  if (/^ERR unknown command\b.*\b(get|evalsha)\b/i.test(error.message))
    return new UrlFormError("the server is a sentinel, which keeps no keys", SENTINEL_FORM);
  return void 0;
}

// src/gate/numbers.ts
var NUMBERS = {
  /** a runner that dies while draining costs the clock this at the most */
  drainLeaseMs: 6e4,
  /** outlives a failover of the server during the build */
  pushLeaseMs: 18e4,
  renewEveryMs: 15e3,
  /** after a renewal that failed */
  renewAgainMs: 2e3,
  /** every hold must last so long beyond the commit */
  marginMs: 3e4,
  /** a request that reaches the server later than this is void */
  requestValidMs: 3e4,
  /** between looks when nothing rings */
  lookEveryMs: 2e3,
  /** for each row of a look, until the next one, whoever rings: it reads them all, and where many take part somebody always rings */
  lookRestPerRowMs: 0.2,
  /** an announcement that nobody keeps up is forgotten: a runner that dies leaves none for longer */
  announcedMs: 18e4,
  /** for participants that were told to force, until they must have acknowledged */
  forceGraceMs: 3e4,
  /** no participant stays held for longer than this after it was asked, whatever a deployer says: docs/protocol.md, its own cap */
  maxHoldMs: 36e5,
  /** until an aborted drain's participants should be seen scheduling again */
  resumeWatchMs: 1e4
};

// src/enumerate.ts
function enumerate(names, most = 10) {
  const more = names.length - most;
  return names.slice(0, most).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

// src/protocol/row.ts
var STATES = ["booting", "running", "draining", "drained", "failed", "exited"];
var PROTOCOL_VERSION = "1";
var FORGOTTEN_MS = 6e5;
var NOTE_LENGTH = 200;
function parseRow(id, text) {
  let raw;
  try {
    raw = JSON.parse(text);
  } catch {
    return void 0;
  }
  if (typeof raw !== "object" || raw === null) return void 0;
  const fields = raw;
  const word = (name) => {
    const value = fields[name];
    return typeof value === "string" && value !== "" ? value.slice(0, NOTE_LENGTH) : void 0;
  };
  const count2 = (name) => {
    const value = fields[name];
    return typeof value === "number" && Number.isFinite(value) && value >= 0 ? Math.floor(value) : void 0;
  };
  const [v, type, dyno, state] = [
    word("v"),
    word("type"),
    word("dyno"),
    STATES.find((known) => known === fields.state)
  ];
  const [joined, seen, until] = [count2("joined"), count2("seen"), count2("until")];
  if (!v || !type || !dyno || !state || joined === void 0 || seen === void 0 || until === void 0)
    return void 0;
  const optional = {
    app: word("app"),
    release: word("release"),
    epoch: word("epoch"),
    hold: count2("hold"),
    note: word("note"),
    after: word("after")
  };
  return {
    id,
    v,
    type,
    dyno,
    state,
    joined,
    seen,
    until: Math.min(until, seen + FORGOTTEN_MS),
    running: count2("running") ?? 0,
    finished: count2("finished") ?? 0,
    stored: count2("stored") ?? 0,
    ...Object.fromEntries(
      Object.entries(optional).filter(([, value]) => value !== void 0)
    )
  };
}
function isAlive(row, now) {
  return row.state !== "exited" && row.until >= now;
}

// src/gate/asker.ts
var LONGEST = 300;
function describeAsker(text) {
  const { runUrl } = readAsker(text);
  return runUrl ? `${nameAsker(text)} (${runUrl})` : nameAsker(text);
}
function nameAsker(text) {
  const { name, commit } = readAsker(text);
  return `${name || "another deploy"}${commit ? ` of ${commit.slice(0, 8)}` : ""}`;
}
function readAsker(text) {
  let raw;
  try {
    raw = JSON.parse(text);
  } catch {
    return {};
  }
  if (typeof raw !== "object" || raw === null) return {};
  const fields = raw;
  const words = ["name", "app", "commit", "runUrl"].flatMap((field) => {
    const value = fields[field];
    return typeof value === "string" && value.length <= LONGEST ? [[field, value]] : [];
  });
  return { ...Object.fromEntries(words), ...fields.holds === true && { holds: true } };
}

// src/gate/progress.ts
var byName = new Intl.Collator("en", { numeric: true });
var Progress = class {
  #participants = /* @__PURE__ */ new Map();
  #epoch;
  #types;
  #started = false;
  #quietFromMs;
  #quietToMs;
  constructor(epoch, types) {
    this.#epoch = epoch;
    this.#types = new Set(types);
  }
  get participants() {
    return [...this.#participants.values()].sort(
      (a, b) => byName.compare(a.dyno, b.dyno) || a.seenMs - b.seenMs
    );
  }
  /** Those that stopped for the drain and are neither scheduling again nor gone. */
  get held() {
    return this.participants.filter(({ state }) => state === "draining" || state === "drained");
  }
  /** How long no asked participant was scheduling, up to `nowMs` if that still goes on; `undefined` if nobody ever stopped. */
  quietMs(nowMs) {
    return this.#quietFromMs === void 0 ? void 0 : (this.#quietToMs ?? nowMs) - this.#quietFromMs;
  }
  /** A clock schedules again: the new release's, or the old one's. */
  quietEnded(atMs) {
    this.#quietToMs ??= atMs;
  }
  /** Takes in what was read `atMs` after the request; returns what changed. */
  update(view, atMs) {
    const targets = new Set(view.intent?.epoch === this.#epoch ? view.intent.targets : []);
    const changes = [];
    for (const row of view.rows) {
      const known = this.#participants.get(row.id);
      if (!known && !targets.has(row.id)) continue;
      if (!known && !this.#types.has(row.type)) continue;
      changes.push(...this.#take(row, view.now, known, atMs));
    }
    const there = new Set(view.rows.map(({ id }) => id));
    for (const one of this.#participants.values()) {
      if (one.state === "silent" || one.state === "exited" || there.has(one.id)) continue;
      one.state = "silent";
      one.lost = one.running;
      changes.push({ of: one, kind: "gone", line: `${one.dyno} is gone from the roster${lostJobs(one)}` });
    }
    this.#started = true;
    return changes;
  }
  #take(row, now, known, atMs) {
    const one = known ?? {
      id: row.id,
      dyno: row.dyno,
      type: row.type,
      state: "running",
      fromStart: !this.#started,
      seenMs: atMs,
      running: 0,
      finished: 0,
      stored: 0,
      lost: 0
    };
    this.#participants.set(row.id, one);
    const before = { ...one };
    if (row.state !== "exited" && !isAlive(row, now)) {
      if (before.state === "silent") return [];
      one.state = "silent";
      one.lost = one.running;
      const silence = main.formatDuration(now - row.seen);
      return [
        { of: one, kind: "silent", line: `${one.dyno} has not been heard of for ${silence}${lostJobs(one)}` }
      ];
    }
    if (row.v !== PROTOCOL_VERSION) {
      one.foreign = row.v;
      return known ? [] : [
        {
          of: one,
          kind: "foreign",
          line: `${one.dyno} speaks version ${row.v} of the drain protocol, this deploy version ${PROTOCOL_VERSION}: it can't be asked`
        }
      ];
    }
    const answers = row.epoch === this.#epoch;
    if (!answers && row.state !== "exited") {
      one.state = row.state === "booting" ? "booting" : "running";
      if (!known) return [{ of: one, kind: "asked", line: `${one.dyno} is asked to drain` }];
      if (row.state !== "running" || one.acceptedMs === void 0 || one.resumedMs !== void 0) return [];
      one.resumedMs = atMs;
      return [{ of: one, kind: "resumed", line: `${one.dyno} is scheduling again` }];
    }
    Object.assign(one, {
      state: row.state,
      running: row.running,
      finished: row.finished,
      stored: row.stored,
      lost: 0
    });
    if (row.note === void 0) delete one.note;
    else one.note = row.note;
    if (row.state === "draining" || row.state === "drained") {
      this.#quietFromMs ??= atMs;
      one.acceptedMs ??= atMs;
    }
    if (row.state === "drained") one.drainedMs ??= atMs;
    return this.#describe(before, one, known === void 0);
  }
  #describe(before, one, isNew) {
    const jobs = `${count(one.running, "job")} running, ${one.finished} finished, ${one.stored} stored`;
    const note = one.note ? ` (${one.note})` : "";
    const change = (kind, did) => [
      { of: one, kind, line: `${one.dyno}${did}` }
    ];
    if (one.state !== before.state || isNew && one.state !== "running") {
      if (one.state === "drained")
        return change("drained", ` is drained: ${one.finished} finished, ${one.stored} stored${note}`);
      if (one.state === "draining") return change("accepted", ` accepted: ${jobs}${note}`);
      if (one.state === "failed") return change("refused", ` refuses to drain${note}`);
      if (one.state === "exited") return change("ended", " ended; waiting for Heroku to start it again");
    }
    const same = one.running === before.running && one.finished === before.finished && one.stored === before.stored && one.note === before.note;
    return same || one.state !== "draining" ? [] : change("progress", `: ${jobs}${note}`);
  }
};
function count(n, noun) {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
function lostJobs({ lost }) {
  return lost > 0 ? `; ${count(lost, "job")} ran in it and ${lost === 1 ? "is" : "are"} lost` : "";
}

// src/gate/complaint.ts
var UPDATE_ADVICE = "Update the older one: the deploy-gate library in the app, or what deploys, the Action in the workflow or the deploy-gate command.";
var MOST_NOTES = 5;
var BACK = "Nothing was pushed, and the clock is back at work.";
function busy(asker, leftMs) {
  if (readAsker(asker).holds) {
    return new main.DeployError(
      "busy",
      `The app's processes are held by hand, asked for by ${describeAsker(asker)}. The hold ends in ${main.formatDuration(leftMs)}.`,
      "Wait for its end, or end it if its time is over: `deploy-gate resume`."
    );
  }
  return new main.DeployError(
    "busy",
    `Another deploy holds the gate: ${describeAsker(asker)}. Its lease ends in ${main.formatDuration(leftMs)} unless it is renewed.`,
    "Wait for it to end and run this one again. A concurrency group in the workflow queues deploys by itself: `concurrency: { group: deploy, cancel-in-progress: false }`."
  );
}
function announcedBy(asker) {
  return new main.DeployError(
    "busy",
    `Another deploy is announced, and its release phase will ask for the drain: ${describeAsker(asker)}.`,
    "Wait for it to end and run this one again; if nobody runs it any more, its announcement is forgotten within 3 minutes. A concurrency group in the workflow queues deploys by itself: `concurrency: { group: deploy, cancel-in-progress: false }`."
  );
}
function late() {
  return new main.DeployError(
    "preflight-failed",
    "The drain request reached Redis too late to be valid, so no drain is in force. Had an earlier try reached the clock, it is back at work by itself.",
    "The connection to Redis is very slow or was interrupted: run the deploy again."
  );
}
function unanswered(cause, forMs) {
  return new main.DeployError(
    "preflight-failed",
    `Redis gave no answer for ${main.formatDuration(forMs)} (${cause.message}). Nothing was pushed; should the clock have been asked to drain, it goes on by itself within a minute.`,
    "Look at whether Redis is up and reachable (`heroku redis:info`), then run the deploy again.",
    { cause }
  );
}
function refused(who) {
  const each = who.slice(0, MOST_NOTES).map(({ dyno, note }) => `${dyno} refused to drain${note ? `: ${note}` : ""}`);
  if (who.length > MOST_NOTES) each.push(`so did ${enumerate(who.slice(MOST_NOTES).map(({ dyno }) => dyno))}`);
  return new main.DeployError(
    "refused",
    `${each.join("; ")}. ${BACK}`,
    `Its drain handler failed. Look at the app's log around now: \`heroku logs --dyno ${who[0]?.dyno}\`. Mend the handler, or deploy once without a drain, in the Action with \`skip-drain: true\`.`
  );
}
function notAcknowledged(who, timeoutMs) {
  const names = enumerate(
    who.map(({ dyno, state, foreign }) => {
      if (foreign !== void 0) return `${dyno} (it speaks version ${foreign} of the drain protocol)`;
      return state === "silent" ? `${dyno} (not heard of any more)` : dyno;
    })
  );
  if (who.some(({ foreign }) => foreign !== void 0)) {
    return new main.DeployError(
      "not-acknowledged",
      `${names} can't be asked by this deploy, which speaks version ${PROTOCOL_VERSION}. ${BACK}`,
      UPDATE_ADVICE
    );
  }
  return new main.DeployError(
    "not-acknowledged",
    `${names} did not accept the drain request within ${main.formatDuration(timeoutMs)}. ${BACK}`,
    "See whether the process is alive and reaches Redis: `heroku ps`, and `heroku logs` for lines of deploy-gate. If it is only slow, raise acknowledge-timeout."
  );
}
function missingClock(short, timeoutMs, absent = []) {
  const each = short.map(
    ({ type, have, need }) => need === 1 ? `no ${type}` : `${have} of ${need} ${type} participants`
  );
  const message = `${capital(each.join(" and "))} took part within ${main.formatDuration(timeoutMs)}. Nothing was pushed, and who did take part goes back to work.`;
  if (absent.length > 0) {
    return new main.DeployError(
      "missing-clock",
      `${absences(absent)}. ${message}`,
      `${absent.length === 1 ? "Its process" : "Their processes"} must call join with this gate name and the same REDIS_URL, or run behind the supervisor: \`deploy-gate run -- <command>\`. \`heroku logs --dyno ${absent[0]?.dyno}\` shows lines of deploy-gate if it tries. The first deploy of an app that has just gained a listener needs \`on-missing-clock: deploy\`.`
    );
  }
  return new main.DeployError(
    "missing-clock",
    message,
    "Check that the process runs (`heroku ps`), that it joins the gate with the same REDIS_URL and gate name, and that processes names its type. The first deploy of an app that has just gained a listener needs `on-missing-clock: deploy`."
  );
}
function capital(sentence) {
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}`;
}
function absences(absent) {
  const each = absent.map(
    ({ dyno, release }) => `${dyno} is up${release ? ` on ${release}` : ""} but has not joined the gate`
  );
  return enumerate(each, MOST_NOTES);
}
function drainTimeout(verdict, timeoutMs, forced) {
  const running = verdict.undrained.map(
    (one) => `${one.dyno} (${one.state === "silent" ? "not heard of any more" : `${count(one.running, "job")} running${one.note ? `, ${one.note}` : ""}`})`
  );
  const short = verdict.short.map(({ type, have, need }) => `${have} of ${need} ${type} participants present`);
  const advice = forced ? "The drain handler does not heed its signal: make it abort and store the jobs." : running.length > 0 ? "Raise drain-timeout above the longest job, or choose `on-drain-timeout: force` (jobs are aborted and stored) or `deploy` (jobs may be killed)." : "A process ended during the drain, and Heroku has not started it again: `heroku ps` and `heroku logs` tell why.";
  return new main.DeployError(
    "drain-timeout",
    `Not drained within ${main.formatDuration(timeoutMs)}${forced ? ", nor after they were told to abort" : ""}: ${[...running.length > 0 ? [enumerate(running, MOST_NOTES)] : [], ...short].join(", ")}.`,
    `Nothing was pushed, and the clock goes on. ${advice}`
  );
}
function neverOpened(why) {
  return new main.DeployError(
    "drain-timeout",
    `Everybody was drained, but the gate did not open: ${why}. ${BACK}`,
    "The connection between the named process and Redis is too slow or broken. Run the deploy again; if it repeats, look at the process: `heroku logs`."
  );
}
function lossOf(why, asker) {
  return {
    missing: "The drain request is gone from Redis: it was restarted without its data, flushed, or the key was evicted.",
    superseded: `Another deploy took the gate over: ${describeAsker(asker)}.`,
    finished: "The drain was ended by somebody else, by the post step of this job or by deploy-gate resume.",
    lapsed: "The drain ran out before it could be renewed: this process was stopped or cut off from Redis for too long, or the clock of the Redis server was set forward.",
    unreachable: "Redis could not be reached for so long that the drain ran out.",
    "set-back": "The clock of the Redis server was set back, so that nobody can tell how long the clock's hold lasts."
  }[why];
}
var AFTER_A_LOSS = "Run the deploy again. If it repeats, look at the Redis: its memory policy, its maintenance, its log.";
function leaseLost(why, asker) {
  return new main.DeployError(
    "lease-lost",
    `${lossOf(why, asker)} Held participants resume by themselves.`,
    AFTER_A_LOSS
  );
}
function clockNotSeen(types, waitMs, release) {
  return new main.DeployError(
    "clock-not-seen",
    `${release} is released, but no ${types.join(", no ")} of it joined the gate within ${main.formatDuration(waitMs)}.`,
    "The new clock may not be running: `heroku ps` and `heroku logs` tell. If it is only slow to boot, raise wait-for-clock."
  );
}
function clockUnknown(types, cause, release) {
  return new main.DeployError(
    "clock-not-seen",
    `${release} is released, but Redis could not be reached (${cause.message}), so it is not known whether its ${types.join(" and ")} runs.`,
    "Look at it now: `heroku ps` and `heroku logs`.",
    { cause }
  );
}
function blockers(who) {
  return enumerate(who.map(describe));
}
function describe({ why, dyno, type, detail }) {
  switch (why) {
    case "silent":
      return `${dyno} has not been heard of for ${main.formatDuration(Number(detail))}`;
    case "gone":
      return `${dyno} is gone from the roster`;
    case "short-hold":
      return `${dyno} is held for ${main.formatDuration(Number(detail))} only`;
    case "too-few":
      return `${detail.replace("/", " of ")} ${type} participants are held`;
    case "short-lease":
      return "the own lease is about to end";
    case "version":
      return `${dyno} speaks version ${detail} of the drain protocol`;
    case "set-back":
      return `${dyno} has not answered since the clock of the Redis server was set back`;
    case "unanswered":
      return `${dyno} has not answered`;
    default:
      return `${dyno} is ${why}`;
  }
}

// src/gate/outage.ts
function isOutage(error) {
  if (!(error instanceof Error) || error instanceof TypeError || error instanceof main.DeployError) return false;
  return error.name !== "ReplyError" || isPassing(error);
}

// src/gate/outlast.ts
async function outlast({ time, againMs, forMs, signal }, work) {
  const until = time.now() + forMs;
  for (; ; ) {
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      if (!isOutage(error) || time.now() + againMs >= until) throw error;
    }
    await time.sleep(againMs, signal);
  }
}
async function answered({ time, numbers, signal }, work) {
  const { renewAgainMs, requestValidMs } = numbers;
  try {
    return await outlast({ time, againMs: renewAgainMs, forMs: requestValidMs, signal }, work);
  } catch (error) {
    signal.throwIfAborted();
    throw isOutage(error) ? unanswered(error, requestValidMs) : error;
  }
}

// src/redis/health.ts
var NEARLY_FULL = 0.95;
async function checkHealth(source, name, origin, log) {
  let info;
  try {
    info = parseInfo(await source.info());
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith("NOPERM"))) throw error;
    log.warning(
      `${name}: its user may not call INFO, so memory and eviction could not be checked; +info allows it`
    );
    return;
  }
  if (info.get("role") === "slave") {
    throw new main.DeployError(
      "preflight-failed",
      `${name}: the server is a replica and refuses writes.`,
      `Give the URL of the primary. ${origin.wrongUrl}`
    );
  }
  const [used, most] = [Number(info.get("used_memory") ?? 0), Number(info.get("maxmemory") ?? 0)];
  const policy = info.get("maxmemory_policy") ?? "noeviction";
  if (!(most > 0)) return;
  const share = used / most;
  const memory = `${megabytes(used)} of ${megabytes(most)} in use, maxmemory-policy ${policy}`;
  if (share >= NEARLY_FULL && policy.startsWith("allkeys")) {
    throw new main.DeployError(
      "preflight-failed",
      `${name}: the server is about to evict keys, and may drop the drain request (${memory}).`,
      "Free memory or take a larger plan. A policy that spares keys without a TTL (noeviction or volatile-*) is safer for a gate."
    );
  }
  if (share >= 1) {
    throw new main.DeployError(
      "preflight-failed",
      `${name}: the server is out of memory and refuses writes (${memory}).`,
      "Free memory or take a larger plan, then run the deploy again."
    );
  }
  if (share >= NEARLY_FULL) log.warning(`${name}: the server is nearly out of memory (${memory})`);
  else if (policy.startsWith("allkeys")) {
    log.warning(
      `${name}: under maxmemory-policy ${policy} the drain request itself can be evicted; the deploy would stop, and the clock go on`
    );
  }
}
function parseInfo(text) {
  const fields = /* @__PURE__ */ new Map();
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon > 0 && !line.startsWith("#")) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return fields;
}
function megabytes(bytes) {
  return `${(bytes / 1048576).toFixed(1)} MB`;
}

// src/redis/listen.ts
function listen(client, channel, onMessage, onRefused = () => {
}) {
  let [hears, refused] = [false, false];
  const begin = async () => {
    try {
      const hello = await client.call("HELLO");
      const at = Array.isArray(hello) ? hello.indexOf("proto") : -1;
      if (Array.isArray(hello) && at >= 0 && hello[at + 1] === 3) {
        await client.subscribe(channel);
        hears = true;
      }
    } catch (error) {
      if (error instanceof Error && error.message.startsWith("NOPERM") && !refused) {
        refused = true;
        onRefused(error);
      }
    }
    onMessage();
    return hears;
  };
  client.on("message", onMessage);
  client.on("close", () => {
    hears = false;
  });
  client.on("ready", begin);
  const began = client.status === "ready" ? begin() : Promise.resolve(false);
  return {
    get hears() {
      return hears;
    },
    began
  };
}

// src/redis/rights.ts
var DEPLOYER_RIGHTS = [
  "eval",
  "evalsha",
  "time",
  "set",
  "get",
  "del",
  "hset",
  "hmget",
  "hgetall",
  "hdel",
  "publish"
];
var TRIALS = {
  eval: () => ["return 1", "0"],
  evalsha: () => ["0".repeat(40), "0"],
  time: () => [],
  set: (text) => [text, "1", "PX", "1000"],
  get: (text) => [text],
  del: (text) => [text],
  hset: (_, hash) => [hash, "field", "1"],
  hget: (_, hash) => [hash, "field"],
  hmget: (_, hash) => [hash, "field"],
  hgetall: (_, hash) => [hash],
  hexists: (_, hash) => [hash, "field"],
  hlen: (_, hash) => [hash],
  hdel: (_, hash) => [hash, "field"],
  publish: (_text, _hash, channel) => [channel, "look"]
};
function isNamedUser({ username }) {
  return username !== void 0 && username !== "default";
}
async function missingRights(client, rights, channel) {
  const [text, hash] = [`${channel}:trial`, `${channel}:trials`];
  const trials = rights.map((right) => [right, ...TRIALS[right](text, hash, channel)]);
  const answers = await client.pipeline(trials).exec() ?? [];
  const missing = rights.flatMap((right, at) => {
    const message = answers[at]?.[0]?.message ?? "";
    if (!message.startsWith("NOPERM")) return [];
    if (/\bkeys?\b/.test(message)) return ["~deploy-gate:*"];
    return /\bchannels?\b/.test(message) ? ["&deploy-gate:*"] : [`+${right}`];
  });
  return [...new Set(missing)];
}

// src/deploy/origins.ts
var SELF_SIGNED = "Heroku's Key-Value Store has a self-signed certificate";
var PIN = "redis-tls-fingerprint";
var UNREACHABLE = "Check that the server is up and can be reached from this runner: a Redis in a Private Space or behind a firewall can not. If the clock does not matter now, skip-drain: true deploys without asking it.";
var INPUT_ORIGIN = {
  name: "redis-url",
  pin: PIN,
  wrongUrl: "Correct redis-url, or leave it out: the URL is read from the app's config vars then.",
  staleLogin: "Heroku changes the URL at maintenance and credential resets, so a copy in a secret goes stale: leave redis-url out, and it is read from the app's config vars at each deploy.",
  unsignedCertificate: `${SELF_SIGNED}: leave redis-url out, so that redis-tls: auto accepts it, or pin it with ${PIN}.`,
  unreachable: UNREACHABLE
};
function configVarOrigin(variable, app) {
  return {
    name: `config var ${variable} of ${app}`,
    pin: PIN,
    wrongUrl: `The add-on may have been replaced: heroku config --app ${app} lists what is there, and redis-config-var names another config var.`,
    staleLogin: `Heroku may be changing it just now, as it does at maintenance and credential resets: run the deploy again. If it repeats, ${variable} is not kept by an add-on of this app: heroku config --app ${app} lists what is there, and redis-config-var names another config var.`,
    unsignedCertificate: `${SELF_SIGNED}, which redis-tls: verify refuses: redis-tls: auto accepts it, and ${PIN} pins it.`,
    unreachable: UNREACHABLE
  };
}

// src/deploy/server.ts
var loadClient = () => Promise.resolve().then(function () { return require('./connect.js'); });
async function openServer(plan, needs) {
  const { configVar, url: given } = plan.redis;
  const url = given ?? await needs.configVar(configVar);
  const origin = given === void 0 ? configVarOrigin(configVar, plan.app) : INPUT_ORIGIN;
  needs.mask(url);
  const address = readRedisUrl(url, origin);
  for (const secret of main.secretsOfRedisUrl(url)) needs.mask(secret);
  return openGateServer({ address, trust: trust(plan, given === void 0), origin }, plan.gateName, needs);
}
async function openGateServer({ address, trust: trust2, origin }, gateName, { log, time, signal, patience, asks = false }) {
  const name = main.describeAddress(address);
  const keys = main.gateKeys(gateName);
  const shownPrints = [];
  const { connectRedis } = await loadClient();
  let checked = Promise.resolve(0);
  let dropped = new AbortController();
  const check = async (connected, until) => {
    const before = time.now();
    await answered({ time, numbers: NUMBERS, signal: until }, async () => {
      await checkHealth(connected, name, origin, log);
      if (asks && isNamedUser(address)) await checkRights(connected, keys.reports, name);
    });
    return time.now() - before;
  };
  const client = await connectRedis(
    {
      address,
      origin,
      key: keys.epoch,
      trust: {
        ...trust2,
        onCertificate(shown) {
          if (!shownPrints.includes(shown) && !trust2.pins && !trust2.verify) {
            log.info(`${name} shows the certificate with SHA-256 ${shown}; ${origin.pin} can pin it`);
          }
          shownPrints.push(shown);
        }
      }
    },
    log,
    signal,
    patience,
    (connected) => {
      dropped.abort();
      dropped = new AbortController();
      checked = check(connected, AbortSignal.any([signal, dropped.signal]));
      checked.catch(() => {
      });
    }
  ).catch((error) => {
    dropped.abort();
    throw error;
  });
  try {
    log.info(`${name} answers in ${main.formatDuration(await checked)} (from ${origin.name})`);
  } catch (error) {
    client.disconnect();
    throw error;
  }
  return {
    around: {
      host: client,
      keys,
      listen: (onReport) => {
        const ear = listen(
          client,
          keys.reports,
          onReport,
          (error) => log.warning(
            `${name}: its user may not listen (${error.message}), so changes are seen some seconds later; +subscribe and &deploy-gate:* allow it`
          )
        );
        return ear.began;
      },
      time,
      log,
      numbers: NUMBERS,
      signal
    },
    get fingerprint() {
      return address.topology ? void 0 : shownPrints.at(-1);
    },
    async [Symbol.asyncDispose]() {
      client.disconnect();
    }
  };
}
async function checkRights(client, channel, name) {
  const missing = (await missingRights(client, DEPLOYER_RIGHTS, channel)).join(" ");
  if (missing === "") return;
  throw new main.DeployError(
    "preflight-failed",
    `${name}: the user of the URL lacks rights: ${missing}.`,
    `Give them to it: ACL SETUSER <user> ${missing}. The section "Rights" of docs/redis.md has all that are needed in one line.`
  );
}
function trust(plan, fromConfigVars) {
  const { tls, fingerprints } = plan.redis;
  return {
    verify: tls === "verify" || tls === "auto" && !fromConfigVars && fingerprints === void 0,
    ...fingerprints && { pins: fingerprints }
  };
}
function readRedisUrl(url, origin) {
  try {
    return main.parseRedisUrl(url);
  } catch (error) {
    throw new main.DeployError(
      "preflight-failed",
      `The Redis URL in ${origin.name} can't be used: ${error.message}.`,
      `It must look like ${main.REDIS_URL_RULE}. ${origin.wrongUrl}`
    );
  }
}

// built-in:timers/promises
var builtIn = /* @__PURE__ */ process.getBuiltinModule("node:timers/promises");
var own = (key) => builtIn[key];
var $setTimeout = /* @__PURE__ */ own("setTimeout");
var $setImmediate = /* @__PURE__ */ own("setImmediate");

// src/deploy/held-back-log.ts
var HeldBackLog = class {
  #kept = [];
  #to;
  info(line) {
    this.#tell((log) => log.info(line));
  }
  warning(line) {
    this.#tell((log) => log.warning(line));
  }
  /** Tells `to` all that was kept, and everything from now on. */
  release(to) {
    this.#to = to;
    for (const tell of this.#kept.splice(0)) tell(to);
  }
  #tell(line) {
    if (this.#to === void 0) this.#kept.push(line);
    else line(this.#to);
  }
};

// src/deploy/app-redis.ts
var AppRedis = class {
  #plan;
  #needs;
  #begun;
  constructor(plan, needs) {
    this.#plan = plan;
    this.#needs = needs;
  }
  /** Begins to connect, if that has not begun. Never rejects. @param signal ends that */
  begin(signal) {
    if (this.#begun !== void 0) return;
    const log = new HeldBackLog();
    const leave = new AbortController();
    const server = this.#connect(log, AbortSignal.any([signal, leave.signal]));
    server.catch(() => {
    });
    this.#begun = { server, log, leave };
  }
  /**
   * The connection, checked: the one that was begun, or another. It is the caller's from here on, and ends its waits with `signal`.
   * @throws DeployError (`preflight-failed`); the signal's reason
   */
  async open(log, signal) {
    const begun = this.#begun;
    if (begun === void 0) return await this.#connect(log, signal);
    this.#begun = void 0;
    begun.log.release(log);
    const server = await begun.server;
    return {
      around: { ...server.around, signal },
      // Of the connection that is there: another may have been made meanwhile.
      get fingerprint() {
        return server.fingerprint;
      },
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]()
    };
  }
  async [Symbol.asyncDispose]() {
    if (this.#begun === void 0) return;
    const { server, leave } = this.#begun;
    this.#begun = void 0;
    leave.abort();
    await server.then(
      (opened) => opened[Symbol.asyncDispose](),
      () => {
      }
    );
  }
  async #connect(log, signal) {
    const { list, dryRun } = this.#plan;
    const asks = list === void 0 && !dryRun;
    return await openServer(this.#plan, { ...this.#needs, log, signal, asks });
  }
};

// src/time.ts
var systemTime = machineTime(true);
var backgroundTime = machineTime(false);
function machineTime(ref) {
  return {
    now: () => performance.now(),
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      try {
        await $setTimeout(ms, void 0, { ref, ...signal && { signal } });
      } catch (error) {
        signal?.throwIfAborted();
        throw error;
      }
    }
  };
}

exports.$setImmediate = $setImmediate;
exports.AFTER_A_LOSS = AFTER_A_LOSS;
exports.AppRedis = AppRedis;
exports.FORGOTTEN_MS = FORGOTTEN_MS;
exports.NOTE_LENGTH = NOTE_LENGTH;
exports.NUMBERS = NUMBERS;
exports.PROTOCOL_VERSION = PROTOCOL_VERSION;
exports.Progress = Progress;
exports.UPDATE_ADVICE = UPDATE_ADVICE;
exports.UrlFormError = UrlFormError;
exports.absences = absences;
exports.announcedBy = announcedBy;
exports.answered = answered;
exports.blockers = blockers;
exports.busy = busy;
exports.clockNotSeen = clockNotSeen;
exports.clockUnknown = clockUnknown;
exports.count = count;
exports.describeAsker = describeAsker;
exports.drainTimeout = drainTimeout;
exports.enumerate = enumerate;
exports.formOf = formOf;
exports.isAlive = isAlive;
exports.isElsewhere = isElsewhere;
exports.isOutage = isOutage;
exports.late = late;
exports.leaseLost = leaseLost;
exports.loadClient = loadClient;
exports.lossOf = lossOf;
exports.missingClock = missingClock;
exports.neverOpened = neverOpened;
exports.notAcknowledged = notAcknowledged;
exports.openServer = openServer;
exports.outlast = outlast;
exports.parseRow = parseRow;
exports.readAsker = readAsker;
exports.refused = refused;
exports.systemTime = systemTime;
exports.trust = trust;
