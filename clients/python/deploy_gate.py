"""Takes part in the app's gate, so that a deploy to Heroku waits for the jobs that this process runs.

    import deploy_gate
    deploy_gate.guard_apscheduler(scheduler)   # before scheduler.start()

or, for a schedule of one's own:

    deploy_gate.join(drain=stop_and_wait, resume=start_again)

One file, Python 3.9 or newer, needs only the package `redis`. The protocol: docs/protocol.md of heroku-deploy-gate.
Times are milliseconds unless a name says otherwise.
"""

import binascii
import collections
import hashlib
import inspect
import json
import math
import os
import random
import re
import signal
import threading
import time
import urllib.parse
import uuid
from datetime import datetime

import redis

__all__ = ["join", "guard_apscheduler", "Participation", "DrainContext", "Guard"]

__version__ = "0.1.0"
PROTOCOL_VERSION = "1"

# Why each is what it is: docs/protocol.md, Numbers.
# This client can't hear the doorbell: before RESP3 a connection that listens can't send, and a second one is not worth it.
_IDLE_BEAT = 10_000
_DRAINING_BEAT = 3_000
_HELD_BEAT = 5_000
_PUSHING_BEAT = (5_000, 60_000)
_QUIET_AFTER_RELEASE = 90_000
_QUIET_BEAT = 10_000
_MAX_HOLD = 3_600_000
_BOOT_BARRIER = 5_000
_FORCE_AFTER_SIGTERM = 20_000
_FAREWELL = 2_000
# The first row of a drain waits so long for what its handler, in a thread of its own, says of the running jobs.
_FIRST_WORD = 200
_NOTE_LENGTH = 200

_GATE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_GATE_NAME_RULE = "1 to 64 letters, digits, dots, dashes or underscores, the first a letter or digit"
_REDIS_URL_RULE = "redis://[user:password@]host[:port][/db], or rediss:// for TLS; docs/redis.md has the forms for Sentinel and Cluster"
_SENTINEL_URL_RULE = "redis+sentinel://[user:password@]host[:26379][,host[:26379]...]/<primary name>[/<db>], or rediss+sentinel:// for TLS"
_CLUSTER_URL_RULE = "redis+cluster://[user:password@]host[:6379][,host[:6379]...], or rediss+cluster:// for TLS"
_SCHEMES = ("redis://", "rediss://", "redis+sentinel://", "rediss+sentinel://", "redis+cluster://", "rediss+cluster://")
# A sentinel or a node that is asked for the way does not answer, as often as not because it fell together with the primary.
_LOOKUP_SECONDS = 2
_SLOTS = 16384

