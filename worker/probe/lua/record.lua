-- One region's outcome of one slot: written once, refused when the slot is closed or its time is over, and the write
-- that completes the slot closes it in the same breath. Without a region the slot is only opened.
-- KEYS: slot hash, due set, sealed stream, bits of the closed slots
-- ARGV: now, bit, ttl s, seal at, due member, head, region, outcome, transcript, expected…
if redis.call('GETBIT', KEYS[4], ARGV[2]) == 1 or tonumber(ARGV[1]) >= tonumber(ARGV[4]) then return 'late' end
if redis.call('HSETNX', KEYS[1], 'head', ARGV[6]) == 1 then
  redis.call('HSET', KEYS[1], 'expected', table.concat(ARGV, ',', 10))
  redis.call('EXPIRE', KEYS[1], ARGV[3])
  redis.call('ZADD', KEYS[2], ARGV[4], ARGV[5])
end
if ARGV[7] == '' then return 'opened' end
if redis.call('HSETNX', KEYS[1], 'o:' .. ARGV[7], ARGV[8]) == 0 then return 'duplicate' end
redis.call('HSET', KEYS[1], 't:' .. ARGV[7], ARGV[9])
for region in string.gmatch(redis.call('HGET', KEYS[1], 'expected'), '[^,]+') do
  if redis.call('HEXISTS', KEYS[1], 'o:' .. region) == 0 then return 'recorded' end
end
return fold(KEYS[1], KEYS[2], KEYS[3], KEYS[4], ARGV[2], ARGV[3], ARGV[5])
