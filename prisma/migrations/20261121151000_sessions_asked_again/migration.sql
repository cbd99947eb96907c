-- Groups are asked for again while somebody works: one request of one process asks, whoever comes meanwhile waits for it.
ALTER TABLE session ADD COLUMN groups_asked_at timestamptz(3);

-- A logout token of the identity provider counts once.
CREATE TABLE logout_token (
  jti text PRIMARY KEY CHECK (char_length(jti) BETWEEN 1 AND 255),
  expires_at timestamptz(3) NOT NULL
);
COMMENT ON TABLE logout_token IS 'global: the identity provider''s own ids of what it has said once; no person and no tenant';
GRANT SELECT, INSERT, DELETE ON logout_token TO tocsin_app;
