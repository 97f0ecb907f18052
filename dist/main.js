import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);
import {
  DeployError,
  ExitCode,
  ReplyReader,
  SUCCESSES,
  __callDispose,
  __using,
  acquire,
  actionsLog,
  chartName,
  error,
  finish,
  force,
  formatDuration,
  group,
  lostReply,
  markdown,
  open,
  openServer,
  rememberEnd,
  rememberHold,
  renew,
  run,
  script,
  setOutput,
  summary
} from "./shared-NJFHTINL.js";

// src/gate/gate.ts
import { randomUUID } from "node:crypto";

// src/protocol/row.ts
var STATES = ["booting", "running", "draining", "drained", "failed", "exited"];
var PROTOCOL_VERSION = "1";
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
    until,
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

// src/protocol/scripts/look.lua
var look_default = "-- What is there, read in one step; changes nothing.\n-- KEYS: intent, roster\n-- Replies: now, intent as field, value, ..., roster as participant id, row, ...\nreturn { now, redis.call('HGETALL', KEYS[1]), redis.call('HGETALL', KEYS[2]) }\n";

// src/protocol/look.ts
var lookScript = script("look", look_default);
async function look(host, keys) {
  const reply = new ReplyReader("look", await run(host, lookScript, [keys.intent, keys.roster], []));
  const now = reply.number();
  const fields = pairs(reply.list());
  const rows = pairs(reply.list()).flatMap(([id, text]) => parseRow(id, text) ?? []);
  const field = Object.fromEntries(fields);
  const intent = field.id && {
    v: field.v ?? "",
    id: field.id,
    epoch: field.epoch ?? "",
    phase: field.phase ?? "",
    expiry: Number(field.expiry),
    asker: field.asker ?? "",
    targets: fields.flatMap(([name]) => name.startsWith("target:") ? [name.slice("target:".length)] : [])
  };
  return { now, intent: intent || void 0, rows };
}
function pairs(flat) {
  return Array.from({ length: flat.length / 2 }, (_, at) => [flat[2 * at] ?? "", flat[2 * at + 1] ?? ""]);
}

// src/gate/asker.ts
function describeAsker(text) {
  const { name, runUrl, commit: commit2 } = readAsker(text);
  return [name || "another deploy", commit2 && `of ${commit2.slice(0, 8)}`, runUrl && `(${runUrl})`].filter(Boolean).join(" ");
}
function readAsker(text) {
  try {
    const raw = JSON.parse(text);
    if (typeof raw !== "object" || raw === null) return {};
    return Object.fromEntries(
      Object.entries(raw).filter(([, value]) => typeof value === "string" && value.length <= 300)
    );
  } catch {
    return {};
  }
}

// src/protocol/scripts/commit.lua
var commit_default = "-- The gate itself: draining -> pushing, only if everybody is drained at this epoch and stays held for the margin.\n-- KEYS: intent, roster\n-- ARGV: id, epoch, margin ms, push lease ms, 'strict' or 'anyway', doorbell, then process type, at least, ...\n-- Replies: granted, ms left | lost, why, asker | blocked, then why, dyno, process type, detail, participant id, ...\nlocal id, epoch, margin, push_lease, mode, doorbell = unpack(ARGV, 1, 6)\nlocal intent = {}\nlocal fields = redis.call('HGETALL', KEYS[1])\nfor index = 1, #fields, 2 do\n  intent[fields[index]] = fields[index + 1]\nend\nlocal why = lost(intent, id, epoch)\nif why then\n  return { 'lost', why, intent.asker or '' }\nend\nif intent.phase == 'pushing' then\n  return { 'granted', intent.expiry - now }\nend\n\nmargin = tonumber(margin)\nlocal rows = read_roster(KEYS[2])\nlocal joins = latest_joins(rows)\nlocal reply, held, asked = { 'blocked' }, {}, {}\nlocal function block(reason, dyno, process, detail, participant)\n  for _, value in ipairs({ reason, dyno, process, detail, participant }) do\n    reply[#reply + 1] = value\n  end\nend\nfor index = 7, #ARGV, 2 do\n  asked[ARGV[index]] = tonumber(ARGV[index + 1])\n  held[ARGV[index]] = 0\nend\n\nfor participant, row in pairs(rows) do\n  local target = intent['target:' .. participant]\n  if (asked[row.type] or target) and row.state ~= 'exited' and not replaced(row, joins) then\n    if not alive(row) then\n      if target then\n        block('silent', row.dyno, row.type, string.format('%.0f', now - row.seen), participant)\n      end\n    elseif row.v ~= VERSION then\n      block('version', row.dyno, row.type, tostring(row.v), participant)\n    elseif row.epoch ~= epoch or row.state ~= 'drained' then\n      block(row.epoch == epoch and row.state or 'unanswered', row.dyno, row.type, tostring(row.running or 0), participant)\n    elseif (tonumber(row.hold) or 0) < now + margin then\n      block('short-hold', row.dyno, row.type, string.format('%.0f', (tonumber(row.hold) or 0) - now), participant)\n    else\n      held[row.type] = (held[row.type] or 0) + 1\n    end\n  end\nend\nfor field, dyno in pairs(intent) do\n  local participant = string.match(field, '^target:(.*)$')\n  if participant and not rows[participant] then\n    block('gone', dyno, '', '', participant)\n  end\nend\nfor process, at_least in pairs(asked) do\n  local need = math.max(at_least, tonumber(intent['count:' .. process] or 0))\n  if held[process] < need then\n    block('too-few', '', process, held[process] .. '/' .. need, '')\n  end\nend\nif intent.expiry - now < margin then\n  block('short-lease', '', '', tostring(intent.expiry - now), '')\nend\nif #reply > 1 and mode ~= 'anyway' then\n  return reply\nend\n\nlocal expiry = math.max(tonumber(intent.expiry), now + push_lease)\nredis.call('HSET', KEYS[1], 'phase', 'pushing', 'lease', push_lease, 'expiry', string.format('%.0f', expiry),\n  'committed', string.format('%.0f', now))\nredis.call('PUBLISH', doorbell, 'beat')\nreturn { 'granted', expiry - now }\n";

