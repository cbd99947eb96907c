-- A tenant is told by mail when somebody of the staff begins a visit that may change things.
ALTER TABLE notice DROP CONSTRAINT notice_kind_check;
ALTER TABLE notice ADD CONSTRAINT notice_kind_check
  CHECK (kind IN ('trigger', 'update', 'acknowledge', 'resolve', 'test', 'visit'));
