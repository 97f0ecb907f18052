-- Put before every script. Times are the server's own, in milliseconds.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local now_us = string.format('%.0f', clock[1] * 1000000 + clock[2])

local VERSION = '1'
local MAX_EPOCH = 9007199254740991

-- Fields of the intent by name; a missing field is false.
local function intent_fields(key, ...)
  local names, fields = { ... }, {}
  for index, value in ipairs(redis.call('HMGET', key, ...)) do
    fields[names[index]] = value
  end
  return fields
end

local function in_force(intent)
  return (intent.phase == 'draining' or intent.phase == 'pushing') and tonumber(intent.expiry) > now
end

-- The phase as the server sees it: an unfinished intent that ran out has lapsed.
local function phase_of(intent)
  if not intent.phase then
    return ''
  end
  if intent.phase == 'draining' or intent.phase == 'pushing' then
    return in_force(intent) and intent.phase or 'lapsed'
  end
  return intent.phase
end

-- nil for anything that is not a row: one broken row must not stop a gate. Every version of the protocol keeps these fields,
-- so that a row of another one is told apart and not misread.
local function decode_row(text)
  local ok, row = pcall(cjson.decode, text)
  if not ok or type(row) ~= 'table' or type(row.type) ~= 'string' or type(row.dyno) ~= 'string'
    or type(row.state) ~= 'string' or type(row.seen) ~= 'number' or type(row['until']) ~= 'number'
    or type(row.joined) ~= 'number' then
    return nil
  end
  return row
end

-- participant id -> row
local function read_roster(key)
  local rows, flat = {}, redis.call('HGETALL', key)
  for index = 1, #flat, 2 do
    rows[flat[index]] = decode_row(flat[index + 1])
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
  return nil
end
