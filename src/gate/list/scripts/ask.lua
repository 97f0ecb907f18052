-- Puts requests into the list, unless another deploy has its own there. What earlier deploys left in the lists goes first.
-- KEYS: marker, requests, answers
-- ARGV: id, lease ms, not after (server ms), asker, how many, request, resume request ('' for none), most elements of a list
-- Replies: asked, ms left, old requests, old answers, who left the clock stopped | late | busy, asker, ms left
--        | unfit, 'requests' or 'answers', type, length
local id, lease, not_after, asker, count, message, resume, most = unpack(ARGV)
local before = read_marker(KEYS[1])
if before.id == id then
  local left = in_force(before) and before.expiry - now or 0
  return { 'asked', left, tonumber(before.old_requests), tonumber(before.old_answers), before.before }
end
if in_force(before) then
  return { 'busy', before.asker, before.expiry - now }
end
-- A request that was stuck in a dead connection must not stop anybody for a deploy that is over.
if now > tonumber(not_after) then
  return { 'late' }
end
-- What follows deletes: these must be the lists that were meant.
for index, name in ipairs({ 'requests', 'answers' }) do
  local kind = redis.call('TYPE', KEYS[index + 1]).ok
  local length = kind == 'list' and redis.call('LLEN', KEYS[index + 1]) or 0
  if (kind ~= 'none' and kind ~= 'list') or length > tonumber(most) then
    return { 'unfit', name, kind, length }
  end
end

local old_requests = redis.call('LREM', KEYS[2], 0, message)
if resume ~= '' then
  redis.call('LREM', KEYS[2], 0, resume)
end
local old_answers = redis.call('LLEN', KEYS[3])
redis.call('DEL', KEYS[3])
local alone = redis.call('EXISTS', KEYS[2]) == 0
for _ = 1, tonumber(count) do
  redis.call('LPUSH', KEYS[2], message)
end
-- A request that nobody takes goes when the lease does. Not so what others have put there.
local expiry = string.format('%.0f', now + lease)
if alone then
  redis.call('PEXPIREAT', KEYS[2], expiry)
end
local stopped = phase_of(before) == 'lapsed' and before.asker or before.stopped or ''
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'id', id, 'phase', 'draining', 'expiry', expiry, 'asker', asker, 'asked', count, 'taken', 0, 'early', 0,
  'withdrawn', 0, 'alone', alone and '1' or '', 'old_requests', old_requests, 'old_answers', old_answers, 'before', stopped)
return { 'asked', tonumber(lease), old_requests, old_answers, stopped }