// src/protocol/commit.ts
var commitScript = script("commit", commit_default);
async function commit(host, keys, { id, epoch }, terms) {
  const { marginMs, pushLeaseMs, asked, anyway } = terms;
  const reply = new ReplyReader(
    "commit",
    await run(
      host,
      commitScript,
      [keys.intent, keys.roster],
      [id, epoch, marginMs, pushLeaseMs, anyway ? "anyway" : "strict", keys.doorbell, ...[...asked].flat()]
    )
  );
  const kind = reply.text();
  if (kind === "granted") return { kind, leftMs: reply.number() };
  if (kind !== "blocked") return lostReply(kind, reply);
  const blockers2 = [];
  while (reply.more) {
    const why = reply.text();
    blockers2.push({ why, dyno: reply.text(), type: reply.text(), detail: reply.text(), id: reply.text() });
  }
  return { kind, blockers: blockers2 };
}

// src/gate/progress.ts
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
      (a, b) => a.dyno.localeCompare(b.dyno, "en", { numeric: true }) || a.seenMs - b.seenMs
    );
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
    for (const one of this.#participants.values()) {
      if (one.state === "silent" || one.state === "exited" || view.rows.some((row) => row.id === one.id))
        continue;
      one.state = "silent";
      one.lost = one.running;
      changes.push({ of: one, line: `${one.dyno} is gone from the roster${lostJobs(one)}` });
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
      const silence = formatDuration(now - row.seen);
      return [{ of: one, line: `${one.dyno} has not been heard of for ${silence}${lostJobs(one)}` }];
    }
    if (row.v !== PROTOCOL_VERSION) {
      one.foreign = row.v;
      return known ? [] : [
        {
          of: one,
          line: `${one.dyno} speaks version ${row.v} of the drain protocol, this deploy version ${PROTOCOL_VERSION}: it can't be asked`
        }
      ];
    }
    const answers = row.epoch === this.#epoch;
    if (!answers && row.state !== "exited") {
      one.state = row.state === "booting" ? "booting" : "running";
      if (!known) return [{ of: one, line: `${one.dyno} is asked to drain` }];
      if (row.state !== "running" || one.acceptedMs === void 0 || one.resumedMs !== void 0) return [];
      one.resumedMs = atMs;
      return [{ of: one, line: `${one.dyno} is scheduling again` }];
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
    return this.#describe(before, one, known === void 0).map((line) => ({ of: one, line }));
  }
  #describe(before, one, isNew) {
    const jobs = `${count(one.running, "job")} running, ${one.finished} finished, ${one.stored} stored`;
    const note = one.note ? ` (${one.note})` : "";
    if (one.state !== before.state || isNew && one.state !== "running") {
      if (one.state === "drained")
        return [`${one.dyno} is drained: ${one.finished} finished, ${one.stored} stored${note}`];
      if (one.state === "draining") return [`${one.dyno} accepted: ${jobs}${note}`];
      if (one.state === "failed") return [`${one.dyno} refuses to drain${note}`];
      if (one.state === "exited") return [`${one.dyno} ended; waiting for Heroku to start it again`];
    }
    const same = one.running === before.running && one.finished === before.finished && one.stored === before.stored && one.note === before.note;
    return same || one.state !== "draining" ? [] : [`${one.dyno}: ${jobs}${note}`];
  }
};
function count(n, noun) {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
function lostJobs({ lost }) {
  return lost > 0 ? `; ${count(lost, "job")} ran in it and ${lost === 1 ? "is" : "are"} lost` : "";
}

// src/gate/complaint.ts
var BACK = "Nothing was pushed, and the clock is back at work.";
function refused(who) {
  const each = who.map(({ dyno, note }) => `${dyno} refused to drain${note ? `: ${note}` : ""}`);
  return new DeployError(
    "refused",
    `${each.join("; ")}. ${BACK}`,
    `Its drain handler failed. Look at the app's log around now: heroku logs --dyno ${who[0]?.dyno}. Mend the handler, or deploy once with skip-drain: true.`
  );
}
function notAcknowledged(who, timeoutMs) {
  const names = who.map(({ dyno, state, foreign }) => {
    if (foreign !== void 0) return `${dyno} (it speaks version ${foreign} of the drain protocol)`;
    return state === "silent" ? `${dyno} (not heard of any more)` : dyno;
  }).join(", ");
  if (who.some(({ foreign }) => foreign !== void 0)) {
    return new DeployError(
      "not-acknowledged",
      `${names} can't be asked by this deploy, which speaks version ${PROTOCOL_VERSION}. ${BACK}`,
      "Update the older one: the deploy-gate library in the app, or the version of this action in the workflow."
    );
  }
  return new DeployError(
    "not-acknowledged",
    `${names} did not accept the drain request within ${formatDuration(timeoutMs)}. ${BACK}`,
    "See whether the process is alive and reaches Redis: heroku ps, and heroku logs for lines of deploy-gate. If it is only slow, raise acknowledge-timeout."
  );
}
function missingClock(short, timeoutMs) {
  const each = short.map(
    ({ type, have, need }) => need === 1 ? `no ${type}` : `${have} of ${need} ${type} participants`
  );
  return new DeployError(
    "missing-clock",
    `${each.join(" and ")} took part within ${formatDuration(timeoutMs)}. Nothing was pushed, and who did take part goes back to work.`,
    "Check that the process runs (heroku ps), that it joins the gate with the same REDIS_URL and gate name, and that processes names its type. The first deploy of an app that has just gained a listener needs on-missing-clock: deploy."
  );
}
function drainTimeout(verdict, timeoutMs, forced) {
  const running = verdict.undrained.map(
    (one) => `${one.dyno} (${one.state === "silent" ? "not heard of any more" : `${count(one.running, "job")} running${one.note ? `, ${one.note}` : ""}`})`
  );
  const short = verdict.short.map(({ type, have, need }) => `${have} of ${need} ${type} participants present`);
  const advice = forced ? "The drain handler does not heed its signal: make it abort and store the jobs." : running.length > 0 ? "Raise drain-timeout above the longest job, or choose on-drain-timeout: force (jobs are aborted and stored) or deploy (jobs may be killed)." : "A process ended during the drain, and Heroku has not started it again: heroku ps and heroku logs tell why.";
  return new DeployError(
    "drain-timeout",
    `Not drained within ${formatDuration(timeoutMs)}${forced ? ", nor after they were told to abort" : ""}: ${[...running, ...short].join(", ")}.`,
    `Nothing was pushed, and the clock goes on. ${advice}`
  );
}
function neverOpened(why) {
  return new DeployError(
    "drain-timeout",
    `Everybody was drained, but the gate did not open: ${why}. ${BACK}`,
    "The connection between the named process and Redis is too slow or broken. Run the deploy again; if it repeats, look at the process: heroku logs."
  );
}
function leaseLost(why, asker) {
  const what = {
    missing: "The drain request is gone from Redis: it was restarted without its data, flushed, or the key was evicted.",
    superseded: `Another deploy took the gate over: ${describeAsker(asker)}.`,
    finished: "The drain was ended by somebody else, by the post step of this job or by hand.",
    lapsed: "The drain ran out before it could be renewed: this runner was stopped or cut off from Redis for too long.",
    unreachable: "Redis could not be reached for so long that the drain ran out."
  }[why];
  return new DeployError(
    "lease-lost",
    `${what} Held participants resume by themselves.`,
    "Run the deploy again. If it repeats, look at the Redis: its memory policy, its maintenance, its log."
  );
}
function clockNotSeen(types, waitMs, release) {
  return new DeployError(
    "clock-not-seen",
    `${release} is released, but no ${types.join(", no ")} of it joined the gate within ${formatDuration(waitMs)}.`,
    "The new clock may not be running. Look at it now: heroku ps and heroku logs. heroku rollback goes back. If it is only slow to boot, raise wait-for-clock."
  );
}
function clockUnknown(types, cause, release) {
  return new DeployError(
    "clock-not-seen",
    `${release} is released, but Redis could not be reached (${cause.message}), so it is not known whether its ${types.join(" and ")} runs.`,
    "Look at it now: heroku ps and heroku logs. heroku rollback goes back.",
    { cause }
  );
}
function blockers(who) {
  return who.slice(0, 10).map(describe).join(", ") + (who.length > 10 ? ` and ${who.length - 10} more` : "");
}
function describe({ why, dyno, type, detail }) {
  switch (why) {
    case "silent":
      return `${dyno} has not been heard of for ${formatDuration(Number(detail))}`;
    case "gone":
      return `${dyno} is gone from the roster`;
    case "short-hold":
      return `${dyno} is held for ${formatDuration(Number(detail))} only`;
    case "too-few":
      return `${detail.replace("/", " of ")} ${type} participants are held`;
    case "short-lease":
      return "the own lease is about to end";
    case "version":
      return `${dyno} speaks version ${detail} of the drain protocol`;
    case "unanswered":
      return `${dyno} has not answered`;
    default:
      return `${dyno} is ${why}`;
  }
}

// src/alarm.ts
var Alarm = class {
  #time;
  #rung = false;
  #waiting;
  constructor(time) {
    this.#time = time;
  }
  ring() {
    this.#rung = true;
    this.#waiting?.abort();
  }
  /** Resolves after `ms`, or at a ring. One wait at a time. */
  async wait(ms) {
    if (!this.#rung && ms > 0) {
      this.#waiting = new AbortController();
      const { signal } = this.#waiting;
      await this.#time.sleep(ms, signal).catch((error2) => {
        if (!signal.aborted) throw error2;
      });
      this.#waiting = void 0;
    }
    this.#rung = false;
  }
};