# --- beat.lua: begin (written by script/clients.ts; do not edit)
_BEAT = r"""-- Put before every script. Times are the server's own, in milliseconds.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local now_us = string.format('%.0f', clock[1] * 1000000 + clock[2])

local VERSION = '1'
-- What no listener and no deployer writes is not believed: it would hold a gate for good. A row is forgotten after so many ms, no lease
-- lasts longer than half of this, and an epoch is at most a century ahead, in microseconds: clocks have been that wrong.
local FORGOTTEN, LONGEST_LEASE, FARTHEST, SET_BACK = 600000, 7200000, 3155760000000000, 10000
-- Bytes. A row that a beat has written is encoded anew, with six bytes for some characters.
local LONGEST_ID, LONGEST_ROW = 512, 32768

-- Fields of the intent by name; a missing field is false.
local function intent_fields(key, ...)
  local names, fields = { ... }, {}
  for index, value in ipairs(redis.call('HMGET', key, ...)) do
    fields[names[index]] = value
  end
  return fields
end

local function in_force(intent)
  local expiry = tonumber(intent.expiry) or 0
  return (intent.phase == 'draining' or intent.phase == 'pushing') and expiry > now and expiry <= now + LONGEST_LEASE
end

local function is_epoch(text)
  return text and string.match(text, '^%d+$') and tonumber(text) < tonumber(now_us) + FARTHEST
end

-- The phase as the server sees it: an unfinished intent that ran out has lapsed.
local function phase_of(intent)
  if intent.phase == 'draining' or intent.phase == 'pushing' then
    return in_force(intent) and intent.phase or 'lapsed'
  end
  return (intent.phase == 'released' or intent.phase == 'aborted') and intent.phase or ''
end

-- A server's clock may have been set back since, though not by so much.
local function is_time(value)
  return type(value) == 'number' and value >= 0 and value <= now + FORGOTTEN
end

-- nil for anything that is not a row: one broken row must not stop a gate. Every version of the protocol keeps these fields,
-- so that a row of another one is told apart and not misread.
local function decode_row(text)
  if not text or #text > LONGEST_ROW then
    return nil
  end
  local ok, row = pcall(cjson.decode, text)
  if not ok or type(row) ~= 'table' or type(row.type) ~= 'string' or type(row.dyno) ~= 'string'
    or type(row.state) ~= 'string' or not is_time(row.seen) or not is_time(row.joined)
    or type(row['until']) ~= 'number' or not (row['until'] >= 0) then
    return nil
  end
  row['until'] = math.min(row['until'], row.seen + FORGOTTEN)
  return row
end

-- participant id -> row
local function read_roster(key)
  local rows, flat = {}, redis.call('HGETALL', key)
  for index = 1, #flat, 2 do
    if #flat[index] <= LONGEST_ID then
      rows[flat[index]] = decode_row(flat[index + 1])
    end
  end
  return rows
end

local function alive(row)
  return row.state ~= 'exited' and row['until'] >= now
end

-- Dyno name -> the latest time at which a participant that is alive joined under it.
local function latest_joins(rows)
  local joins = {}
  for _, row in pairs(rows) do
    if alive(row) and row.joined > (joins[row.dyno] or 0) then
      joins[row.dyno] = row.joined
    end
  end
  return joins
end

-- Not heard of since another boot of the same dyno joined: that boot took its place.
local function replaced(row, joins)
  return (joins[row.dyno] or 0) > row.joined and row.seen < joins[row.dyno]
end

-- Why an intent is not ours to write any more; nil while it is.
local function lost(intent, id, epoch)
  if not intent.id then
    return 'missing'
  end
  if intent.id ~= id or intent.epoch ~= epoch then
    return 'superseded'
  end
  if intent.phase ~= 'draining' and intent.phase ~= 'pushing' then
    return 'finished'
  end
  if not in_force(intent) then
    return 'lapsed'
  end
  -- The lease was given before now, by a clock that was set back since: nobody can tell how long the holds last that it told of. Less
  -- than a margin does no harm.
  if (tonumber(intent.given) or 0) > now + SET_BACK then
    return 'set-back'
  end
  return nil
end

-- A participant's one call: heartbeat, acknowledgement, and "is a drain in force for me?".
-- KEYS: intent, roster
-- ARGV: participant id, row (JSON), ms until its next beat at the latest, '1' until it has had its first answer, reports
-- Replies: version of the intent, now, epoch, phase, ms left, expiry, addressed, force, newer
local id, text, every, first, reports = unpack(ARGV)
if #text > 4096 or #id > LONGEST_ID then
  return redis.error_reply('ROWSIZE a participant row has at most 4096 bytes, and its id 512')
end
local row = cjson.decode(text)
local known = redis.call('HGET', KEYS[2], id)
known = known and decode_row(known) or nil
local memo = 'newer:' .. row.type .. ':' .. (type(row.release) == 'string' and row.release or '')
local intent = intent_fields(KEYS[1], 'v', 'id', 'epoch', 'phase', 'expiry', 'replaces', 'force', 'boots', memo,
  'type:' .. row.type, 'target:' .. id)
-- Participants put it in their logs as it comes.
local spoken = string.sub(string.match(intent.v or VERSION, '^[%w._-]+$') or '?', 1, 32)
if spoken ~= VERSION or not is_epoch(intent.epoch) then
  -- Its words may mean something else here: it addresses nobody, and its version says why. And nobody must answer an epoch after which
  -- no other is higher.
  intent = {}
end
local phase = phase_of(intent)
local asked, addressed = intent['type:' .. row.type], intent['target:' .. id]
local same_release = row.release and row.release == intent.replaces

-- A boot of the release that is being replaced joins the drain; any other boot after the commit is its successor.
if asked and not addressed and row.state ~= 'exited' and (phase == 'draining' or (phase == 'pushing' and same_release)) then
  redis.call('HSET', KEYS[1], 'target:' .. id, row.dyno)
  addressed = row.dyno
end
row.joined = known and known.joined or now
row.after = known and known.after or nil
if not known and first == '1' and not addressed and (phase == 'pushing' or phase == 'released') then
  row.after = intent.epoch
end
row.seen = now
-- Three beats may be missed, and never less than ten seconds, before a participant counts as silent.
row['until'] = row.state == 'exited' and now or now + math.min(math.max(3 * every, 10000), FORGOTTEN)
redis.call('HSET', KEYS[2], id, cjson.encode(row))

-- In a large roster only one boot in 64 looks for rows to remove: each look reads all of them.
local size = known and 0 or redis.call('HLEN', KEYS[2])
if not known and (size < 64 or size % 64 == 0) then
  for participant, other in pairs(read_roster(KEYS[2])) do
    if other['until'] < now - FORGOTTEN and redis.call('HEXISTS', KEYS[1], 'target:' .. participant) == 0 then
      redis.call('HDEL', KEYS[2], participant)
    end
  end
end
if not known or known.state ~= row.state or known.epoch ~= row.epoch or known.running ~= row.running
  or known.finished ~= row.finished or known.stored ~= row.stored or known.note ~= row.note then
  redis.call('PUBLISH', reports, 'look')
end

-- An old participant must not resume beside a newer release: look for one only when that can come. Whether there is one changes with
-- a boot, a return from silence, or the end of the one that was found: between those the look of one beat serves all the others, or
-- a thousand held participants would each read a thousand rows.
local newer = 0
if phase == 'released' and (not known or not alive(known)) then
  intent.boots = string.format('%d', (tonumber(intent.boots) or 0) + 1)
  redis.call('HSET', KEYS[1], 'boots', intent.boots)
end
if addressed and phase == 'released' then
  local function number_of(release)
    return tonumber(string.match(type(release) == 'string' and release or '', '^v(%d+)$'))
  end
  local ours = number_of(row.release)
  local function is_newer(participant, other)
    local theirs = number_of(other.release)
    return participant ~= id and other.type == row.type and alive(other)
      and (other.after == intent.epoch or (ours and theirs and theirs > ours))
  end
  local boots, found = string.match(intent[memo] or '', '^(%d+):(.*)$')
  local there = found and found ~= '' and decode_row(redis.call('HGET', KEYS[2], found))
  if there and is_newer(found, there) then
    newer = 1
  elseif found ~= '' or boots ~= (intent.boots or '0') then
    found = ''
    for participant, other in pairs(read_roster(KEYS[2])) do
      if is_newer(participant, other) then
        newer, found = 1, participant
        break
      end
    end
    redis.call('HSET', KEYS[1], memo, (intent.boots or '0') .. ':' .. found)
  end
end
local left = in_force(intent) and intent.expiry - now or 0
return { spoken, now, intent.epoch or '', phase, left, tonumber(intent.expiry) or 0, addressed and 1 or 0, intent.force == '1' and 1 or 0, newer }
"""
# --- beat.lua: end

_BEAT_SHA = hashlib.sha1(_BEAT.encode()).hexdigest()


def _now():
    """Milliseconds on a clock that never steps back."""
    return time.monotonic() * 1000


def _one_line(text):
    return " ".join(str(text).split())[:_NOTE_LENGTH]


def _sturdy(log):
    """`log`, but for what it raises: a log that is closed must not stop a clock."""

    def say(line):
        try:
            log(line)
        except Exception:
            pass

    return say


def _above(a, b):
    """Whether epoch `a` is above epoch `b`. Both are digits, too many of them for a float."""
    return int(a or 0) > int(b or 0)


class _Reply:
    """The answer to a beat, place by place as docs/protocol.md lists it."""

    def __init__(self, raw):
        (self.version, self.now, self.epoch, self.phase, self.left, self.expiry) = raw[:6]
        self.addressed, self.force, self.newer = (flag == 1 for flag in raw[6:9])

    @property
    def in_force(self):
        return self.addressed and self.left > 0 and self.phase in ("draining", "pushing")


