-- What is there, read in one step; changes nothing. What is too long to be a row, or the name of one, is left out.
-- KEYS: intent, roster
-- Replies: now, intent as field, value, ..., roster as participant id, row, ...
local rows, flat = {}, redis.call('HGETALL', KEYS[2])
for index = 1, #flat, 2 do
  if #flat[index] <= LONGEST_ID and #flat[index + 1] <= LONGEST_ROW then
    rows[#rows + 1] = flat[index]
    rows[#rows + 1] = flat[index + 1]
  end
end
return { now, redis.call('HGETALL', KEYS[1]), rows }
