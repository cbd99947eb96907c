-- What alert routing stands on: more that an incident may be about, more that a notice may be, why an incident is held
-- back, and sinks that have to be proven before anything but their own challenge goes there.
ALTER TABLE incident DROP CONSTRAINT incident_subject_kind_check;
ALTER TABLE incident ADD CONSTRAINT incident_subject_kind_check CHECK (subject_kind IN
  ('server', 'tenant', 'alert', 'storm', 'cluster', 'sink', 'outbox', 'region', 'worker', 'queue', 'audit', 'access'));

ALTER TABLE notice DROP CONSTRAINT notice_kind_check;
ALTER TABLE notice ADD CONSTRAINT notice_kind_check
  CHECK (kind IN ('trigger', 'update', 'acknowledge', 'resolve', 'test', 'visit', 'digest', 'challenge', 'reminder'));

-- Its next step waits, and for what: the rule's name and what it points to. NULL: nothing holds it.
ALTER TABLE incident ADD COLUMN held_by text CHECK (held_by IN ('silence', 'window', 'storm', 'cluster', 'budget')),
  ADD COLUMN held_ref text,
  -- What whoever found it says of it, name and value: policies match on it.
  ADD COLUMN labels jsonb NOT NULL DEFAULT '{}';
UPDATE incident SET held_by = 'silence', held_ref = silence_id::text WHERE silence_id IS NOT NULL AND state <> 'resolved';
CREATE INDEX incident_held_by ON incident (held_by, held_ref) WHERE held_by IS NOT NULL;

ALTER TABLE sink ADD COLUMN proven_at timestamptz(3), ADD COLUMN proof text, ADD COLUMN proof_due_at timestamptz(3),
  ADD CHECK ((proven_at IS NULL) = (proof IS NULL));
-- Sinks from before this rule go on being told, and have a week to be proven.
UPDATE sink SET proven_at = now(), proof = 'before_this_rule', proof_due_at = now() + interval '7 days' WHERE removed_at IS NULL;

-- The third layer: whatever the code above decides, no row can ask for anything to be sent to a sink that is not proven.
-- What was written just before the proof lapsed is stopped by its claim. After, so that row security and keys speak first.
CREATE FUNCTION app.refuse_unproven() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_catalog AS $$
BEGIN
  IF NEW.kind <> 'challenge' AND NOT EXISTS
    (SELECT 1 FROM sink WHERE tenant_id = NEW.tenant_id AND id = NEW.sink_id AND proven_at IS NOT NULL) THEN
    RAISE EXCEPTION 'sink % is not proven: nothing but its challenge is delivered there', NEW.sink_id USING ERRCODE = 'TG010';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER only_to_proven_sinks AFTER INSERT OR UPDATE OF sink_id, kind ON delivery FOR EACH ROW EXECUTE FUNCTION app.refuse_unproven();

GRANT UPDATE (proven_at, proof, proof_due_at) ON sink TO tocsin_worker;
