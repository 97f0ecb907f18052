-- Put before every script. Times are the server's own, in milliseconds.
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
