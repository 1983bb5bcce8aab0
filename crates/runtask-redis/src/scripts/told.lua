-- Forgets what is owed, if the claim is finished.
-- KEYS: the claim.
-- Returns whether it was.
if redis.call('HEXISTS', KEYS[1], 'finished') == 0 then
  return 0
end
redis.call('HDEL', KEYS[1], 'owed')
return 1