class _Machine:
    """What the participant is, brought in line with the intent that each beat shows. Its methods return what is to be done."""

    def __init__(self):
        self.state = "booting"
        self.epoch = None
        self._highest = None
        self._capped = None
        self._leaving = False
        self._forget()

    def _forget(self):
        self._forced = False
        self._pushing = False
        self._quiet_until = None
        self._newer_seen = False
        self._left = 0
        self._lapse_at = math.inf
        self._cap_at = math.inf
        self._hold = None

    @property
    def quiet(self):
        return self.state in ("draining", "drained")

    @property
    def standing(self):
        row = {"state": self.state}
        if self.epoch is not None:
            row["epoch"] = self.epoch
            if self._hold is not None:
                row["hold"] = self._hold
        return row

    @property
    def beat_every(self):
        if not self.quiet:
            return _IDLE_BEAT
        if self._quiet_until is not None:
            return _QUIET_BEAT
        if self.state == "draining":
            return _DRAINING_BEAT
        if not self._pushing:
            return _HELD_BEAT
        least, most = _PUSHING_BEAT
        return min(most, max(least, self._left / 3))

    @property
    def expires_at(self):
        if not self.quiet or self._leaving:
            return math.inf
        if self._quiet_until is not None:
            # Beats go on after a release, and each decides; this is for a server that went away meanwhile.
            return math.inf if self._newer_seen else self._quiet_until + _HELD_BEAT
        return min(self._lapse_at, self._cap_at)

    def answered(self, reply, now):
        stale = _above(self._highest, reply.epoch)
        if self._leaving:
            if reply.in_force and self.quiet and not stale:
                self._bind(reply, now)
            return []
        if self.quiet:
            return self._answered_while_quiet(reply, now)
        if self.state == "failed":
            if reply.in_force and reply.epoch == self.epoch:
                return []
            self.epoch = None
            self.state = "running"
        if reply.in_force and not stale and reply.epoch != self._capped:
            # At boot nothing runs yet, so there is nothing to drain: it is held at once.
            booting = self.state == "booting"
            self.state = "drained" if booting else "draining"
            self._cap_at = now + _MAX_HOLD
            self._bind(reply, now)
            if booting:
                return []
            self._forced = reply.force
            return ["drain", "force"] if reply.force else ["drain"]
        self.state = "running"
        return []

    def _answered_while_quiet(self, reply, now):
        # Missing, or older than what holds it: nothing that could end the hold early. It lapses by itself.
        if reply.epoch == "" or _above(self.epoch, reply.epoch):
            return self.expire(now)
        if reply.in_force:
            if reply.epoch != self.epoch:
                self._forced = False
            self._bind(reply, now)
            expired = self.expire(now)
            if expired:
                return expired
            if reply.force and not self._forced and self.state == "draining":
                self._forced = True
                return ["force"]
            return []
        if reply.phase == "aborted":
            return self._resume("the drain was withdrawn")
        if reply.phase == "lapsed":
            return self._resume("the drain ended (lapsed)")
        if reply.phase == "released":
            if self._quiet_until is None:
                self._quiet_until = now + _QUIET_AFTER_RELEASE
            self._newer_seen = self._newer_seen or reply.newer
            if now >= self._quiet_until and not reply.newer:
                return self._resume("the deploy was released, and no newer release came")
            return []
        return self.expire(now)

    def expire(self, now):
        """Time passed: what lapsed on the participant's own clock."""
        if now < self.expires_at:
            return []
        if self._quiet_until is not None:
            return self._resume("the deploy was released, and no newer release came")
        if now >= self._cap_at:
            self._capped = self.epoch
            return self._resume("it was held for an hour")
        return self._resume("the drain ended (lapsed)")

    def drained(self):
        if self.state == "draining":
            self.state = "drained"

    def failed(self):
        if self.state == "draining":
            self.state = "failed"
            self._forget()

    def start_anyway(self):
        if self.state == "booting":
            self.state = "running"

    def leave(self):
        """SIGTERM, or the app leaves: from here on it never resumes."""
        self._leaving = True
        if self.state == "booting":
            self.state = "drained"
        if self.quiet:
            return []
        self.state = "draining"
        return ["drain"]

    def exit(self):
        self.state = "exited"

    def _bind(self, reply, now):
        self.epoch = self._highest = reply.epoch
        self._pushing = reply.phase == "pushing"
        self._quiet_until = None
        self._left = reply.left
        self._lapse_at = now + reply.left
        # `reply.now` is older than `now`, so the cap comes out too early on the server's clock, never too late.
        self._hold = math.floor(min(reply.expiry, reply.now + (self._cap_at - now)))

    def _resume(self, why):
        self.state = "running"
        self.epoch = None
        self._forget()
        return [("resume", why)]


class DrainContext:
    """What a drain handler is given."""

    def __init__(self, changed):
        #: set when time is up: abort the running jobs, store them, and return. Not set when the drain is withdrawn
        self.stop = threading.Event()
        #: set when the drain was withdrawn: `resume` is called, and what this call still says is nobody's business
        self.withdrawn = threading.Event()
        self._begun = False
        self._heard = threading.Event()
        self._changed = changed
        self._lock = threading.Lock()
        self._progress = {"running": 0, "finished": 0, "stored": 0, "note": ""}

    def report(self, running=None, finished=None, stored=None, note=None):
        """Tells the deployer how far it is, as often as you like: whole numbers since the drain began, and one line for a person."""
        if self.withdrawn.is_set():
            return
        given = {"running": running, "finished": finished, "stored": stored}
        new = {name: max(0, int(count)) for name, count in given.items() if count is not None}
        if note is not None:
            new["note"] = _one_line(note)
        # Jobs in several threads may report at once.
        with self._lock:
            before, self._progress = self._progress, dict(self._progress, **new)
            changed = before != self._progress
        self._heard.set()
        if changed:
            self._changed()

    def _row(self):
        row = dict(self._progress)
        if not row["note"]:
            del row["note"]
        return row


