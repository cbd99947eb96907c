-- Who schedules: the newest token that was seen. Whoever comes with an older one has been replaced while it slept, and
-- is refused. Forgotten after a while without any, so that a database set back to older tokens is not locked out.
-- KEYS: fence.  ARGV: token, ttl s
local seen = tonumber(redis.call('GET', KEYS[1]) or '0')
if tonumber(ARGV[1]) < seen then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1
