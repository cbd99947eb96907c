// Asks vendors that accept first and work later what came of it. Confirmed is written down; what was not done after all
// is sent again, and is dead in the end like any other. No transaction is open while a vendor is waited for.
import { now as clockNow } from "#lib/adapters/clock";
import { type Sweeper, type Tx, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import { hint, liveHint } from "#lib/adapters/hint";
import type { SinkMemory } from "#lib/domain/delivery";
import { askAt, type Receipt, SEND_AGAIN, SEND_AGAIN_AFTER_MS } from "#lib/domain/receipt";
import type { Notice } from "#lib/domain/notice";
import { addressPolicy } from "#lib/queries/address-policy";
import type { AddressPolicy } from "#lib/adapters/http";
import { type Dispatch, prepare, REQUEST_TIMEOUT_MS } from "./dispatch.ts";

const AT_ONCE = 100;
const TOGETHER = 8;
const FIRST_MS = 2_000;

interface Owed {
  tenantId: string;
  id: string;
  incidentId: string | null;
  kind: Notice["kind"];
  memory: SinkMemory;
  asked: number;
  sink: { id: string; kind: string; name: string; config: Record<string, unknown>; sealed: Uint8Array | null };
  usable: boolean;
  policy: AddressPolicy;
}

/** @returns how many were asked after @throws the first failure, after every other had its turn */
export async function askReceipts(d: Omit<Dispatch, "random">, sweeper: Sweeper, now: Date): Promise<number> {
  const due = await sweeper.find<{ tenant_id: string; id: string }>(
    `SELECT tenant_id, id FROM delivery WHERE state = 'sent' AND receipt_owed AND receipt IS NULL
       AND settled_at <= $1 AND coalesce(receipt_due_at, '-infinity') <= $2 ORDER BY settled_at LIMIT $3`,
    [new Date(now.getTime() - FIRST_MS), now, AT_ONCE],
  );
  const failures: unknown[] = [];
  const line = [...due];
  const one = async () => {
    for (let next = line.shift(); next !== undefined; next = line.shift()) {
      try {
        await unlessErased(ask(d, next.tenant_id, next.id, now), undefined);
      } catch (err) {
        failures.push(err);
      }
    }
  };
  await Promise.all(Array.from({ length: TOGETHER }, one));
  if (failures.length > 0) throw failures[0];
  return due.length;
}

async function ask(d: Omit<Dispatch, "random">, tenantId: string, id: string, now: Date): Promise<void> {
  const as = { tenantId, actorId: WORKER_ACTOR };
  const owed = await d.db.withTenant(as, (tx) => take(tx, tenantId, id, now));
  if (owed === null) return;
  const said = owed.usable ? await answer(d, owed) : null;
  await d.db.withTenant(as, (tx) => write(tx, owed, said, clockNow()));
}

/** Its next asking is written down first: of two processes one asks, and one that dies leaves it for later. */
async function take(tx: Tx, tenantId: string, id: string, now: Date): Promise<Owed | null> {
  const rows = await tx.$queryRaw<(Omit<Owed, "tenantId" | "sink" | "policy"> & Owed["sink"] & { sinkId: string })[]>`
    SELECT d.incident_id AS "incidentId", d.kind AS "noticeKind", d.memory, d.receipt_asked AS asked, s.id AS "sinkId", s.kind, s.name, s.config, s.sealed,
      s.state = 'enabled' AND s.removed_at IS NULL AS usable
    FROM delivery d JOIN sink s ON s.tenant_id = d.tenant_id AND s.id = d.sink_id
    WHERE d.tenant_id = app.tenant() AND d.id = ${id}::uuid AND d.state = 'sent' AND d.receipt IS NULL
      AND coalesce(d.receipt_due_at, '-infinity') <= ${now} FOR UPDATE OF d SKIP LOCKED`;
  const row = rows[0] as (typeof rows)[0] & { noticeKind: Notice["kind"] };
  if (row === undefined) return null;
  const next = askAt(row.asked + 1, now) ?? new Date(now.getTime() + 3_600_000);
  await tx.$executeRaw`UPDATE delivery SET receipt_asked = receipt_asked + 1, receipt_due_at = ${next} WHERE tenant_id = app.tenant() AND id = ${id}::uuid`;
  const { incidentId, memory, asked, usable, sinkId, kind, name, config, sealed } = row;
  const sink = { id: sinkId, kind, name, config, sealed };
  return {
    tenantId,
    id,
    incidentId,
    kind: row.noticeKind,
    memory,
    asked,
    usable,
    sink,
    policy: await addressPolicy(tx),
  };
}

async function answer(d: Omit<Dispatch, "random">, owed: Owed): Promise<Receipt | null> {
  const prepared = await prepare(d, { ...owed, notice: { kind: owed.kind } });
  if ("verdict" in prepared) return prepared.verdict === "retry" ? { verdict: "later" } : null;
  const { sink, config } = prepared;
  const about = { config, bases: d.bases, memory: owed.memory, kind: owed.kind };
  const request = sink.receipt?.next(about) ?? null;
  if (request === null || sink.receipt === undefined) return null;
  return sink.receipt.judge(about, await d.send(request, { policy: owed.policy, timeoutMs: REQUEST_TIMEOUT_MS }));
}

/** @param said null: nobody can be asked any more */
async function write(tx: Tx, owed: Owed, said: Receipt | null, now: Date): Promise<void> {
  const { id } = owed;
  if (said?.verdict === "later" && askAt(owed.asked + 1, now) !== null) return;
  if (said?.verdict === "failed") return notDone(tx, owed, said.reason, now);
  const receipt = said === null || said.verdict === "later" ? "unknown" : "confirmed";
  const changed = await tx.$executeRaw`UPDATE delivery SET receipt = ${receipt}, receipt_due_at = NULL
    WHERE tenant_id = app.tenant() AND id = ${id}::uuid AND state = 'sent' AND receipt IS NULL`;
  if (changed === 0) return;
  if (said?.verdict === "nothing_there") await say(tx, owed, "nothing_there", said.reason, now);
  await liveHint(tx, { tenant: owed.tenantId, what: "delivery", id });
}

async function notDone(tx: Tx, owed: Owed, reason: string, now: Date): Promise<void> {
  const before = Number(owed.memory["again"] ?? 0);
  const again = before < SEND_AGAIN;
  const memory = JSON.stringify({ again: before + 1 });
  const due = new Date(now.getTime() + SEND_AGAIN_AFTER_MS);
  const changed =
    await tx.$executeRaw`UPDATE delivery SET state = ${again ? "pending" : "dead"}, reason = ${reason}, receipt_due_at = NULL, receipt_asked = 0,
      due_at = ${due}, settled_at = ${again ? null : now}::timestamptz, memory = (memory - 'receipt' - 'at') || ${memory}::jsonb
    WHERE tenant_id = app.tenant() AND id = ${owed.id}::uuid AND state = 'sent' AND receipt IS NULL`;
  if (changed === 0) return;
  await say(tx, owed, again ? "retrying" : "dead", reason, now);
  if (again) await hint(tx, "tocsin_outbox");
  await liveHint(tx, { tenant: owed.tenantId, what: "delivery", id: owed.id });
}

async function say(tx: Tx, owed: Owed, decision: string, reason: string, now: Date): Promise<void> {
  if (owed.incidentId === null) return;
  const { tenantId, incidentId, id, kind, sink } = owed;
  await tx.incidentEvent.create({
    data: {
      ...{ tenantId, incidentId, at: now, stage: "deliver", decision, sentence: `${sink.name} (${kind}): ${reason}` },
      data: { deliveryId: id, sinkId: sink.id, kind },
    },
  });
}