class Participation:
    """A process that takes part: what `join` returns."""

    def __init__(self, drain, resume, who, keys, link, log):
        self._drain_handler, self._resume_handler = drain, resume
        self._who, self._keys, self._link, self._say = who, keys, link, _sturdy(log)
        self.id = "%s#%s" % (who["dyno"], uuid.uuid4())
        self._machine = _Machine()
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._alarm = threading.Event()
        self._free = threading.Event()
        self._left = threading.Event()
        self._drain = None
        self._resuming = None
        self._answered = False
        self._promised = 0
        self._leaving = False
        self._complained = False
        self._foreign = PROTOCOL_VERSION
        self._pid = os.getpid()

    @property
    def state(self):
        """`booting`, `running`, `draining`, `drained`, `failed` or `exited`."""
        return self._machine.state

    def leave(self):
        """Drains for the end of the process, says goodbye and disconnects. Never goes back to scheduling. Not for a job: it waits for them."""
        # A forked child has nobody who beats, and nothing to leave.
        if os.getpid() != self._pid:
            return
        with self._lock:
            if not self._leaving:
                self._leaving = True
                self._perform(self._machine.leave())
                timer = threading.Timer(_FORCE_AFTER_SIGTERM / 1000, self._force)
                timer.daemon = True
                timer.start()
                self._alarm.set()
        self._left.wait()

    def _start(self):
        for target in (self._live, self._watch):
            threading.Thread(target=target, name="deploy-gate", daemon=True).start()
        if not self._free.wait(_BOOT_BARRIER / 1000):
            with self._lock:
                if self._machine.state == "booting":
                    self._say("Redis did not answer at boot; starting without the gate, and joining as soon as it does")
                    self._machine.start_anyway()
                    self._free.set()
        self._free.wait()

    def _live(self):
        failures = 0
        while True:
            self._hear()
            with self._lock:
                if self._leaving and self._machine.state == "drained":
                    break
                # Before anything else: the server may not answer, and the machine may have been asleep.
                self._perform(self._machine.expire(_now()))
            self._alarm.clear()
            failures = 0 if self._beat() else failures + 1
            with self._lock:
                self._perform(self._machine.expire(_now()))
                # An answer may ask for a longer interval than its beat has promised: it begins with the next one.
                wait = min(self._machine.beat_every, self._promised, self._machine.expires_at - _now())
            if failures:
                wait = min(wait, min(10_000, 100 * 2 ** min(failures, 10)) * random.uniform(0.5, 1))
            self._alarm.wait(max(0, wait) / 1000)
        with self._lock:
            self._machine.exit()
        farewell = threading.Thread(target=self._beat, daemon=True)
        farewell.start()
        farewell.join(_FAREWELL / 1000)
        self._link.close()
        with self._lock:
            self._left.set()
            self._changed.notify_all()

    def _watch(self):
        """Ends a hold when its time is over. A beat may wait for many seconds for a server that says nothing, and can't do it then."""
        with self._lock:
            while not self._left.is_set():
                self._perform(self._machine.expire(_now()))
                at = self._machine.expires_at
                self._changed.wait(None if at == math.inf else max(0, at - _now()) / 1000)

    def _hear(self):
        """Whoever reads that the drain was accepted reads there how many jobs run, and not that none does because nobody has said yet."""
        with self._lock:
            drain = self._drain if self._machine.state == "draining" else None
        if drain:
            drain._heard.wait(_FIRST_WORD / 1000)
            # Once is enough: a handler need not say anything before its end.
            drain._heard.set()

    def _beat(self):
        with self._lock:
            row = dict(v=PROTOCOL_VERSION, **self._who, **self._machine.standing)
            drain = self._drain if self._machine.state != "running" else None
            row.update(drain._row() if drain else {"running": 0, "finished": 0, "stored": 0})
            first = "" if self._answered else "1"
            self._promised = self._machine.beat_every
            args = (self.id, json.dumps(row), round(self._promised), first, self._keys["reports"])
        try:
            reply = _Reply(self._link.beat((self._keys["intent"], self._keys["roster"]), args))
        except Exception as error:  # whatever it is: a thread that ended here could never beat again
            if not self._complained:
                self._say("%s; this process goes on and keeps trying" % self._link.complaint(error))
            self._complained = True
            return False
        with self._lock:
            if self._complained:
                self._say("Redis answers again")
            self._complained = False
            self._answered = True
            self._compare(reply.version)
            before = self._machine.standing
            self._perform(self._machine.answered(reply, _now()))
            self._changed.notify_all()
            after = self._machine.standing
            # A deployer waits to read what changed, and the next beat may be far.
            if (before["state"], before.get("epoch")) != (after["state"], after.get("epoch")):
                self._alarm.set()
            # A process that ends while it is held since its boot must not start scheduling on its way out.
            if not self._machine.quiet and not self._leaving:
                self._free.set()
        return True

    def _compare(self, version):
        if version not in (self._foreign, PROTOCOL_VERSION):
            self._say(
                "a deploy asks in version %s of the drain protocol, and this process speaks version %s: it can't be drained and goes on. "
                "Update the older one, deploy_gate.py in the app or the action in the workflow" % (version, PROTOCOL_VERSION)
            )
        self._foreign = version

    def _force(self):
        with self._lock:
            if self._drain:
                self._drain.stop.set()

    def _perform(self, effects):
        for effect in effects:
            if effect == "drain":
                self._begin_drain()
            elif effect == "force":
                self._force()
            else:
                self._resume(effect[1])

    def _begin_drain(self):
        drain = DrainContext(self._alarm.set)
        self._drain = drain
        self._say("leaving: starting nothing new" if self._leaving else "a deploy asks to drain: starting nothing new")
        threading.Thread(target=self._run_drain, args=(drain, self._resuming), daemon=True).start()

    def _run_drain(self, drain, resuming):
        if resuming:
            resuming.join()
        with self._lock:
            # Withdrawn meanwhile: a handler that is called now would stop the app with nothing to start it again.
            if self._drain is not drain:
                return
            drain._begun = True
        failure = None
        try:
            counts = self._drain_handler(drain)
            if counts is not None and not isinstance(counts, dict):
                raise TypeError("the drain handler returned %r. Expected None, or a dict with finished and stored." % (counts,))
            drain.report(**(counts or {}))
            drain.report(running=0)
        except BaseException as error:  # whatever the app's own code raises refuses the drain, sys.exit() too
            failure = _one_line(error) or "the drain handler failed without a message"
            drain.report(note=failure)
        with self._lock:
            if self._drain is not drain:
                return
            if failure is None or self._leaving:
                if failure is not None:
                    self._say("the drain handler failed: %s" % failure)
                self._machine.drained()
                done = drain._row()
                self._say("drained: %d finished, %d stored" % (done["finished"], done["stored"]))
            else:
                self._say("the drain handler failed, so this deploy is refused: %s" % failure)
                self._machine.failed()
                self._call_resume()
            drain._heard.set()
            self._alarm.set()

    def _resume(self, why):
        self._say("resuming: %s" % why)
        held, self._drain = self._drain, None
        if held:
            held.withdrawn.set()
        # Held since its boot, the app has not started its scheduler: leaving the barrier is all there is to resume. And a
        # handler that waits for the resume before it, which still goes on, has stopped nothing.
        if held and held._begun:
            self._call_resume()
        self._free.set()
        self._alarm.set()

    def _call_resume(self):
        def call():
            try:
                self._resume_handler()
            except Exception as error:
                self._say("the resume handler failed, so this process may not be scheduling: %s" % _one_line(error))

        self._resuming = threading.Thread(target=call, daemon=True)
        self._resuming.start()

    def _handle_sigterm(self):
        """Drains at SIGTERM, then lets the signal do what it would have done, so that the exit status stays true."""
        previous = signal.getsignal(signal.SIGTERM)

        def leave_and_raise():
            self.leave()
            os.kill(self._pid, signal.SIGTERM)

        def handler(number, frame):
            # A forked child has no beats, and nothing to say.
            if self._left.is_set() or os.getpid() != self._pid:
                signal.signal(signal.SIGTERM, previous if previous is not None else signal.SIG_DFL)
                os.kill(os.getpid(), signal.SIGTERM)
            else:
                # The main thread may be what runs the jobs: it must not wait here.
                threading.Thread(target=leave_and_raise, daemon=True).start()

        signal.signal(signal.SIGTERM, handler)


