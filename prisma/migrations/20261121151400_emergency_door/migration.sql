-- Emergency accounts: a way in for root operators when the identity provider is away. Each use and each failed try is
-- a row here, which the worker turns into an incident of the installation's own tenant.
CREATE TABLE break_glass (
  id uuid PRIMARY KEY,
  name text NOT NULL CHECK (name ~ '^[a-z0-9](-?[a-z0-9]){1,38}$'),
  -- argon2id with its own parameters; the secret itself is shown once and kept nowhere.
  secret_hash text NOT NULL,
  created_by uuid NOT NULL,
  created_at timestamptz(3) NOT NULL,
  last_used_at timestamptz(3),
  closed_by uuid,
  closed_at timestamptz(3)
);
CREATE UNIQUE INDEX break_glass_name ON break_glass (name) WHERE closed_at IS NULL;
COMMENT ON TABLE break_glass IS 'global: accounts of the installation itself, outside every tenant';

CREATE TABLE break_glass_use (
  id uuid PRIMARY KEY,
  -- null: somebody tried a name that there is none of
  account_id uuid REFERENCES break_glass (id),
  kind text NOT NULL CHECK (kind IN ('used', 'failed')),
  at timestamptz(3) NOT NULL,
  address text NOT NULL DEFAULT '',
  -- when the watch wrote the incident; set in the incident's own transaction
  told_at timestamptz(3)
);
CREATE INDEX break_glass_use_untold ON break_glass_use (at) WHERE told_at IS NULL;
CREATE INDEX break_glass_use_of ON break_glass_use (account_id, at DESC);
COMMENT ON TABLE break_glass_use IS 'global: uses of accounts of the installation itself, outside every tenant';

GRANT SELECT, INSERT ON break_glass TO tocsin_app;
GRANT UPDATE (last_used_at, closed_by, closed_at) ON break_glass TO tocsin_app;
GRANT SELECT, INSERT ON break_glass_use TO tocsin_app;
GRANT SELECT (id, name) ON break_glass TO tocsin_worker;
GRANT SELECT ON break_glass_use TO tocsin_worker;
GRANT UPDATE (told_at) ON break_glass_use TO tocsin_worker;
