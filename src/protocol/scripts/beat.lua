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
