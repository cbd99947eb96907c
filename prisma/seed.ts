// The development fleet as rows, through the product's own commands, so that each has its audit row. Runs at every
// start and changes only what differs: ports may be others than last time.
import { createHash, randomUUID } from "node:crypto";
import { audit, canonicalJson } from "#lib/adapters/audit";
import { now as clockNow } from "#lib/adapters/clock";
import { type Db, openDb, PLATFORM_TENANT, type TenantContext, type Tx } from "#lib/adapters/db";
import { places, type SecretBox } from "#lib/adapters/secrets";
import type { SinkKind } from "#lib/sinks/sink";
import pg from "pg";
import { roleUrl } from "./migrate.ts";

export interface SeedServer {
  slug: string;
  name: string;
  url: string;
  credential?: { header: string; value: string };
}

export interface SeedSink {
  kind: SinkKind;
  name: string;
  config: Record<string, string>;
  secrets: Record<string, string>;
}

export interface Seed {
  ownerUrl: string;
  secret: string;
  box: SecretBox;
  regions: { name: string; city: string }[];
  fleet: SeedServer[];
  sinks: SeedSink[];
  /** Sinks of the installation's own alerts. */
  platformSinks: SeedSink[];
}

const ACTOR = "00000000-0000-4000-8000-0000000000a2";
/** Loopback, unprivileged ports: the development fleet and the sink inbox listen there. */
const LOOPBACK = {
  cidr: "127.0.0.1/32",
  portFrom: 1024,
  portTo: 65535,
  reason: "The development fleet and the sink inbox listen on this machine.",
};

/** The same id at every start, so that history stays with its server. */
function idOf(kind: string, name: string): string {
  const h = createHash("sha256").update(`tocsin-seed:${kind}:${name}`).digest("hex");
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(13, 16)}-8${h.slice(17, 20)}-${h.slice(20, 32)}`;
}

export const ACME = idOf("tenant", "acme");

export async function seed(given: Seed): Promise<void> {
  await asOwner(given.ownerUrl, async (owner) => {
    await owner.query(
      "INSERT INTO tenant (id, slug, name, tier, created_at) VALUES ($1, 'acme', 'Acme', 'enterprise', $2) ON CONFLICT DO NOTHING",
      [ACME, clockNow()],
    );
    for (const r of given.regions) {
      await owner.query(
        "INSERT INTO region (name, city) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET city = excluded.city",
        [r.name, r.city],
      );
    }
  });
  const db = openDb(roleUrl(given.ownerUrl, given.secret, "tocsin_app"), {
    poolSize: 2,
    applicationName: "tocsin-seed",
  });
  try {
    await seedTenant(db, { tenantId: ACME, actorId: ACTOR }, given.fleet, given.sinks, given.box);
    await seedTenant(db, { tenantId: PLATFORM_TENANT, actorId: ACTOR }, [], given.platformSinks, given.box);
  } finally {
    await db.close();
  }
}

async function seedTenant(
  db: Db,
  context: TenantContext,
  fleet: SeedServer[],
  sinks: SeedSink[],
  box: SecretBox,
): Promise<void> {
  await db.withTenant(context, async (tx) => {
    await allowLoopback(tx, context);
    for (const s of fleet) await putServer(tx, context, s, box);
    for (const s of sinks) await putSink(tx, context, s, box);
  });
}

async function allowLoopback(tx: Tx, context: TenantContext): Promise<void> {
  if ((await tx.addressAllowance.count({ where: { cidr: LOOPBACK.cidr, revokedAt: null } })) > 0) return;
  const id = randomUUID();
  await tx.addressAllowance.create({
    data: { tenantId: context.tenantId, id, ...LOOPBACK, createdBy: context.actorId, createdAt: clockNow() },
  });
  await audit(tx, context, { action: "address.allow", target: `allowance:${id}`, body: LOOPBACK });
}

async function putServer(tx: Tx, context: TenantContext, given: SeedServer, box: SecretBox): Promise<void> {
  const { tenantId } = context;
  const id = idOf("server", given.slug);
  const there = await tx.server.findFirst({ where: { id } });
  if (there === null) {
    await tx.server.create({
      data: {
        tenantId,
        id,
        name: given.name,
        url: given.url,
        intervalS: 15,
        createdBy: context.actorId,
        createdAt: clockNow(),
      },
    });
    await audit(tx, context, {
      action: "server.register",
      target: `server:${id}`,
      body: { url: given.url, intervalS: 15 },
    });
  } else if (there.url !== given.url) {
    await tx.server.updateMany({ where: { id }, data: { url: given.url } });
    await audit(tx, context, {
      action: "server.change",
      target: `server:${id}`,
      body: { url: given.url, was: there.url },
    });
  }
  if (given.credential && (await tx.serverCredential.count({ where: { serverId: id } })) === 0) {
    const sealed = await box.seal(tx, places.serverCredential(tenantId, id), given.credential.value);
    await tx.serverCredential.create({
      data: {
        tenantId,
        serverId: id,
        kind: "header",
        headerName: given.credential.header,
        sealed,
        createdAt: clockNow(),
      },
    });
    await audit(tx, context, {
      action: "server.set_credential",
      target: `server:${id}`,
      body: { kind: "header", headerName: given.credential.header },
    });
  }
}

async function putSink(tx: Tx, context: TenantContext, given: SeedSink, box: SecretBox): Promise<void> {
  const { tenantId } = context;
  const id = idOf(`sink:${tenantId}`, given.name);
  const there = await tx.sink.findFirst({ where: { id } });
  const changed = there !== null && canonicalJson(there.config) !== canonicalJson(given.config);
  if (there !== null && !changed && given.kind !== "webhook") return;
  const row = {
    config: given.config,
    sealed: await box.seal(tx, places.sink(tenantId, id), JSON.stringify(given.secrets)),
    updatedAt: clockNow(),
    // The inbox that they point to is this installation's own.
    provenAt: clockNow(),
    proof: given.kind === "webhook" ? "echo" : given.kind === "email" ? "mail" : "code",
    personProvenAt: clockNow(),
    secretAt: Object.keys(given.secrets).length > 0 ? clockNow() : null,
    proofDueAt: new Date(clockNow().getTime() + 7 * 86_400_000),
  };
  if (there === null) {
    await tx.sink.create({
      data: {
        tenantId,
        id,
        kind: given.kind,
        name: given.name,
        ...row,
        createdBy: context.actorId,
        createdAt: clockNow(),
      },
    });
  } else {
    await tx.sink.updateMany({ where: { id }, data: row });
  }
  await audit(tx, context, {
    action: there === null ? "sink.create" : "sink.change",
    target: `sink:${id}`,
    body: { kind: given.kind, name: given.name },
  });
}

async function asOwner(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query("SET ROLE tocsin_owner");
    await work(client);
  } finally {
    await client.end();
  }
}
