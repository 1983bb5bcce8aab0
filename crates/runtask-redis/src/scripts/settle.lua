-- Prolongs a claim, ends it or finishes it, if it is still its holder's.
-- KEYS: the claim. ARGV: holder, its new end, whether it is finished, for how long Redis keeps it, and what is owed when it
-- is finished, or nothing.
-- Returns whether it was.
local claim = redis.call('HMGET', KEYS[1], 'holder', 'finished')
if claim[1] ~= ARGV[1] or claim[2] then
  return 0
end
redis.call('HSET', KEYS[1], 'until', ARGV[2])
if ARGV[3] == '1' then
  redis.call('HSET', KEYS[1], 'finished', '1', 'owed', ARGV[5])
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
