-- How many of a message stand in the list.
-- KEYS: requests   ARGV: message
-- Replies: count, how many
return { 'count', #redis.call('LPOS', KEYS[1], ARGV[1], 'COUNT', 0) }
