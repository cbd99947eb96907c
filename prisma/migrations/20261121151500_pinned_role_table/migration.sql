-- The table of permissions as it was last acknowledged. Nobody who serves may write here: only the start and the
-- command line, which hold the owner's connection.
CREATE TABLE role_table_pin (
  id uuid PRIMARY KEY,
  hash text NOT NULL CHECK (hash ~ '^[0-9a-f]{64}$'),
  permissions jsonb NOT NULL,
  -- ids of the root operators who acknowledged it; empty for the table that an installation began with
  acknowledged_by text[] NOT NULL DEFAULT '{}',
  account text NOT NULL,
  reason text NOT NULL,
  at timestamptz(3) NOT NULL
);
CREATE INDEX role_table_pin_newest ON role_table_pin (at DESC);
COMMENT ON TABLE role_table_pin IS 'global: the role table is the same for every tenant';
GRANT SELECT ON role_table_pin TO tocsin_app, tocsin_worker;
