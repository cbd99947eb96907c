-- The worker makes rows of the regions that its settings name, so that a production installation has them without a
-- seed. It only adds: switching one off or renaming its city stays the owner's.
GRANT INSERT (name, city) ON region TO tocsin_worker;
