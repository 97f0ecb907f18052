-- Put before the scripts of this folder, after the protocol's own prelude. A marker is what a deploy keeps about its requests.

local function read_marker(key)
  return intent_fields(key, 'id', 'phase', 'expiry', 'asker', 'asked', 'taken', 'early', 'withdrawn', 'alone', 'old_requests',
    'old_answers', 'before', 'stopped', 'told')
end

-- Of the requests that are out, how many nobody has taken. Equal ones of somebody else's can't be told apart: never more than
-- were left when it was looked last.
local function untaken(marker, requests, message)
  local found = #redis.call('LPOS', requests, message, 'COUNT', 0)
  return math.min(found, marker.asked - marker.taken)
end

-- Takes those back; returns how many.
local function take_back(marker, requests, message)
  local most = marker.asked - marker.taken
  -- LREM means all of them by 0.
  return most > 0 and redis.call('LREM', requests, most, message) or 0
end
