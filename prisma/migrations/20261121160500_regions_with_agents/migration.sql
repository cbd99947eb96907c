-- A region may be an agent that only dials out. Its token opens that one region's work and nothing else.
ALTER TABLE region
  ADD COLUMN kind text NOT NULL DEFAULT 'in_cluster' CHECK (kind IN ('in_cluster', 'agent'));
-- Root operators keep the list; what a region is called in outcomes and who looks from it never changes.
GRANT INSERT (name, city, kind), UPDATE (city, enabled) ON region TO tocsin_app;

CREATE TABLE region_token (
  id uuid PRIMARY KEY,
  region text NOT NULL REFERENCES region (name),
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 80),
  -- Found by this part, which is no secret; the rest is compared as a hash in constant time.
  prefix text NOT NULL UNIQUE CHECK (prefix ~ '^[0-9a-f]{12}$'),
  token_hash bytea NOT NULL CHECK (octet_length(token_hash) = 32),
  created_by uuid NOT NULL,
  created_at timestamptz(3) NOT NULL,
  last_used_at timestamptz(3),
  revoked_by uuid,
  revoked_at timestamptz(3)
);
CREATE INDEX region_token_region ON region_token (region) WHERE revoked_at IS NULL;
COMMENT ON TABLE region_token IS 'global: lets the agent of one region of the installation fetch work and hand in what it saw';
GRANT SELECT ON region_token TO tocsin_app;
GRANT INSERT (id, region, name, prefix, token_hash, created_by, created_at), UPDATE (revoked_by, revoked_at) ON region_token TO tocsin_app;
GRANT SELECT (id, region, prefix, token_hash, revoked_at), UPDATE (last_used_at) ON region_token TO tocsin_worker;

CREATE TABLE region_now (
  region text PRIMARY KEY REFERENCES region (name),
  -- What an agent said of itself when it was last heard of.
  agent_id uuid,
  host text,
  build text,
  protocol int,
  seen_at timestamptz(3),
  -- How far its clock is ahead of ours, and how long an answer takes to reach it.
  skew_ms int,
  rtt_ms int,
  buffered int NOT NULL DEFAULT 0,
  -- Outcomes that came after their slot was closed, and outcomes that were lost on the way, since the row was made.
  late bigint NOT NULL DEFAULT 0,
  lost bigint NOT NULL DEFAULT 0,
  -- Why an agent was last turned away, and when.
  refused text,
  refused_at timestamptz(3),
  -- Batches that wait in its queue.
  waiting int,
  waiting_at timestamptz(3),
  -- The region found that it reaches nothing at all: it blames no server meanwhile.
  offline_since timestamptz(3),
  offline_at timestamptz(3)
);
COMMENT ON TABLE region_now IS 'global: how each of the installation''s regions is, without anything of a tenant';
GRANT SELECT ON region_now TO tocsin_app, tocsin_sweeper;
GRANT SELECT, INSERT, UPDATE ON region_now TO tocsin_worker;
