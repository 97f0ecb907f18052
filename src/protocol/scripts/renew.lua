-- Extends the lease of a drain that is ours and still in force; never shortens it.
-- KEYS: intent   ARGV: id, epoch, lease ms
-- Replies: renewed, ms left | lost, why, asker
local id, epoch, lease = unpack(ARGV)
local intent = intent_fields(KEYS[1], 'id', 'epoch', 'phase', 'expiry', 'given', 'asker')
local why = lost(intent, id, epoch)
if why then
  return { 'lost', why, intent.asker or '' }
end
local expiry = math.max(tonumber(intent.expiry), now + lease)
redis.call('HSET', KEYS[1], 'expiry', string.format('%.0f', expiry), 'given', string.format('%.0f', now))
return { 'renewed', expiry - now }
