-- Puts one announcement in the place of another, if that one is there. With two empty texts it only tells what is there.
-- KEYS: announced   ARGV: text that must be there ('' for none), text to put there ('' for none), ms that it lasts
-- Replies: 1 or 0: whether the text is there now, what was there before
local before, after, life = unpack(ARGV)
local current = redis.call('GET', KEYS[1]) or ''
if #current > LONGEST_ROW then
  -- Nobody wrote this: it is as good as none.
  current = ''
end
if current ~= before then
  -- Executed again, or another was faster.
  return { current == after and 1 or 0, current }
end
if after ~= '' then
  redis.call('SET', KEYS[1], after, 'PX', life)
elseif before ~= '' then
  redis.call('DEL', KEYS[1])
end
return { 1, current }
