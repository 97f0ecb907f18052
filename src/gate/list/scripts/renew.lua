-- Extends the lease, and with it the life of what nobody has taken; never shortens it.
-- KEYS: marker, requests   ARGV: id, lease ms, request
-- Replies: renewed, ms left | lost, why, asker
local id, lease, message = unpack(ARGV)
local marker = read_marker(KEYS[1])
local why = lost(marker, id)
if why then
  return { 'lost', why, marker.asker or '' }
end
local expiry = math.max(tonumber(marker.expiry), now + lease)
redis.call('HSET', KEYS[1], 'expiry', string.format('%.0f', expiry))
if marker.alone == '1' and untaken(marker, KEYS[2], message) > 0 then
  redis.call('PEXPIREAT', KEYS[2], string.format('%.0f', expiry))
end
return { 'renewed', expiry - now }
