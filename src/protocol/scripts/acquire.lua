-- Puts a drain in force, unless another one is.
-- KEYS: intent, epoch, roster
-- ARGV: id, lease ms, not after (server ms), asker, replaced release, doorbell, then process type, at least, ...
-- Replies: granted, epoch, ms left | done, phase | late, now | busy, asker, ms left, phase, id | version, theirs
local id, lease, not_after, asker, replaces, doorbell = unpack(ARGV, 1, 6)
local intent = intent_fields(KEYS[1], 'v', 'id', 'epoch', 'phase', 'expiry', 'asker')

if intent.id == id then
  if in_force(intent) then
    return { 'granted', intent.epoch, intent.expiry - now }
  end
  return { 'done', phase_of(intent) }
end
if in_force(intent) and intent.v ~= VERSION then
  return { 'version', intent.v or '' }
end
if in_force(intent) then
  return { 'busy', intent.asker, intent.expiry - now, intent.phase, intent.id }
end
-- A request that was stuck in a dead connection must not drain anybody for a deploy that is over.
if now > tonumber(not_after) then
  return { 'late', now }
end

local rows = read_roster(KEYS[3])
local epoch, farthest = tonumber(now_us), tonumber(now_us) + FARTHEST
local function above(other)
  other = tonumber(other or 0)
  if other and other >= epoch and other < farthest then
    epoch = other + 1
  end
end
above(redis.call('GET', KEYS[2]))
above(intent.epoch)
for _, row in pairs(rows) do
  above(row.epoch)
end
epoch = string.format('%.0f', epoch)

redis.call('SET', KEYS[2], epoch)
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'v', VERSION, 'id', id, 'epoch', epoch, 'phase', 'draining', 'lease', lease,
  'expiry', string.format('%.0f', now + lease), 'asker', asker, 'replaces', replaces, 'began', string.format('%.0f', now),
  'given', string.format('%.0f', now))
local counts = {}
for index = 7, #ARGV, 2 do
  redis.call('HSET', KEYS[1], 'type:' .. ARGV[index], ARGV[index + 1])
  counts[ARGV[index]] = 0
end

local joins = latest_joins(rows)
for participant, row in pairs(rows) do
  if row['until'] < now - FORGOTTEN then
    redis.call('HDEL', KEYS[3], participant)
  elseif counts[row.type] and alive(row) and not replaced(row, joins) then
    redis.call('HSET', KEYS[1], 'target:' .. participant, row.dyno)
    counts[row.type] = counts[row.type] + 1
  end
end
for process, count in pairs(counts) do
  redis.call('HSET', KEYS[1], 'count:' .. process, count)
end
redis.call('PUBLISH', doorbell, 'beat')
return { 'granted', epoch, tonumber(lease) }
