-- "Everything from this address" and "everything with a reason" over a million rows. Generated, so that they go with
-- the row when it is erased and nobody writes them; as plain columns, because under row security an index is used only
-- for comparisons that leak nothing, and taking JSON apart is none. Read as text: a body that no JSON reader takes must
-- not stop the act that it belongs to.
ALTER TABLE audit.pii
  ADD COLUMN from_address text GENERATED ALWAYS AS (substring(body FROM '"from":"([0-9A-Fa-f.:]{2,45})"')) STORED,
  ADD COLUMN has_why boolean GENERATED ALWAYS AS (strpos(body, '"why":"') > 0) STORED;
CREATE INDEX pii_from_address ON audit.pii (tenant_id, from_address) WHERE from_address IS NOT NULL;
CREATE INDEX pii_has_why ON audit.pii (tenant_id, event_id) WHERE has_why;
GRANT SELECT (from_address, has_why) ON audit.pii TO tocsin_app, tocsin_worker;
