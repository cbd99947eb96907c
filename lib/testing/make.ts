// Rows as tests need them, with every field that matters named at the call.
import { randomUUID } from "node:crypto";
import type { TestDatabase } from "./database.ts";

export interface MadeTenant {
  id: string;
  slug: string;
}

export async function makeTenant(
  db: TestDatabase,
  given: { slug?: string; name?: string; tier?: string } = {},
): Promise<MadeTenant> {
  const id = randomUUID();
  const slug = given.slug ?? `t-${id.slice(0, 8)}`;
  await db.sql("INSERT INTO tenant (id, slug, name, tier, created_at) VALUES ($1, $2, $3, $4, '2026-01-01')", [
    id,
    slug,
    given.name ?? `Tenant ${slug}`,
    given.tier ?? "team",
  ]);
  return { id, slug };
}

export async function makeServer(
  db: TestDatabase,
  tenantId: string,
  given: {
    id?: string;
    name?: string;
    url?: string;
    intervalS?: number;
    regions?: string[];
    fireAfter?: number;
    clearAfter?: number;
    weight?: string;
    createdAt?: Date;
  } = {},
): Promise<string> {
  const id = given.id ?? randomUUID();
  await db.sql(
    `INSERT INTO server (tenant_id, id, name, url, interval_s, regions, fire_after, clear_after, weight, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      tenantId,
      id,
      given.name ?? "A server",
      given.url ?? `https://mcp.example.com/${id}`,
      given.intervalS ?? 60,
      given.regions ?? [],
      given.fireAfter ?? 3,
      given.clearAfter ?? 3,
      given.weight ?? "own",
      given.createdAt ?? new Date("2026-01-01T00:00:00Z"),
    ],
  );
  return id;
}

export async function makeSink(
  db: TestDatabase,
  tenantId: string,
  given: {
    id?: string;
    kind: string;
    name?: string;
    config?: Record<string, unknown>;
    sealed?: Uint8Array | null;
    state?: string;
    /** false: nobody has shown yet whose it is. */
    proven?: boolean;
  },
): Promise<string> {
  const id = given.id ?? randomUUID();
  await db.sql(
    `INSERT INTO sink (tenant_id, id, kind, name, config, sealed, state, created_at, updated_at, proven_at, proof, proof_due_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, '2026-01-01', '2026-01-01', CASE WHEN $8 THEN timestamptz '2026-01-01' END,
       CASE WHEN $8 THEN 'code' END, CASE WHEN $8 THEN timestamptz '2036-01-01' END)`,
    [
      tenantId,
      id,
      given.kind,
      given.name ?? given.kind,
      JSON.stringify(given.config ?? {}),
      given.sealed ? Buffer.from(given.sealed) : null,
      given.state ?? "enabled",
      given.proven ?? true,
    ],
  );
  return id;
}

export async function makeRegion(db: TestDatabase, name: string, city = name): Promise<string> {
  await db.sql("INSERT INTO region (name, city) VALUES ($1, $2) ON CONFLICT DO NOTHING", [name, city]);
  return name;
}
