-- Deletes a document if it is in the version that was loaded, and what is left of one that has expired.
-- KEYS: document, due. ARGV: key, now, version loaded or ''.
-- Returns whether it is gone.
local document = redis.call('HMGET', KEYS[1], 'v', 'expires')
local is_there = document[1] and tonumber(document[2]) > tonumber(ARGV[2])
if is_there and document[1] ~= ARGV[3] then
  return 0
end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return 1
