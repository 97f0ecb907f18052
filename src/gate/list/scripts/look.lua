-- Reads what became of the requests, in one step.
-- KEYS: marker, requests, answers   ARGV: id, request
-- Replies: seen, requests out, taken, answered, early answers, answers as they stand in the list | lost, why, asker
local id, message = unpack(ARGV)
local marker = read_marker(KEYS[1])
local why = lost(marker, id)
if why then
  return { 'lost', why, marker.asker or '' }
end
local taken = marker.asked - untaken(marker, KEYS[2], message)
-- Who has taken no request can't answer it: an answer that is there before is late for an earlier one, and never counts.
local answers = redis.call('LLEN', KEYS[3])
local early = math.max(tonumber(marker.early), answers - taken)
redis.call('HSET', KEYS[1], 'taken', taken, 'early', early)
local texts = redis.call('LRANGE', KEYS[3], 0, 99)
for index, text in ipairs(texts) do
  texts[index] = string.sub(text, 1, 800)
end
return { 'seen', tonumber(marker.asked), taken, answers - early, early, texts }
