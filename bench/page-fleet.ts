// Servers that fail without having anything to do with each other, so that each is an incident and a page of its own:
// own domains, few of a tenant with one reason. Each tenant has a webhook sink.
import { randomBytes, randomUUID } from "node:crypto";
import { places, type SecretBox } from "#lib/adapters/secrets";
import type { Reason } from "#lib/domain/reason";
import type { TestDatabase } from "#lib/testing/database";
import { makeServer, makeSink, makeTenant } from "#lib/testing/make";
import type { TestRedis } from "#lib/testing/redis";
import { anOutcome } from "#lib/testing/sealed";
import { record } from "../worker/probe/record.ts";

const PER_TENANT = 12;
const REGIONS = ["fra", "iad", "sin"];
const REASONS: readonly Reason[] = ["connection_refused", "timeout", "tls_invalid"];

export interface Failing {
  tenantId: string;
  serverId: string;
  reason: Reason;
}

export async function plantFailing(db: TestDatabase, box: SecretBox, count: number, url: string): Promise<Failing[]> {
  const found: Failing[] = [];
  while (found.length < count) {
    const { id: tenantId } = await makeTenant(db, { tier: "enterprise" });
    await db.sql(
      "INSERT INTO address_allowance (tenant_id, id, cidr, reason, created_at) VALUES ($1, $2, '127.0.0.1/32', 'the receiver of the bench', now())",
      [tenantId, randomUUID()],
    );
    const id = randomUUID();
    const secret = JSON.stringify({ secret: `whsec_${randomBytes(32).toString("base64")}` });
    const sealed = await box.seal(db.workerDb, places.sink(tenantId, id), secret);
    await makeSink(db, tenantId, { id, kind: "webhook", config: { url }, sealed });
    for (let i = 0; i < PER_TENANT && found.length < count; i++) {
      const at = `https://mcp.bench-${found.length}.example-${found.length}.com/mcp`;
      const serverId = await makeServer(db, tenantId, { fireAfter: 1, url: at });
      found.push({ tenantId, serverId, reason: REASONS[i % REASONS.length] as Reason });
    }
  }
  // Looked at before, and well: nothing here is a first look.
  await db.sql(
    `INSERT INTO server_now (tenant_id, server_id, since, status, last_slot, good_streak)
     SELECT tenant_id, id, now() - interval '1 day', 'up', date_trunc('minute', now()) - interval '2 minutes', 5 FROM server WHERE id = ANY ($1::uuid[])`,
    [found.map((f) => f.serverId)],
  );
  // In the order of an outage: one of each tenant in turn.
  return found
    .map((one, i) => ({ one, turn: i % PER_TENANT }))
    .sort((a, b) => a.turn - b.turn)
    .map(({ one }) => one);
}

/** @returns when the write that seals was sent, epoch ms with fractions: its own round trip counts */
export async function sealBadSlot(redis: TestRedis, { tenantId, serverId, reason }: Failing): Promise<number> {
  const slot = Math.floor(Date.now() / 60_000) * 60_000;
  const plan = { tenantId, serverId, slot, intervalS: 60, expected: REGIONS };
  let sent = 0;
  for (const region of REGIONS) {
    const outcome = anOutcome({ tenantId, serverId, slot, region }, { reason });
    sent = performance.timeOrigin + performance.now();
    await record(redis.redis, redis.prefix, plan, outcome, null, new Date());
  }
  return sent;
}

/** One call every 1/perSecond, however long each takes. */
export async function atPace<T>(
  items: readonly T[],
  perSecond: number,
  act: (item: T) => Promise<void>,
): Promise<void> {
  const t0 = performance.now();
  const under: Promise<void>[] = [];
  for (const [i, item] of items.entries()) {
    const wait = t0 + (i * 1000) / perSecond - performance.now();
    if (wait > 0) await new Promise((later) => setTimeout(later, wait));
    under.push(act(item));
  }
  await Promise.all(under);
}