class _Route:
    """What a URL for Sentinel or Cluster says, part by part. Holds secrets. Raises ValueError that shows nothing of the URL."""

    _SEED = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9_.-]+))(?::([0-9]{1,5}))?\Z")

    def __init__(self, url):
        if re.search(r"[\s#]", url):
            raise ValueError("it holds a blank or a #, which must be percent-encoded")
        scheme, rest = url.split("://", 1)
        self.tls, self.kind = scheme.startswith("rediss"), scheme.partition("+")[2]
        authority, path, query = re.match(r"([^/?]*)([^?]*)(?:\?(.*))?\Z", rest).groups()
        # A password may hold an @ that nobody encoded; a host can't.
        login, _, seeds = authority.rpartition("@")
        user, _, password = login.partition(":")
        what = "its user name or password"
        self.login = {"username": self._decoded(user, what), "password": self._decoded(password, what)}
        # Who does not answer, or leads to no server that takes beats, is asked last from then on.
        self.seeds = collections.deque(self._seed(seed) for seed in seeds.split(","))
        self.primary, self.db, self.sentinel_login = None, 0, {"username": None, "password": None}
        if self.kind == "sentinel":
            self._read_primary(path)
            self._read_query(query or "")
        elif path not in ("", "/", "/0"):
            raise ValueError("it names a database, and a cluster has database 0 alone")
        elif query is not None:
            raise ValueError("it has a query, and a cluster has none")

    def _seed(self, text):
        parts = self._SEED.match(text)
        if not parts:
            raise ValueError("it names no host, or one that is none: host[:port], commas between")
        port = int(parts.group(3) or (26379 if self.kind == "sentinel" else 6379))
        if not 0 < port < 65536:
            raise ValueError("one of its ports is not between 1 and 65535")
        return parts.group(1) or parts.group(2), port

    def _read_primary(self, path):
        parts = re.match(r"/([^/]+)(?:/([0-9]{0,5}))?\Z", path)
        name = parts and self._decoded(parts.group(1), "its primary's name")
        # Sentinel's own rule for a name.
        if not name or not re.match(r"[A-Za-z0-9_.-]+\Z", name):
            raise ValueError("its path is not the sentinels' name for the primary, or that and the number of a database")
        self.primary, self.db = name, int(parts.group(2) or 0)

    def _read_query(self, query):
        for option in filter(None, query.split("&")):
            name, _, value = option.partition("=")
            if name not in ("sentinel-user", "sentinel-password"):
                raise ValueError("its query holds more than sentinel-user and sentinel-password")
            field = "username" if name == "sentinel-user" else "password"
            self.sentinel_login[field] = self._decoded(value, "the sentinels' user name or password in its query")

    @staticmethod
    def _decoded(text, what):
        """None for nothing."""
        try:
            if re.search(r"%(?![0-9A-Fa-f]{2})", text):
                raise ValueError
            return urllib.parse.unquote(text, errors="strict") or None
        except ValueError:
            # The one of a text that is not UTF-8 would show it.
            raise ValueError("%s is not percent-encoded" % what) from None


