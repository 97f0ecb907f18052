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
