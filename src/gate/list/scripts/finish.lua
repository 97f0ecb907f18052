-- Ends it: takes back what nobody has taken, and after an abort tells whoever has taken a request to go on, if there is a word for
-- that. A no-op for anybody but its owner.
-- KEYS: marker, requests, answers
-- ARGV: id, 'released' or 'aborted', request, resume request ('' for none)
-- Replies: finished | already; each with withdrawn, taken, told to go on | not-ours
local id, phase, message, resume = unpack(ARGV)
local marker = read_marker(KEYS[1])
if marker.id ~= id then
  return { 'not-ours' }
end
if marker.phase ~= 'draining' then
  return { 'already', tonumber(marker.withdrawn), tonumber(marker.taken), tonumber(marker.told) }
end
local removed = take_back(marker, KEYS[2], message)
local taken, withdrawn = marker.asked - removed, marker.withdrawn + removed
if marker.alone == '1' then
  -- What others have put there meanwhile is theirs.
  redis.call('PERSIST', KEYS[2])
end
-- What a marker says is not believed where it would keep the server busy.
local told = phase == 'aborted' and resume ~= '' and math.min(taken, 100000) or 0
for _ = 1, told do
  redis.call('LPUSH', KEYS[2], resume)
end
redis.call('DEL', KEYS[3])
-- For the next deploy, should nobody take its request: who has left the clock stopped.
local stopped = ''
if phase == 'aborted' and told == 0 then
  stopped = taken > 0 and marker.asker or marker.before
end
redis.call('HSET', KEYS[1], 'phase', phase, 'taken', taken, 'withdrawn', withdrawn, 'told', told, 'stopped', stopped)
return { 'finished', withdrawn, taken, told }
