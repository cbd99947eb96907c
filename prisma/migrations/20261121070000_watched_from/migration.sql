-- A server that was paused for a week is not "not checked for a week" when it is resumed: the watch counts from here.
ALTER TABLE server ADD COLUMN watched_from timestamptz(3);
GRANT SELECT (watched_from) ON server TO tocsin_sweeper;
