-- A server that asks us to slow down keeps what was last known of it, for a bounded time only: this is where that began.
ALTER TABLE server_now ADD COLUMN rate_limited_since timestamptz(3);