// src/gate/lease.ts
var Lease = class {
  #renew;
  #time;
  #log;
  #numbers;
  #stop = new AbortController();
  #onLost;
  #leaseMs;
  #until;
  #loss;
  /** @param sentAt when the request was sent that this lease came with: it is counted from there, never from its answer */
  constructor(renew2, { time, log, numbers, onLost }, sentAt, leftMs) {
    this.#renew = renew2;
    this.#time = time;
    this.#log = log;
    this.#numbers = numbers;
    this.#onLost = onLost;
    this.#leaseMs = numbers.drainLeaseMs;
    this.#until = sentAt + leftMs;
    void this.#keep();
  }
  /** Set once the lease is lost. */
  get loss() {
    return this.#loss;
  }
  /** ms that the lease lasts for sure; 0 when it is over. */
  get leftMs() {
    return Math.max(0, this.#until - this.#time.now());
  }
  /** The commit gave a longer one. */
  extended(sentAt, leftMs) {
    this.#leaseMs = this.#numbers.pushLeaseMs;
    this.#until = Math.max(this.#until, sentAt + leftMs);
  }
  /** No more renewals. */
  stop() {
    this.#stop.abort();
  }
  async #keep() {
    const { signal } = this.#stop;
    let delay = this.#numbers.renewEveryMs;
    for (; ; ) {
      try {
        await this.#time.sleep(delay, signal);
      } catch {
        return;
      }
      const sentAt = this.#time.now();
      try {
        const answer = await this.#renew(this.#leaseMs);
        if (signal.aborted) return;
        if (answer.kind === "lost") return this.#lose(answer.why, answer.asker);
        this.#until = sentAt + answer.leftMs;
        delay = this.#numbers.renewEveryMs;
      } catch (error2) {
        if (signal.aborted) return;
        if (this.leftMs === 0) return this.#lose("unreachable", "");
        this.#log.warning(
          `the drain could not be renewed (${error2.message}); it lasts another ${formatDuration(this.leftMs)} without`
        );
        delay = Math.min(this.#numbers.renewAgainMs, this.leftMs);
      }
    }
  }
  #lose(why, asker) {
    this.#loss = { why, asker };
    this.#until = this.#time.now();
    this.#onLost();
  }
};

