-- Writes down what is owed, if the claim is still its holder's.
-- KEYS: the claim. ARGV: holder, what is owed.
-- Returns whether it was.
local claim = redis.call('HMGET', KEYS[1], 'holder', 'finished')
if claim[1] ~= ARGV[1] or claim[2] then
  return 0
end
redis.call('HSET', KEYS[1], 'owed', ARGV[2])
return 1
