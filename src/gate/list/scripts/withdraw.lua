-- Takes back the requests that nobody has taken.
-- KEYS: marker, requests   ARGV: id, request
-- Replies: withdrawn, how many so far, requests out | lost, why, asker
local id, message = unpack(ARGV)
local marker = read_marker(KEYS[1])
local why = lost(marker, id)
if why then
  return { 'lost', why, marker.asker or '' }
end
local removed = take_back(marker, KEYS[2], message)
local asked, withdrawn = marker.asked - removed, marker.withdrawn + removed
redis.call('HSET', KEYS[1], 'asked', asked, 'taken', asked, 'withdrawn', withdrawn)
return { 'withdrawn', withdrawn, asked }