// src/gate/outage.ts
var FOR_A_MOMENT = /^(LOADING|READONLY|MASTERDOWN|TRYAGAIN|CLUSTERDOWN|BUSY) /;
function isOutage(error2) {
  if (!(error2 instanceof Error) || error2 instanceof TypeError) return false;
  return error2.name !== "ReplyError" || FOR_A_MOMENT.test(error2.message);
}

// src/gate/contact.ts
var Contact = class {
  #around;
  #owner;
  #lease;
  #alarm;
  #startedAt;
  #ring = () => this.#alarm.ring();
  #ended = false;
  /** @param sentAt when the request was sent that the lease of `leftMs` came with */
  constructor(around, owner, sentAt, leftMs) {
    this.#around = around;
    this.#owner = owner;
    this.#startedAt = sentAt;
    this.#alarm = new Alarm(around.time);
    const { time, log, numbers } = around;
    const renewal = (leaseMs) => renew(around.host, around.keys, owner, leaseMs);
    this.#lease = new Lease(renewal, { time, log, numbers, onLost: this.#ring }, sentAt, leftMs);
  }
  /** Lets reports of participants and the end of the deploy cut waits short. */
  async begin() {
    await this.#around.listen(this.#ring);
    this.#around.signal.addEventListener("abort", this.#ring);
  }
  /** ms since the request. */
  get elapsedMs() {
    return this.#around.time.now() - this.#startedAt;
  }
  get lease() {
    return this.#lease;
  }
  /** whether the drain was finished from here */
  get ended() {
    return this.#ended;
  }
  /**
   * Ends the drain: no more renewals, and a lost lease is no error any more. Never rejects.
   * @returns whether it was this deploy's to end, and the server knows
   */
  async finish(ending) {
    const { host, keys, log } = this.#around;
    const { leftMs } = this.#lease;
    this.#ended = true;
    this.#lease.stop();
    try {
      const answer = await finish(host, keys, this.#owner, ending);
      if (answer === "not-ours")
        log.warning("the drain was not this deploy's any more when it ended, so nothing was changed");
      return answer !== "not-ours";
    } catch (error2) {
      log.warning(
        `Redis could not be told that the drain is ${ending} (${error2.message}); held participants resume by themselves within ${formatDuration(leftMs)}`
      );
      return false;
    }
  }
  close() {
    this.#lease.stop();
    this.#around.signal.removeEventListener("abort", this.#ring);
  }
  /** Who takes part now. @param untilMs as in `insist` */
  read(untilMs) {
    return this.insist(() => look(this.#around.host, this.#around.keys), untilMs);
  }
  /**
   * Does `work`, and again while Redis is away: how long that may last is the lease's to say, or `untilMs`, in ms since the request.
   * @throws DeployError (`lease-lost`); the outage's own error when `untilMs` is over
   */
  async insist(work, untilMs = Number.POSITIVE_INFINITY) {
    for (; ; ) {
      this.#check();
      try {
        const result = await work();
        this.#check();
        return result;
      } catch (error2) {
        this.#check();
        if (!isOutage(error2) || this.elapsedMs >= untilMs) throw error2;
        await this.pause(this.#around.numbers.renewAgainMs);
      }
    }
  }
  /**
   * Waits for a report, `ms` at the longest.
   * @throws DeployError (`lease-lost`)
   */
  async pause(ms) {
    await this.wait(ms);
    this.#check();
  }
  /** As `pause`, but whatever became of lease and deploy. */
  wait(ms) {
    return this.#alarm.wait(ms);
  }
  #check() {
    this.#around.signal.throwIfAborted();
    const { loss } = this.#lease;
    if (loss && !this.#ended) throw leaseLost(loss.why, loss.asker);
  }
};

// src/gate/successor.ts
function successors({ rows, now }, types, epoch, release) {
  const schedules = rows.filter(
    (row) => row.state === "running" && isAlive(row, now) && (row.after === epoch || row.release === release)
  );
  return types.map((type) => {
    const row = schedules.find((one) => one.type === type);
    return { type, ...row && { dyno: row.dyno } };
  });
}

// src/gate/verdict.ts
function judge(participants2, terms, nowMs) {
  const present = participants2.filter((one) => one.state !== "exited" && !isReplaced(one, participants2));
  const undrained = present.filter((one) => one.state !== "drained");
  const short = [];
  const missing = [];
  for (const { type, atLeast, demanded } of terms.asked) {
    const have = present.filter((one) => one.type === type && one.state !== "silent").length;
    const atRequest = participants2.filter((one) => one.type === type && one.fromStart).length;
    const need = Math.max(atLeast, atRequest);
    if (have >= need) continue;
    const forgivable = terms.onMissingClock === "deploy" && have === 0 && !demanded;
    short.push({ type, have, need, forgivable });
    if (atRequest < atLeast && nowMs >= terms.acknowledgeTimeoutMs)
      missing.push({ type, have, need, forgivable });
  }
  return {
    refused: present.filter((one) => one.state === "failed"),
    late: undrained.filter(
      (one) => one.acceptedMs === void 0 && nowMs >= one.seenMs + terms.acknowledgeTimeoutMs
    ),
    undrained,
    short,
    missing
  };
}
function isReplaced(one, participants2) {
  return one.state === "silent" && participants2.some(
    (other) => other.dyno === one.dyno && other.seenMs > one.seenMs && other.state !== "silent"
  );
}

// src/gate/hold.ts
var CANCELLED_WATCH_MS = 2e3;
var Hold = class {
  owner;
  #around;
  #terms;
  #progress;
  #contact;
  /** types nobody takes part with, and that is accepted */
  #forgiven = /* @__PURE__ */ new Set();
  constructor(around, owner, terms, sentAt, leftMs) {
    this.owner = owner;
    this.#around = around;
    this.#terms = terms;
    this.#progress = new Progress(owner.epoch, this.#types);
    this.#contact = new Contact(around, owner, sentAt, leftMs);
  }
  /** Starts listening. */
  async begin() {
    await this.#contact.begin();
    await this.#look();
  }
  get participants() {
    return this.#progress.participants;
  }
  /** ms since the request. */
  get elapsedMs() {
    return this.#contact.elapsedMs;
  }
  /** How long no asked participant was scheduling; still counting while that lasts. */
  get quietMs() {
    return this.#progress.quietMs(this.elapsedMs);
  }
  /**
   * Waits until everybody is drained. Resolves with true, or with false when the time was up and the terms say to deploy anyway.
   * @throws DeployError (`missing-clock`, `not-acknowledged`, `refused`, `drain-timeout`, `lease-lost`)
   */
  async drained() {
    const { onDrainTimeout, drainTimeoutMs, acknowledgeTimeoutMs } = this.#terms;
    const { log, numbers } = this.#around;
    let deadline = drainTimeoutMs;
    let forced = false;
    for (; ; ) {
      await this.#look();
      const verdict = this.#judge();
      if (verdict.refused.length > 0) throw refused(verdict.refused);
      if (verdict.late.length > 0) throw notAcknowledged(verdict.late, acknowledgeTimeoutMs);
      const fatal = verdict.missing.filter(({ forgivable }) => !forgivable);
      if (fatal.length > 0) throw missingClock(fatal, acknowledgeTimeoutMs);
      this.#forgive(verdict.missing.map(({ type }) => type));
      const short = verdict.short.filter(({ type }) => !this.#forgiven.has(type));
      if (verdict.undrained.length === 0 && short.length === 0) return true;
      if (this.elapsedMs >= deadline) {
        const late = drainTimeout(verdict, drainTimeoutMs, forced);
        if (onDrainTimeout === "deploy") {
          log.warning(
            `${late.message} Pushing all the same, as on-drain-timeout: deploy says: what runs may be killed.`
          );
          return false;
        }
        if (onDrainTimeout === "fail" || forced) throw late;
        log.warning(
          `${late.message} Telling the participants to abort what runs and store it, as on-drain-timeout: force says.`
        );
        await this.#force();
        forced = true;
        deadline = this.elapsedMs + numbers.forceGraceMs;
      }
      await this.#contact.pause(Math.min(numbers.lookEveryMs, Math.max(0, deadline - this.elapsedMs)));
    }
  }
  /**
   * Opens the gate, if the server agrees that everybody is held long enough: from here on the push may begin.
   * @param anyway open it whoever is not drained
   * @throws DeployError (`drain-timeout`, `lease-lost`)
   */
  async commit(anyway = false) {
    const { host, keys, numbers, log, time } = this.#around;
    const asked = new Map(
      this.#terms.asked.map(({ type, atLeast }) => [type, this.#forgiven.has(type) ? 0 : atLeast])
    );
    const deadline = this.elapsedMs + numbers.marginMs;
    let told = "";
    for (; ; ) {
      let sentAt = time.now();
      const { marginMs, pushLeaseMs } = numbers;
      const answer = await this.#contact.insist(() => {
        sentAt = time.now();
        return commit(host, keys, this.owner, { marginMs, pushLeaseMs, asked, anyway });
      });
      if (answer.kind === "granted") {
        this.#contact.lease.extended(sentAt, answer.leftMs);
        return;
      }
      if (answer.kind === "lost") throw leaseLost(answer.why, answer.asker);
      const why = blockers(answer.blockers);
      const news = answer.blockers.map(({ id, type, why: why2 }) => `${id} ${type} ${why2}`).sort().join();
      if (news !== told) log.info(`the gate stays shut: ${why}`);
      told = news;
      if (answer.blockers.some(({ why: why2 }) => why2 === "failed")) await this.drained();
      if (this.elapsedMs >= deadline) throw neverOpened(why);
      await this.#contact.pause(Math.min(numbers.lookEveryMs, 1e3));
      await this.#look();
    }
  }
  /** What a person should know about the hold while the push runs; empty when all is well. */
  async concerns() {
    const { loss } = this.#contact.lease;
    if (loss) return [leaseLost(loss.why, loss.asker).message];
    const view = await look(this.#around.host, this.#around.keys);
    return this.#progress.update(view, this.elapsedMs).filter(({ of }) => of.state === "running" || of.state === "failed" || of.state === "silent").map(({ line }) => `${line}, while the push runs`);
  }
  /** The new release runs: the held participants stay quiet for their SIGTERM. Never rejects: by now the deploy has happened. */
  async release() {
    await this.#contact.finish("released");
  }
  /**
   * Waits until a participant that booted after the commit is seen for each asked process type.
   * @returns the dynos that were seen
   * @throws DeployError (`clock-not-seen`)
   */
  async successor(waitMs, release) {
    const deadline = this.elapsedMs + waitMs;
    for (; ; ) {
      const view = await this.#contact.read(deadline).catch((error2) => {
        throw isOutage(error2) ? clockUnknown(this.#types, error2, release) : error2;
      });
      const seen = successors(view, this.#types, this.owner.epoch, release);
      const dynos = seen.flatMap(({ dyno }) => dyno ?? []);
      if (dynos.length > 0) this.#progress.quietEnded(this.elapsedMs);
      const missing = seen.flatMap(({ type, dyno }) => dyno === void 0 ? type : []);
      if (missing.length === 0) return dynos;
      if (this.elapsedMs >= deadline) throw clockNotSeen(missing, waitMs, release);
      await this.#contact.pause(
        Math.min(this.#around.numbers.lookEveryMs, Math.max(0, deadline - this.elapsedMs))
      );
    }
  }
  /** Gives the participants back to their schedules, unless the drain was released, and watches them resume. Never rejects. */
  async [Symbol.asyncDispose]() {
    if (!this.#contact.ended && await this.#contact.finish("aborted")) await this.#seeResumed();
    this.#contact.close();
  }
  async #seeResumed() {
    const { host, keys, log, numbers, time, signal } = this.#around;
    const held = () => this.participants.filter(
      (one) => one.acceptedMs !== void 0 && (one.state === "draining" || one.state === "drained")
    );
    const until = time.now() + (signal.aborted ? CANCELLED_WATCH_MS : numbers.resumeWatchMs);
    while (held().length > 0 && time.now() < until) {
      try {
        this.#tell(await look(host, keys));
      } catch {
        break;
      }
      if (held().length > 0) await this.#contact.wait(Math.min(250, numbers.lookEveryMs));
    }
    for (const one of held())
      log.warning(
        `${one.dyno} was told to go on and has not said that it does yet; it resumes by itself when its lease ends`
      );
    if (held().length === 0) this.#progress.quietEnded(this.elapsedMs);
  }
  async #force() {
    const answer = await this.#contact.insist(() => force(this.#around.host, this.#around.keys, this.owner));
    if (answer.kind === "lost") throw leaseLost(answer.why, answer.asker);
  }
  #forgive(types) {
    const more = types.filter((type) => !this.#forgiven.has(type));
    if (more.length === 0) return;
    this.#around.log.warning(
      `nobody takes part for ${more.join(", ")}; deploying all the same, as on-missing-clock: deploy says`
    );
    this.#forgiven = /* @__PURE__ */ new Set([...this.#forgiven, ...more]);
  }
  get #types() {
    return this.#terms.asked.map(({ type }) => type);
  }
  #judge() {
    return judge(this.participants, this.#terms, this.elapsedMs);
  }
  async #look() {
    this.#tell(await this.#contact.read());
  }
  #tell(view) {
    for (const { line } of this.#progress.update(view, this.elapsedMs)) this.#around.log.info(line);
  }
};

