-- Whose a sink is: how that was shown, until when it holds, and each attempt to show it.
ALTER TABLE sink
  -- When a person last took part in the proof; what can be asked of the vendor alone renews it for a while only.
  ADD COLUMN person_proven_at timestamptz(3),
  -- The account that the vendor named, where it names one.
  ADD COLUMN proof_account text CHECK (char_length(proof_account) <= 200),
  -- When renewing it was last tried.
  ADD COLUMN proof_asked_at timestamptz(3),
  -- When it ran out and nobody had renewed it; NULL once it is proven again.
  ADD COLUMN proof_lapsed_at timestamptz(3),
  -- The place at the vendor, hashed: only one tenant may hold it proven.
  ADD COLUMN place bytea CHECK (octet_length(place) = 32),
  -- When its secret was last entered; until when a webhook is signed with the one before as well.
  ADD COLUMN secret_at timestamptz(3),
  -- What the receiving domain publishes; the DNS is public, so this is no secret.
  ADD COLUMN dns_token text CHECK (dns_token ~ '^[a-z2-7]{32}$'),
  ADD COLUMN former_secret_until timestamptz(3);
UPDATE sink SET person_proven_at = proven_at WHERE proven_at IS NOT NULL;
UPDATE sink SET secret_at = created_at WHERE sealed IS NOT NULL;
CREATE INDEX sink_place ON sink (place) WHERE proven_at IS NOT NULL AND removed_at IS NULL;
CREATE INDEX sink_proof_due ON sink (proof_due_at) WHERE proven_at IS NOT NULL AND removed_at IS NULL;
GRANT UPDATE (person_proven_at, proof_account, proof_asked_at, proof_lapsed_at, place, sealed, secret_at, former_secret_until, dns_token, config) ON sink TO tocsin_worker;
GRANT SELECT (tenant_id, id, proven_at, proof_due_at, proof_asked_at, proof_lapsed_at, former_secret_until, removed_at, kind, state) ON sink TO tocsin_sweeper;

CREATE TABLE sink_proof (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  sink_id uuid NOT NULL,
  -- code: typed back. mail: a link for one recipient. webhook: a record in the DNS and an answer. account: the vendor's own sign-in.
  kind text NOT NULL CHECK (kind IN ('code', 'mail', 'webhook', 'account')),
  -- SHA-256 of what has to come back; never the thing itself.
  hash bytea CHECK (octet_length(hash) = 32),
  -- SHA-256 of the recipient's address.
  recipient bytea CHECK (octet_length(recipient) = 32),
  -- What the vendor's sign-in hands back must match: the session, and the verifier that only the console holds.
  session_id uuid,
  verifier text CHECK (char_length(verifier) <= 200),
  -- Its challenge on the way.
  delivery_id uuid,
  -- For the secret that is to take the present one's place.
  rotates boolean NOT NULL DEFAULT false,
  begun_by uuid,
  begun_at timestamptz(3) NOT NULL,
  expires_at timestamptz(3) NOT NULL,
  tries int NOT NULL DEFAULT 0,
  state text NOT NULL CHECK (state IN ('asked', 'proven', 'failed', 'replaced')),
  sentence text NOT NULL DEFAULT '' CHECK (char_length(sentence) <= 500),
  decided_at timestamptz(3),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, sink_id) REFERENCES sink (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX sink_proof_of ON sink_proof (tenant_id, sink_id, begun_at DESC);
CREATE INDEX sink_proof_webhooks ON sink_proof (begun_at) WHERE state = 'asked' AND kind = 'webhook';
ALTER TABLE sink_proof ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON sink_proof TO tocsin_app, tocsin_worker
  USING (tenant_id = (SELECT app.tenant())) WITH CHECK (tenant_id = (SELECT app.tenant()));
CREATE POLICY find_due ON sink_proof FOR SELECT TO tocsin_sweeper USING (true);
CREATE POLICY find_due ON sink FOR SELECT TO tocsin_sweeper USING (true);
GRANT SELECT, INSERT, UPDATE ON sink_proof TO tocsin_app, tocsin_worker;
GRANT SELECT (tenant_id, id, kind, state, begun_at, expires_at, delivery_id) ON sink_proof TO tocsin_sweeper;

-- The second layer beside the code: what is no challenge cannot be written for a sink that is not proven, whoever writes.
CREATE POLICY to_proven_sinks ON delivery AS RESTRICTIVE FOR INSERT TO tocsin_app, tocsin_worker WITH CHECK (kind = 'challenge' OR EXISTS
  (SELECT 1 FROM sink s WHERE s.tenant_id = delivery.tenant_id AND s.id = delivery.sink_id AND s.proven_at IS NOT NULL));

-- A code or a link is kept only until its message is settled.
CREATE FUNCTION app.forget_code() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_catalog AS $$
BEGIN
  UPDATE notice SET content = (content - 'code' - 'to') || '{"incidentUrl": ""}' WHERE tenant_id = NEW.tenant_id AND id = NEW.notice_id;
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION app.forget_code FROM PUBLIC;
CREATE TRIGGER forget_code AFTER UPDATE OF state ON delivery FOR EACH ROW
  WHEN (NEW.kind = 'challenge' AND NEW.state IN ('sent', 'dead', 'withheld')) EXECUTE FUNCTION app.forget_code();

-- Whether another tenant holds this place proven: yes or no, and nothing about whom.
CREATE FUNCTION app.place_taken(given bytea) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT EXISTS (SELECT 1 FROM public.sink WHERE place = given AND proven_at IS NOT NULL AND removed_at IS NULL
    AND tenant_id <> (SELECT app.tenant()))
$$;
REVOKE ALL ON FUNCTION app.place_taken FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.place_taken TO tocsin_app, tocsin_worker;
