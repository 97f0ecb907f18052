-- What is there, read in one step; changes nothing.
-- KEYS: intent, roster
-- Replies: now, intent as field, value, ..., roster as participant id, row, ...
return { now, redis.call('HGETALL', KEYS[1]), redis.call('HGETALL', KEYS[2]) }