// src/gate/gate.ts
function newDeployId() {
  return randomUUID();
}
async function inspectGate(around, gateName, asker, types) {
  const view = await look(around.host, around.keys);
  if (view.intent && isInForce(view)) {
    throw busy(view.intent.asker, view.intent.expiry - view.now);
  }
  const rows = view.rows.filter((row) => isAlive(row, view.now) && types.includes(row.type));
  for (const row of rows) {
    if (row.v !== PROTOCOL_VERSION) {
      throw new DeployError(
        "preflight-failed",
        `${row.dyno} speaks version ${row.v} of the drain protocol, this action version ${PROTOCOL_VERSION}.`,
        "Update the older one: the deploy-gate library in the app, or the version of this action in the workflow."
      );
    }
    if (row.app !== void 0 && row.app !== asker.app) {
      throw new DeployError(
        "preflight-failed",
        `${row.dyno} at the gate "${gateName}" belongs to the app ${row.app}, and this deploy is for ${asker.app}.`,
        "Apps that share one Redis need a gate each: set gate-name here and DEPLOY_GATE_NAME in the app to the same name."
      );
    }
  }
  return rows;
}
async function acquireGate(around, id, terms, asker, replaces) {
  const { host, keys, numbers, time } = around;
  const { now } = await look(host, keys);
  const sentAt = time.now();
  const answer = await acquire(host, keys, {
    id,
    leaseMs: numbers.drainLeaseMs,
    notAfter: now + numbers.requestValidMs,
    asker: JSON.stringify(asker),
    replaces,
    asked: new Map(terms.asked.map(({ type, atLeast }) => [type, atLeast]))
  });
  switch (answer.kind) {
    case "granted": {
      const hold = new Hold(around, { id, epoch: answer.epoch }, terms, sentAt, answer.leftMs);
      try {
        await hold.begin();
      } catch (error2) {
        await hold[Symbol.asyncDispose]();
        throw error2;
      }
      return hold;
    }
    case "busy":
      throw busy(answer.asker, answer.leftMs);
    case "version":
      throw new DeployError(
        "preflight-failed",
        `A deploy that speaks version ${answer.theirs} of the drain protocol holds the gate; this action speaks ${PROTOCOL_VERSION}.`,
        "Wait for it to end, and let all workflows use one version of this action."
      );
    default:
      throw new DeployError(
        "preflight-failed",
        "The drain request reached Redis too late to be valid, so nobody was asked.",
        "The connection to Redis is very slow or was interrupted: run the deploy again."
      );
  }
}
function isInForce({ intent, now }) {
  return intent !== void 0 && (intent.phase === "draining" || intent.phase === "pushing") && intent.expiry > now;
}
function busy(asker, leftMs) {
  return new DeployError(
    "busy",
    `Another deploy holds the gate: ${describeAsker(asker)}. Its lease ends in ${formatDuration(leftMs)} unless it is renewed.`,
    "Wait for it to end and run this one again. A concurrency group in the workflow queues deploys by itself: concurrency: { group: deploy, cancel-in-progress: false }."
  );
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
  failed(error2) {
    if (error2 instanceof DeployError)
      return this.#report(error2.outcome, `${error2.message}${this.#aftermath(error2)}`, error2.next);
    const message = error2 instanceof Error ? error2.message : String(error2);
    return this.#report(
      "failed",
      `Something unexpected went wrong while ${STAGES[this.stage]}: ${message}${this.#aftermath()}`,
      "Please report it with the log of this run: it is a fault of this action, or a situation that it does not know."
    );
  }
  /** What a stop from outside leaves behind, which the error itself can't know. */
  #aftermath(error2) {
    if (error2 && error2.outcome !== "cancelled" && error2.outcome !== "deploy-timeout") return "";
    switch (this.stage) {
      case "preflight":
        return " Nobody was asked to drain, and nothing was pushed.";
      case "draining":
        return " Nothing was pushed, and the clock goes on.";
      case "pushing":
        return ` The push was ended here, but Heroku may still build and release it: heroku releases --app ${this.#plan.app} tells. The old clock goes on until then, and would get SIGTERM without a drain.`;
      case "verifying":
        return ` The push went through; its release was not verified: heroku releases --app ${this.#plan.app} tells. The old clock goes on until it is replaced.`;
      case "released":
        return ` ${this.release} is released; the new clock was not waited for.`;
    }
  }
  #report(outcome, message, next) {
    const participants2 = (this.#hold?.participants ?? []).map(describe2);
    const drained = this.#hold?.participants.flatMap(({ drainedMs }) => drainedMs ?? []) ?? [];
    const quietMs = this.#hold?.quietMs;
    const sum = (field) => participants2.reduce((total, one) => total + one[field], 0);
    return {
      outcome,
      message,
      next,
      app: this.#plan.app,
      participants: participants2,
      ...drained.length > 0 && { drainSeconds: seconds(Math.max(...drained)) },
      ...quietMs !== void 0 && { quietSeconds: seconds(quietMs) },
      jobsFinished: sum("finished"),
      jobsStored: sum("stored"),
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
function describe2(one) {
  const { id, dyno, type, state, finished, stored, lost, note, acceptedMs, drainedMs, seenMs } = one;
  return {
    id,
    dyno,
    type,
    state,
    finished,
    stored,
    lost,
    ...acceptedMs !== void 0 && { acceptedSeconds: seconds(acceptedMs - seenMs) },
    ...drainedMs !== void 0 && { drainedSeconds: seconds(drainedMs - seenMs) },
    ...note !== void 0 && { note }
  };
}
function seconds(ms) {
  return Math.round(ms / 100) / 10;
}

// src/deploy/watch.ts
var EVERY_MS = 15e3;
async function during(work, concerns, log, time) {
  const done = new AbortController();
  const told = /* @__PURE__ */ new Set();
  const watch = async () => {
    for (; ; ) {
      await time.sleep(EVERY_MS, done.signal);
      for (const line of await concerns().catch(() => [])) {
        if (!told.has(line)) log.warning(line);
        told.add(line);
      }
    }
  };
  const watching = watch().catch(() => {
  });
  try {
    return await work();
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
  } catch (error2) {
    return story.failed(signal.aborted ? signal.reason : error2);
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
      () => openServer(plan, { ...around, log: story.log, signal, configVar: heroku.configVar })
    ), true);
    const asker = askerOf(plan, target.commit);
    const gate = { ...server.around, log: story.log };
    const types = plan.processes.map(({ type }) => type);
    const there = await inspectGate(gate, plan.gateName, asker, types);
    story.log.info(
      there.length > 0 ? `taking part: ${there.map(({ dyno }) => dyno).join(", ")}` : `nobody takes part yet as ${types.join(" or ")}`
    );
    const id = newDeployId();
    around.remember({ id, fingerprint: server.fingerprint });
    story.stage = "draining";
    const hold = __using(_stack, await acquireGate(gate, id, termsOf(plan), asker, target.currentRelease ?? ""), true);
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
          story.log.info(`${seen.join(", ")} of the new release ${seen.length === 1 ? "is" : "are"} scheduling`);
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
function termsOf(plan) {
  const { processes, acknowledgeTimeoutMs, drainTimeoutMs, onDrainTimeout, onMissingClock } = plan;
  return { asked: processes, acknowledgeTimeoutMs, drainTimeoutMs, onDrainTimeout, onMissingClock };
}
function askerOf({ asker, app }, commit2) {
  return { ...asker, app, commit: commit2 };
}
function outOfTime({ deployTimeoutMs }) {
  return new DeployError(
    "deploy-timeout",
    `The deploy was not done within ${formatDuration(deployTimeoutMs)}.`,
    "Look at what took so long in this log. If it is right to take so long, raise deploy-timeout."
  );
}

// src/action/outputs.ts
function writePessimisticOutputs(setOutput2) {
  write({ outcome: "cancelled", participants: [], jobsFinished: 0, jobsStored: 0 }, setOutput2);
}
function writeOutputs(report2, setOutput2) {
  write(report2, setOutput2);
}
function write(report2, setOutput2) {
  setOutput2("outcome", report2.outcome);
  setOutput2("drained", JSON.stringify(report2.participants));
  setOutput2("drain-seconds", String(report2.drainSeconds ?? ""));
  setOutput2("quiet-seconds", String(report2.quietSeconds ?? ""));
  setOutput2("jobs-finished", String(report2.jobsFinished));
  setOutput2("jobs-stored", String(report2.jobsStored));
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
  return `${chartName(name)} ${seconds3} s :${style}${Math.round(fromMs)}, ${Math.round(Math.max(toMs, fromMs + leastMs))}`;
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
function facts({ commit: commit2, release, url, drainSeconds, quietSeconds, ...report2 }) {
  const rows = [
    ["Commit", commit2 && `<code>${markdown(commit2.slice(0, 12))}</code>`],
    ["Release", release && markdown(release)],
    ["App", url && `<${encodeURI(url)}>`],
    ["Drained in", drainSeconds === void 0 ? void 0 : formatDuration(drainSeconds * 1e3)],
    ["Clock quiet for", quietSeconds === void 0 ? void 0 : formatDuration(quietSeconds * 1e3)],
    ["Jobs finished", report2.participants.length > 0 ? String(report2.jobsFinished) : void 0],
    ["Jobs stored", report2.participants.length > 0 ? String(report2.jobsStored) : void 0]
  ];
  const shown = rows.filter(([, value]) => value);
  if (shown.length === 0) return [];
  return [["| | |", "|---|---|", ...shown.map(([name, value]) => `| ${name} | ${value} |`)].join("\n")];
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
      one.finished,
      one.stored,
      one.lost,
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
} catch (error2) {
  const { outcome, message, next } = asDeployError(error2);
  const nothing = { app: "", participants: [], jobsFinished: 0, jobsStored: 0, warnings: [], spans: [] };
  await report({ ...nothing, outcome, message, next });
}
async function report(report2) {
  writeOutputs(report2, setOutput);
  const { outcome, message, next } = report2;
  if (SUCCESSES.includes(outcome)) actionsLog.info(message);
  else {
    error(`${message}
${next}`, { title: `Deploy: ${outcome}` });
    process.exitCode = ExitCode.Failure;
  }
  try {
    await summary.addRaw(renderSummary(report2), true).write();
  } catch (error2) {
    actionsLog.warning(`the summary could not be written: ${error2.message}`);
  }
}
function asDeployError(error2) {
  if (error2 instanceof DeployError) return error2;
  const message = error2 instanceof Error ? error2.message : String(error2);
  return new DeployError(
    "failed",
    `Something unexpected went wrong: ${message}`,
    "Please report it with the log of this run.",
    { cause: error2 }
  );
}
