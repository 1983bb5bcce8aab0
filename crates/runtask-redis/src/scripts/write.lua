-- Writes a document if that is still wanted: a new one where there is none, the next version where there is the one that
-- was loaded. `due` is the list of all documents that are due at some time.
-- KEYS: document, due. ARGV: key, now, version loaded or '', version of this write, content, expiry, due time or '', for
-- how long Redis keeps it; times in milliseconds.
-- Returns whether it is written.
local document = redis.call('HMGET', KEYS[1], 'v', 'expires')
local is_there = document[1] and tonumber(document[2]) > tonumber(ARGV[2])
-- Of this write: an attempt before this one was done, and its answer lost.
local is_done = document[1] == ARGV[4]
local is_wanted = (ARGV[3] == '' and not is_there) or (ARGV[3] ~= '' and is_there and document[1] == ARGV[3])
if not is_wanted and not is_done then
  return 0
end
-- First, because Redis refuses only the first write of a script when it has no memory left.
redis.call('HSET', KEYS[1], 'v', ARGV[4], 's', ARGV[5], 'expires', ARGV[6], 'due', ARGV[7])
redis.call('PEXPIRE', KEYS[1], ARGV[8])
if ARGV[7] == '' then
  redis.call('ZREM', KEYS[2], ARGV[1])
else
  redis.call('ZADD', KEYS[2], ARGV[7], ARGV[1])
end
return 1