class _Link:
    """The one connection, to the server that has the gate's keys now: before each connect it is looked up anew where the URL says."""

    def __init__(self, url, where, verify, pins, gate):
        self._where = where
        self._slot = binascii.crc_hqx(gate.encode(), 0) % _SLOTS
        self._connection = None
        self._route = None
        # Nothing is tried twice by the connection itself: `_live` decides when to beat again.
        options = {"socket_timeout": 5, "socket_connect_timeout": 10, "decode_responses": True}
        # RESP2, which version 4 knows alone: others may log in by HELLO, and an old server repeats that with the password in its error.
        if redis.VERSION[0] >= 5:
            options["protocol"] = 2
        tls = {"ssl_cert_reqs": "required" if verify else "none", "ssl_check_hostname": bool(verify)}
        if not url.startswith(_SCHEMES):
            raise ValueError("deploy-gate: %s begins with none of %s. Expected %s." % (where, ", ".join(_SCHEMES), _REDIS_URL_RULE))
        if "+" in url.partition(":")[0]:
            rule = _SENTINEL_URL_RULE if "+sentinel:" in url else _CLUSTER_URL_RULE
            try:
                self._route = route = _Route(url)
            except ValueError as error:
                raise ValueError("deploy-gate: %s can't be used: %s. Expected %s." % (where, error, rule)) from None
            secure = route.tls
            self._kind = redis.SSLConnection if secure else redis.Connection
            self._terms = dict(route.login, db=route.db, **options, **(tls if secure else {}))
        else:
            secure = url.startswith("rediss://")
            try:
                pool = redis.ConnectionPool.from_url(url, **options, **(tls if secure else {}))
            except ValueError:
                # Its own message would show the URL.
                raise ValueError("deploy-gate: %s can't be used. Expected %s." % (where, _REDIS_URL_RULE)) from None
            # What the URL asks for in its query comes before what is given beside it; of TLS it may only ask for more.
            self._kind, self._terms = pool.connection_class, dict(pool.connection_kwargs, **options, **(tls if secure and verify else {}))
        if pins is not None and secure:
            self._kind = _pinned(self._kind, pins)

    def beat(self, keys, arguments):
        """The answer, as it came. Whatever goes wrong, the connection is given up: the server behind it may not be the one any more."""
        try:
            if self._connection is None:
                self._connection = self._connect()
            try:
                return _ask(self._connection, "EVALSHA", _BEAT_SHA, len(keys), *keys, *arguments)
            except redis.exceptions.NoScriptError:
                return _ask(self._connection, "EVAL", _BEAT, len(keys), *keys, *arguments)
        except Exception:
            self.close()
            if self._route:
                self._route.seeds.rotate(-1)
            raise

    def close(self):
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.disconnect()

    def complaint(self, error):
        """What went wrong, to what, and what helps. A sentence without its full stop."""
        text = _one_line(error)
        # Newer versions of redis-py make an error of its own of it, without the word.
        if self._route is None and (text.startswith("MOVED ") or type(error).__name__ == "MovedError"):
            return (
                "the server of %s is one node of a Redis Cluster, and another one has the gate's keys; write the URL as "
                "redis+cluster://[user:password@]host[:6379],..." % self._where
            )
        if self._route is None and re.search("unknown command|without any password", text) and self._is_sentinel(text):
            return (
                "the server of %s is a sentinel, which keeps no keys; write the URL as "
                "redis+sentinel://[user:password@]host[:26379],.../<primary name>" % self._where
            )
        if self._route and "cluster support disabled" in text:
            return "the server of %s is no node of a Redis Cluster; the URL of a single server begins with redis:// or rediss://" % self._where
        if self._route and re.search("unknown command.*sentinel", text, re.IGNORECASE):
            return (
                "the server of %s is no sentinel; redis+sentinel:// names the sentinels, as a rule on port 26379, and the URL of a "
                "single server begins with redis:// or rediss://" % self._where
            )
        if isinstance(error, redis.exceptions.NoPermissionError) or re.search("ACL failure|user executing the script", text):
            return "Redis refused a beat (%s): its user lacks %s; docs/redis.md lists all that it needs" % (text, _lacked(text))
        if isinstance(error, redis.exceptions.ResponseError):
            return "Redis refused a beat (%s)" % text
        return "Redis can't be reached (%s)" % text

    def _connect(self):
        route = self._route
        if route is None:
            return self._open()
        failures, tried = [], set()
        for _ in range(len(route.seeds)):
            try:
                place = self._look_up(*route.seeds[0])
                # Whoever names a server that was of no use a moment ago has nothing to add.
                if place not in tried:
                    tried.add(place)
                    return self._enter(*place)
            except Exception as error:
                failures.append(error)
            route.seeds.rotate(-1)
        texts = dict.fromkeys(_one_line(error) for error in failures)
        # All the same, as one right that all of them refuse, or each with a cause of its own.
        raise failures[0] if len(texts) == 1 else redis.exceptions.ConnectionError("; ".join(texts))

    def _look_up(self, host, port):
        """The server that the sentinel or node at `host` names: host and port."""
        terms = dict(host=host, port=port, db=0, socket_timeout=_LOOKUP_SECONDS, socket_connect_timeout=_LOOKUP_SECONDS)
        if self._route.kind == "cluster":
            return self._owner(host, self._asked("CLUSTER", "SLOTS", **terms))
        terms.update(self._route.sentinel_login)
        at = self._asked("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._route.primary, **terms)
        if not at:
            raise redis.exceptions.ConnectionError("a sentinel knows no primary of the name that %s gives" % self._where)
        return at[0], int(at[1])

    def _owner(self, seed, slots):
        for first, last, primary, *_ in slots:
            if first <= self._slot <= last:
                # A node that does not know how others reach it says nothing, or "?": it is reached as this one was.
                return primary[0] if primary[0] not in (None, "", "?") else seed, primary[1]
        raise redis.exceptions.ConnectionError("no node of the cluster has the gate's slot, which is %d" % self._slot)

    def _enter(self, host, port):
        connection = self._open(host, port)
        if self._route.kind == "cluster":
            return connection
        try:
            # A sentinel that was cut off names an old one.
            role = _ask(connection, "ROLE")[0]
            if role != "master":
                raise redis.exceptions.ConnectionError("a sentinel names a server as the primary that is a %s" % role)
        except Exception:
            connection.disconnect()
            raise
        return connection

    def _open(self, host=None, port=None, **terms):
        at = {} if host is None else {"host": host, "port": port}
        connection = self._kind(**dict(self._terms, **at, **terms))
        connection.connect()
        return connection

    def _asked(self, *command, **terms):
        """The answer to one command on a connection of its own, which is closed then: a participant keeps one only."""
        connection = self._open(**terms)
        try:
            return _ask(connection, *command)
        finally:
            connection.disconnect()

    def _is_sentinel(self, refusal):
        # Most have no password; a URL that has one is refused before it could be seen whom it leads to.
        login = {} if "unknown command" in refusal else {"username": None, "password": None}
        try:
            return self._asked("ROLE", **dict(login, db=0))[0] == "sentinel"
        except Exception:  # it was a guess
            return False


def _lacked(refusal):
    """The right that a user lacks, in the form of an ACL. Of a command in a script some servers tell the line alone."""
    if re.search(r"\b(keys?|channels?)\b", refusal):
        return "a right"
    line = re.search(r"user_script:(\d+)", refusal)
    if line:
        number = int(line.group(1))
        command = re.search(r"redis\.call\('(\w+)'", "".join(_BEAT.splitlines()[number - 1 : number]))
    else:
        command = re.search(r"run the '([^']+)'", refusal)
    return "the right +%s" % command.group(1).lower() if command else "a right"


def _ask(connection, *command):
    connection.send_command(*command)
    return connection.read_response()


def _pinned(base, pins):
    class PinnedConnection(base):
        def _connect(self):
            sock = super()._connect()
            shown = hashlib.sha256(sock.getpeercert(binary_form=True)).hexdigest()
            if shown not in pins:
                sock.close()
                # Before AUTH was sent: a stranger must not learn the password.
                raise redis.exceptions.ConnectionError(
                    "the server's certificate has the SHA-256 fingerprint %s, which is not %s pinned one"
                    % (shown, "the" if len(pins) == 1 else "a")
                )
            return sock

    return PinnedConnection


def _print_line(line):
    # In one piece: print() would send the line break by itself, and other threads write, too.
    print("[deploy-gate] %s\n" % line, end="", flush=True)


def join(
    drain,
    resume,
    redis_url=None,
    gate_name=None,
    dyno=None,
    verify_certificate=False,
    certificate_fingerprint=None,
    handle_sigterm=True,
    log=_print_line,
):
    """Takes part in the app's gate. Start your scheduler after it returned: a process that boots into a deploy is held until then.

    drain(context): start no new job, wait for the running ones, return: from then on nothing runs and nothing starts. Called in a
        thread of its own, perhaps before your scheduler has started, which must then find itself held, and perhaps again before
        it returned, if a drain was withdrawn meanwhile. May return a dict with `finished` and `stored`. An exception refuses the
        drain: the deploy fails with its message, and `resume` is called.
    resume(): back to scheduling. Called in a thread of its own, at most once for each call of `drain`. A drain that was withdrawn may
        still wait then, or have only just begun: let `drain` look at `context.withdrawn` and stop in one lock, which `resume` takes too.
    redis_url, gate_name, dyno: default to REDIS_URL, DEPLOY_GATE_NAME (else `default`), DYNO (else `clock.local`).
    verify_certificate: Heroku's own Redis has a self-signed certificate, so the default is False.
    certificate_fingerprint: SHA-256 of the only accepted certificate, hex with or without colons; several with commas between, where
        servers take over from each other.
    handle_sigterm: drain at SIGTERM, then raise it again; works in the main thread alone. With False, call `leave()` yourself.

    Returns within 5 s if Redis can't be reached. Raises ValueError for a missing or wrong option, naming it.
    """
    for name, handler in (("drain", drain), ("resume", resume)):
        if not callable(handler) or inspect.iscoroutinefunction(handler):
            raise ValueError(
                "deploy-gate: %s is %r. Expected a plain function; what runs in an event loop is reached from it with "
                "asyncio.run_coroutine_threadsafe(...).result()." % (name, handler)
            )
    where = "REDIS_URL" if redis_url is None else "redis_url"
    url = os.environ.get("REDIS_URL") if redis_url is None else redis_url
    if not url:
        raise ValueError("deploy-gate: there is no Redis URL. Set REDIS_URL, or pass redis_url to join().")
    gate = gate_name if gate_name is not None else os.environ.get("DEPLOY_GATE_NAME") or "default"
    if not _GATE_NAME.match(gate):
        raise ValueError("deploy-gate: the gate name %s can't be used. Expected %s." % (json.dumps(gate), _GATE_NAME_RULE))
    pins = certificate_fingerprint and [pin.strip().replace(":", "").lower() for pin in certificate_fingerprint.split(",")]
    if pins is not None and not all(re.match(r"[0-9a-f]{64}\Z", pin) for pin in pins or [""]):
        raise ValueError(
            "deploy-gate: certificate_fingerprint is not a SHA-256 in hex. Expected 64 hex digits, with or without colons; several with "
            "commas between."
        )
    name = dyno or os.environ.get("DYNO") or "clock.local"
    kind = re.match(r"(.+?)(?:\.[^.]+|-[0-9a-z]+-[0-9a-z]+)\Z", name)
    who = {"type": kind.group(1) if kind else name, "dyno": name}
    for field, variable in (("app", "HEROKU_APP_NAME"), ("release", "HEROKU_RELEASE_VERSION")):
        if os.environ.get(variable):
            who[field] = os.environ[variable]
    keys = {key: "deploy-gate:{%s}:%s" % (gate, key) for key in ("intent", "roster", "reports")}
    link = _Link(url, where, verify_certificate, pins, gate)
    participation = Participation(drain, resume, who, keys, link, log)
    if handle_sigterm:
        if threading.current_thread() is threading.main_thread():
            participation._handle_sigterm()
        else:
            participation._say(
                "joined outside the main thread, which alone can handle SIGTERM: this process will not drain at it. Call leave() from "
                "a handler of your own, and pass handle_sigterm=False"
            )
    participation._start()
    return participation


class Guard:
    """An APScheduler 3 scheduler under the gate: what `guard_apscheduler` returns."""

    def __init__(self, scheduler, missed, log):
        self._scheduler, self._missed, self._say = scheduler, missed, _sturdy(log)
        # Whoever dispatches holds this: who has taken it knows that nobody is about to start a job any more.
        self._dispatching = threading.Lock()
        self._booting = True
        self._held = False
        # Looked at without a lock: a job that adds a job sends its event while it holds one of the scheduler's.
        self._changed = threading.Event()
        self._counting = threading.Lock()
        self._stored = 0
        # By executor: how many runs ended without an end of their own, because the process of a pool died or the run was cancelled.
        self._lost = {}
        #: set when a deploy is out of patience: jobs that look at it can put themselves away, call `stored()` and return
        self.stopping = threading.Event()
        self.participation = None
        process = scheduler._process_jobs

        def process_unless_held():
            # `pause()` of the scheduler is no barrier: who has looked at its state already still starts what is due.
            with self._dispatching:
                return None if self._booting or self._held else process()

        scheduler._process_jobs = process_unless_held
        # Events are sent after the executor has counted the run as over. All of them: one kind alone may not come.
        scheduler.add_listener(lambda event: self._changed.set())

    def stored(self):
        """Called by a job that put itself away because of `stopping`, before it returns."""
        with self._counting:
            self._stored += 1
        self._changed.set()

    def running(self):
        """Runs that an executor has accepted and that are not over, those that wait for a thread or process of a pool included."""
        return sum(self._runs()[0].values())

    def drain(self, context):
        with self._dispatching:
            # Withdrawn before it began: its resume is over, and nothing would end this hold.
            if context.withdrawn.is_set():
                return None
            self._held = True
        with self._counting:
            self._stored = 0
        runs, lost_before = self._runs()
        begun = sum(runs.values())
        if begun:
            context.report(running=begun)
        names = self._names() if begun else {}
        while not context.withdrawn.is_set():
            self._changed.clear()
            runs, lost = self._runs()
            left, stored, lost = sum(runs.values()), self._stored, lost - lost_before
            counts = {"running": left, "finished": max(0, begun - left - stored - lost), "stored": stored}
            if lost:
                counts["note"] = "%d lost: cancelled, or the process that it ran in died" % lost
            if left == 0:
                return counts
            with self._dispatching:
                if context.stop.is_set() and not context.withdrawn.is_set():
                    self.stopping.set()
            counts.setdefault("note", ", ".join(sorted(names[job_id] for job_id in runs if job_id in names)[:5]))
            context.report(**counts)
            # The end of a run is told by an event; the time is for `context`, and for executors that tell nothing.
            self._changed.wait(0.2)
        return None

    def resume(self):
        # What was missed comes first: a scheduler that goes on before drops it.
        self._catch_up()
        with self._dispatching:
            self.stopping.clear()
            self._held = False
        self._wake()

    def _begin(self):
        """The process may schedule, unless a drain has come since it was told so."""
        with self._dispatching:
            self._booting = False
        self._wake()

    def _wake(self):
        if self._scheduler.running:
            self._scheduler.wakeup()

    def _runs(self):
        """How many runs of which job: job id -> number. And how many have been lost so far."""
        runs, lost = {}, 0
        for executor in list(self._scheduler._executors.values()):
            # It has none before the scheduler starts, and has accepted nothing then.
            if executor._lock is None:
                continue
            with executor._lock:
                lost += self._count_lost(executor)
                for job_id, count in executor._instances.items():
                    if count > 0:
                        runs[job_id] = runs.get(job_id, 0) + count
        return runs, lost

    def _count_lost(self, executor):
        """How many runs `executor` has lost, counted from the first call on: what a job itself raises never comes to `_run_job_error`."""
        if executor not in self._lost:
            self._lost[executor] = 0
            forget = executor._run_job_error

            def lose(*run):
                # In one step for whoever counts what is left: a run is never both.
                with executor._lock:
                    forget(*run)
                    self._lost[executor] += 1
                self._changed.set()

            executor._run_job_error = lose
        return self._lost[executor]

    def _names(self):
        """Job id -> name, as far as the job stores tell: a job that runs only once has left them."""
        try:
            return {job.id: job.name for job in self._scheduler.get_jobs()}
        except Exception:  # a store that can't be read costs a note, and not the deploy
            return {}

    def _catch_up(self):
        """What was due while held: one run each now, or none. Without it APScheduler drops what is over a second late."""
        if not self._scheduler.running:
            return
        jobs, failure = [], None
        try:
            jobs = self._scheduler.get_jobs()
        except Exception as error:  # a store that can't be read, or written, must not stop the clock
            failure = error
        for job in jobs:
            try:
                self._reschedule(job)
            except LookupError:
                pass  # removed meanwhile
            except Exception as error:
                failure = error
        if failure is not None:
            self._say("what was due while held could not be looked up, or not all of it, and may be left out: %s" % _one_line(failure))

    def _reschedule(self, job):
        due = job.next_run_time
        now = datetime.now(due.tzinfo) if due is not None else None
        if due is None or due >= now:
            return
        when = now
        if self._missed == "skip":
            later = job.trigger.get_next_fire_time(None, now)
            # A job that runs only once is run, whatever the policy: it would be lost.
            when = later if later is not None and later > now else now
        job.modify(next_run_time=when)


# Others are woken in ways that a thread of the gate's can't use (Qt, gevent), or were never tried (Tornado, Twisted).
_GUARDED = ("apscheduler.schedulers.blocking.BlockingScheduler", "apscheduler.schedulers.asyncio.AsyncIOScheduler")
_NOT_GUARDED = "apscheduler.schedulers.gevent.GeventScheduler"


def guard_apscheduler(scheduler, missed="one", **options):
    """Puts an APScheduler 3 scheduler under the gate. Call it before `scheduler.start()`; it returns when the process may schedule.

    scheduler: a BlockingScheduler, BackgroundScheduler or AsyncIOScheduler, or one of a class derived from these.
    missed: what happens at the resume to jobs that were due while held: `one` run each, or `skip`. Jobs that run only once always
        run.
    options: those of `join`.

    Nothing is written to job stores but the next run times of missed jobs. Raises ValueError as `join` does, and for another scheduler.
    """
    if missed not in ("one", "skip"):
        raise ValueError("deploy-gate: missed is %s. Expected one or skip." % json.dumps(missed))
    kinds = ["%s.%s" % (kind.__module__, kind.__qualname__) for kind in type(scheduler).__mro__]
    if _NOT_GUARDED in kinds or not any(kind in kinds for kind in _GUARDED):
        raise ValueError(
            "deploy-gate: guard_apscheduler() can't guard a %s. Expected a BlockingScheduler, BackgroundScheduler or AsyncIOScheduler "
            "of APScheduler 3 (of Flask-APScheduler: its .scheduler). For another one call join() with handlers of your own." % kinds[0]
        )
    guard = Guard(scheduler, missed, options.get("log", _print_line))
    try:
        guard.participation = join(guard.drain, guard.resume, **options)
    finally:
        # Also when it does not take part: an app that goes on without the gate must not find its scheduler held.
        guard._begin()
    return guard
