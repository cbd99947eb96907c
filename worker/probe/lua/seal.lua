-- Closes one slot whose time is over with whatever is there.
-- KEYS: slot hash, due set, sealed stream, bits of the closed slots.  ARGV: bit, ttl s, due member
return fold(KEYS[1], KEYS[2], KEYS[3], KEYS[4], ARGV[1], ARGV[2], ARGV[3])
