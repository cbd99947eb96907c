-- Incidents also of a tenant's checks as a whole and of the queue.
ALTER TABLE incident DROP CONSTRAINT incident_subject_kind_check;
ALTER TABLE incident ADD CONSTRAINT incident_subject_kind_check
  CHECK (subject_kind IN ('server', 'tenant', 'region', 'worker', 'queue', 'audit', 'access'));
