-- Ends a drain: released (the new release runs) or aborted (back to scheduling). A no-op for anybody but its owner.
-- KEYS: intent   ARGV: id, epoch ('' when its owner never learned it), 'released' or 'aborted', doorbell
-- Replies: finished, phase | already, phase | not-ours
local id, epoch, phase, doorbell = unpack(ARGV)
local intent = intent_fields(KEYS[1], 'id', 'epoch', 'phase', 'expiry')
if intent.id ~= id or (epoch ~= '' and intent.epoch ~= epoch) then
  return { 'not-ours' }
end
if intent.phase ~= 'draining' and intent.phase ~= 'pushing' then
  return { 'already', intent.phase or '' }
end
redis.call('HSET', KEYS[1], 'phase', phase, 'finished', string.format('%.0f', now))
redis.call('PUBLISH', doorbell, 'beat')
return { 'finished', phase }
