-- Closes one slot whose time is over with whatever is there.
-- KEYS: slot hash, due set, sealed stream.  ARGV: now, ttl s, due member
return fold(KEYS[1], KEYS[2], KEYS[3], ARGV[1], ARGV[2], ARGV[3])
