-- Takes a claim unless somebody else has it.
-- KEYS: the claim. ARGV: now, end of the lease, holder, for how long Redis keeps it; times in milliseconds.
-- Returns what is owed, or nothing, when it is taken; else the end of what is in force, whether that is finished, and what is
-- owed.
local claim = redis.call('HMGET', KEYS[1], 'until', 'holder', 'finished', 'owed')
local in_force = claim[1] and tonumber(claim[1]) > tonumber(ARGV[1])
local owed = claim[4] or ''
-- Of the same holder: an attempt before this one was done, and its answer lost.
if in_force and claim[2] ~= ARGV[3] then
  return {claim[1], claim[3] or '0', owed}
end
redis.call('HSET', KEYS[1], 'until', ARGV[2], 'holder', ARGV[3])
redis.call('HDEL', KEYS[1], 'finished')
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return {owed}
