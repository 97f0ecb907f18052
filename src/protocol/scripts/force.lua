-- Tells the participants to abort running jobs, store them, and acknowledge.
-- KEYS: intent   ARGV: id, epoch, doorbell
-- Replies: forced | lost, why, asker
local id, epoch, doorbell = unpack(ARGV)
local intent = intent_fields(KEYS[1], 'id', 'epoch', 'phase', 'expiry', 'given', 'asker', 'force')
local why = lost(intent, id, epoch)
if why then
  return { 'lost', why, intent.asker or '' }
end
if intent.force ~= '1' then
  redis.call('HSET', KEYS[1], 'force', '1')
  redis.call('PUBLISH', doorbell, 'beat')
end
return { 'forced' }
