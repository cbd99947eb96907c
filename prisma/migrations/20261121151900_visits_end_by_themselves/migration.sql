-- The worker ends a visit whose browser never came back, and with it what its session points to.
GRANT SELECT (grant_tenant_id, grant_id), UPDATE (grant_tenant_id, grant_id) ON session TO tocsin_worker;
