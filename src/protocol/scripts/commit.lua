-- The gate itself: draining -> pushing, only if everybody is drained at this epoch and stays held for the margin.
-- KEYS: intent, roster
-- ARGV: id, epoch, margin ms, push lease ms, 'strict' or 'anyway', doorbell, then process type, at least, ...
-- Replies: granted, ms left | lost, why, asker | blocked, then why, dyno, process type, detail, participant id, ...
local id, epoch, margin, push_lease, mode, doorbell = unpack(ARGV, 1, 6)
local intent = {}
local fields = redis.call('HGETALL', KEYS[1])
for index = 1, #fields, 2 do
  intent[fields[index]] = fields[index + 1]
end
local why = lost(intent, id, epoch)
if why then
  return { 'lost', why, intent.asker or '' }
end

margin = tonumber(margin)
local rows = read_roster(KEYS[2])
local joins = latest_joins(rows)
local reply, held, asked = { 'blocked' }, {}, {}
local function block(reason, dyno, process, detail, participant)
  for _, value in ipairs({ reason, dyno, process, detail, participant }) do
    reply[#reply + 1] = value
  end
end
for index = 7, #ARGV, 2 do
  asked[ARGV[index]] = tonumber(ARGV[index + 1])
  held[ARGV[index]] = 0
end

-- No answer has ever told a participant of more than the lease.
local function hold_of(row)
  local hold = tonumber(row.hold) or 0
  return hold <= tonumber(intent.expiry) and hold or 0
end

for participant, row in pairs(rows) do
  local target = intent['target:' .. participant]
  if (asked[row.type] or target) and row.state ~= 'exited' and not replaced(row, joins) then
    if not alive(row) then
      if target then
        block('silent', row.dyno, row.type, string.format('%.0f', now - row.seen), participant)
      end
    elseif row.v ~= VERSION then
      block('version', row.dyno, row.type, tostring(row.v), participant)
    elseif row.seen > now then
      -- The clock was set back since: by this one the row looks fresh, and its hold long, for as much longer.
      block('set-back', row.dyno, row.type, string.format('%.0f', row.seen - now), participant)
    elseif row.epoch ~= epoch or row.state ~= 'drained' then
      block(row.epoch == epoch and row.state or 'unanswered', row.dyno, row.type, tostring(row.running or 0), participant)
    elseif hold_of(row) < now + margin then
      block('short-hold', row.dyno, row.type, string.format('%.0f', hold_of(row) - now), participant)
    else
      held[row.type] = (held[row.type] or 0) + 1
    end
  end
end
for field, dyno in pairs(intent) do
  local participant = string.match(field, '^target:(.*)$')
  if participant and not rows[participant] then
    block('gone', dyno, '', '', participant)
  end
end
for process, at_least in pairs(asked) do
  local need = math.max(at_least, tonumber(intent['count:' .. process] or 0))
  if held[process] < need then
    block('too-few', '', process, held[process] .. '/' .. need, '')
  end
end
if intent.expiry - now < margin then
  block('short-lease', '', '', tostring(intent.expiry - now), '')
end
if #reply > 1 and mode ~= 'anyway' then
  return reply
end
-- Executed again. The reply may have been lost for long, and who was cut off meanwhile has resumed: that was looked at above.
if intent.phase == 'pushing' then
  return { 'granted', intent.expiry - now }
end

local expiry = math.max(tonumber(intent.expiry), now + push_lease)
redis.call('HSET', KEYS[1], 'phase', 'pushing', 'lease', push_lease, 'expiry', string.format('%.0f', expiry), 'given', string.format('%.0f', now),
  'committed', string.format('%.0f', now))
redis.call('PUBLISH', doorbell, 'beat')
return { 'granted', expiry - now }
