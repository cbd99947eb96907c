-- People may be written by a directory over SCIM 2.0. What it writes stands in tables of its own: a person of ours is
-- met by (issuer, directory_id) only, never by an id of ours and never by an address of e-mail.
CREATE FUNCTION app.reserved(groups text[]) RETURNS boolean LANGUAGE sql IMMUTABLE SET search_path = pg_catalog
  AS $$ SELECT EXISTS (SELECT FROM unnest(groups) AS g WHERE g LIKE 'tocsin:%') $$;

ALTER TABLE person
  -- What the directory calls this person: the claim that OIDC_DIRECTORY_CLAIM names, by default the subject itself.
  ADD COLUMN directory_id text,
  -- Who switched this person off: a root operator here, or the directory. Each may only take back its own.
  ADD COLUMN disabled_source text CHECK (disabled_source IN ('person', 'directory')),
  ADD COLUMN disabled_by uuid,
  ADD COLUMN disabled_reason text,
  -- Groups that begin with "tocsin:" are ours: no identity provider can put anybody into one.
  ADD CONSTRAINT person_reserved_groups CHECK (issuer = 'tocsin:break-glass' OR NOT app.reserved(groups));
CREATE UNIQUE INDEX person_directory ON person (issuer, directory_id) WHERE directory_id IS NOT NULL;

-- The emergency accounts' layer, as a row like any other, and one that stays.
INSERT INTO role_binding (id, pattern, layer, reason, created_at)
  VALUES ('00000000-0000-4000-8000-0000000000b5', 'tocsin:break-glass', 'root', 'Emergency accounts, made here and not by the identity provider.', current_timestamp);
ALTER TABLE role_binding
  ADD CONSTRAINT role_binding_reserved CHECK (pattern NOT LIKE 'tocsin:%' OR id = '00000000-0000-4000-8000-0000000000b5'),
  ADD CONSTRAINT role_binding_emergency_stays CHECK (id <> '00000000-0000-4000-8000-0000000000b5' OR removed_at IS NULL);

CREATE TABLE scim_token (
  id uuid PRIMARY KEY,
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 80),
  token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
  created_by uuid NOT NULL,
  created_at timestamptz(3) NOT NULL,
  expires_at timestamptz(3) NOT NULL,
  last_used_at timestamptz(3),
  revoked_by uuid,
  revoked_at timestamptz(3),
  CHECK (expires_at <= created_at + interval '366 days')
);
COMMENT ON TABLE scim_token IS 'global: lets the directory of the whole installation write people and groups';

CREATE TABLE scim_user (
  id uuid PRIMARY KEY,
  external_id text NOT NULL UNIQUE CHECK (char_length(external_id) BETWEEN 1 AND 255),
  user_name text NOT NULL CHECK (char_length(user_name) BETWEEN 1 AND 255),
  display_name text NOT NULL DEFAULT '',
  given_name text NOT NULL DEFAULT '',
  family_name text NOT NULL DEFAULT '',
  email text NOT NULL DEFAULT '',
  active boolean NOT NULL DEFAULT true,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL
);
CREATE UNIQUE INDEX scim_user_name ON scim_user (lower(user_name));
COMMENT ON TABLE scim_user IS 'global: the directory''s own people, before any of them has signed in';

CREATE TABLE scim_group (
  id uuid PRIMARY KEY,
  external_id text,
  display_name text NOT NULL UNIQUE CHECK (char_length(display_name) BETWEEN 1 AND 200 AND display_name NOT LIKE 'tocsin:%'),
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL
);
COMMENT ON TABLE scim_group IS 'global: the directory''s own groups; role_binding says what they stand for';

CREATE TABLE scim_member (
  group_id uuid NOT NULL REFERENCES scim_group (id) ON DELETE CASCADE,
  user_id uuid NOT NULL REFERENCES scim_user (id) ON DELETE CASCADE,
  PRIMARY KEY (group_id, user_id)
);
CREATE INDEX scim_member_user ON scim_member (user_id);
COMMENT ON TABLE scim_member IS 'global: who the directory puts into which of its groups';

GRANT SELECT, INSERT ON scim_token TO tocsin_app;
GRANT UPDATE (last_used_at, revoked_by, revoked_at) ON scim_token TO tocsin_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON scim_user, scim_group TO tocsin_app;
GRANT SELECT, INSERT, DELETE ON scim_member TO tocsin_app;
GRANT SELECT ON scim_user, scim_group, scim_member TO tocsin_worker;
