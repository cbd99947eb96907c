// The self-test: a made-up alert that goes the real road. The scheduler begins it, the stream carries it, every stage of
// the pipeline decides it, the outbox sends it to this machine's own health port, and there it is seen. Its incident is
// rolled back before it exists, so that no list, number or budget knows of it; what is sent is a notice of its own.
import { randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import { type Db, PLATFORM_TENANT, type Sweeper, type Tx, WORKER_ACTOR } from "#lib/adapters/db";
import { consoleUrl } from "#lib/adapters/env";
import { hint } from "#lib/adapters/hint";
import { type NoticeContent, noticeContentSchema } from "#lib/domain/notice";
import { EVERY_MS, SELFTEST_KEY, SELFTEST_SINK, type SelftestFacts } from "#lib/domain/selftest";
import { unlookedVerdict } from "#lib/domain/verdict";
import { walk } from "../pipeline/decide.ts";

const KEPT_MS = 300_000;

/** Told of every good tick of the scheduler; begins one each half minute. */
export function selftests(db: Db, redis: Redis, prefix: string): (now: Date) => Promise<void> {
  let begun = Number.NEGATIVE_INFINITY;
  return async (now) => {
    const turn = Math.floor(now.getTime() / EVERY_MS);
    if (turn === begun) return;
    const id = randomUUID();
    await db.global(async (tx) => {
      await tx.$executeRaw`INSERT INTO selftest (id, at, step) VALUES (${id}::uuid, ${now}, 'scheduled')`;
      await tx.$queryRaw`SELECT app.forget_selftests(${new Date(now.getTime() - KEPT_MS)})`;
    });
    begun = turn;
    await redis.xadd(`${prefix}:sealed`, "*", "selftest", id);
  };
}

/** @throws what the pipeline throws; an id that is none of ours, or that was decided before, does nothing */
export async function decideSelftest(db: Db, id: string, now: Date): Promise<void> {
  if (!/^[0-9a-f-]{36}$/.test(id)) return;
  await db.withTenant({ tenantId: PLATFORM_TENANT, actorId: WORKER_ACTOR }, async (tx) => {
    const won =
      await tx.$executeRaw`UPDATE selftest SET step = 'decided' WHERE id = ${id}::uuid AND step = 'scheduled'`;
    if (won === 0) return;
    await tryThePipeline(tx, id, now);
    // What an earlier one left unsent says nothing any more.
    await tx.$executeRaw`UPDATE delivery SET state = 'withheld', reason = 'A newer self-test took its place.', settled_at = ${now}
      WHERE tenant_id = app.tenant() AND sink_id = ${SELFTEST_SINK}::uuid AND state = 'pending'`;
    const noticeId = randomUUID();
    const content = JSON.stringify(noticeContentSchema.parse(words(now)));
    await tx.$executeRaw`INSERT INTO notice (tenant_id, id, kind, dedup_key, content, at)
      VALUES (app.tenant(), ${noticeId}::uuid, 'test', ${SELFTEST_KEY + id}, ${content}::jsonb, ${now})`;
    await tx.$executeRaw`INSERT INTO delivery (tenant_id, id, notice_id, sink_id, kind, due_at, created_at)
      VALUES (app.tenant(), ${randomUUID()}::uuid, ${noticeId}::uuid, ${SELFTEST_SINK}::uuid, 'test', ${now}, ${now})`;
    await hint(tx, "tocsin_outbox");
  });
}

/** Every stage, to where its incident and deliveries are written, and back as if nothing had been. */
async function tryThePipeline(tx: Tx, id: string, now: Date): Promise<void> {
  await tx.$executeRawUnsafe("SAVEPOINT selftest");
  const decided = await walk(tx, {
    tenantId: PLATFORM_TENANT,
    subject: {
      ...{ kind: "outbox", key: `selftest:${id}`, serverId: null, name: "Self-test", url: "", tenantName: "Tocsin" },
      ...{ weight: "own", fireAfter: 1, clearAfter: 1, intervalMs: EVERY_MS, severity: "P2", drill: true },
    },
    verdict: unlookedVerdict("unknown", "selftest_failed", "A made-up alert."),
    ...{ sealed: null, slot: now, now, atOnce: true, before: { bad: 0, good: 0, flips: [] } },
  });
  await tx.$executeRawUnsafe("ROLLBACK TO SAVEPOINT selftest");
  if (decided.change !== "opened") throw new Error("the pipeline opened no incident for the self-test");
}

/** At its end. */
export async function selftestSeen(db: Db, id: string, now: Date): Promise<void> {
  if (id === "") return;
  await db.global(async (tx) => {
    await tx.$executeRaw`UPDATE selftest SET step = 'seen', seen_at = ${now} WHERE id = ${id}::uuid AND step = 'decided'`;
  });
}

/** What its rows say. */
export async function selftestFacts(sweeper: Sweeper): Promise<SelftestFacts> {
  const [row] = await sweeper.find<{ at: Date | null; step: "scheduled" | "decided" | "seen"; seen: Date | null }>(
    `SELECT n.at, n.step, (SELECT max(s.seen_at) FROM selftest s WHERE s.at > n.at - interval '10 minutes') AS seen
     FROM selftest n ORDER BY n.at DESC LIMIT 1`,
  );
  return { newest: row?.at ? { at: row.at, step: row.step } : null, lastSeenAt: row?.seen ?? null };
}

const words = (now: Date): NoticeContent => ({
  ...{ title: "Self-test", serverName: "Self-test", serverUrl: "", tenantName: "Tocsin", severity: "P4", status: "up" },
  ...{ reason: "selftest_failed", reasonLabel: "Self-test", advice: "", evidence: "A made-up alert.", regions: [] },
  ...{ startedAt: now.toISOString(), at: now.toISOString(), incidentUrl: consoleUrl(), drill: true },
});
