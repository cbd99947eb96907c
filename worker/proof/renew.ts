// Proofs run out: once a week each is renewed. What can be asked without a person is asked; where a person has to take
// part, they are asked two days before. What nobody renews ends loudly: the sink is disabled and the tenant is told.
import { audit } from "#lib/adapters/audit";
import { type Db, type Sweeper, type Tx, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import { liveHint } from "#lib/adapters/hint";
import type { Log } from "#lib/adapters/log";
import { places, type SecretBox } from "#lib/adapters/secrets";
import { challenge } from "#lib/commands/sink/challenge-row";
import { LAPSED, UNPROVEN } from "#lib/commands/sink/prove-row";
import { holdsUntil, RENEW_BEFORE_MS, RENEW_EVERY_MS, renewalNow, withoutNext } from "#lib/domain/proof";
import { renewalRequest, renewedBy } from "#lib/sinks/ownership";
import type { SinkBases } from "#lib/sinks/sink";
import type { Dispatch } from "../delivery/dispatch.ts";
import { remind } from "./remind.ts";

export interface Renewing {
  db: Db;
  sweeper: Sweeper;
  box: SecretBox;
  bases: SinkBases;
  send: Dispatch["send"];
  log: Log;
}

const AT_ONCE = 100;
const TIMEOUT_MS = 10_000;

export interface Looked {
  renewed: number;
  asked: number;
  lapsed: number;
}

/** One look over all proofs that run out within two days. One sink's trouble keeps no other from its turn. */
export async function renewProofs(r: Renewing, now: Date, signal?: AbortSignal): Promise<Looked> {
  const did: Looked = { renewed: 0, asked: 0, lapsed: 0 };
  const due = await r.sweeper.find<{ tenant_id: string; id: string }>(
    `SELECT tenant_id, id FROM sink WHERE proven_at IS NOT NULL AND removed_at IS NULL AND state = 'enabled'
       AND proof_due_at <= $1 AND (proof_due_at <= $2 OR proof_asked_at IS NULL OR proof_asked_at <= $3)
     ORDER BY proof_due_at LIMIT ${AT_ONCE}`,
    [new Date(now.getTime() + RENEW_BEFORE_MS), now, new Date(now.getTime() - RENEW_EVERY_MS)],
  );
  for (const { tenant_id: tenantId, id } of due) {
    if (signal?.aborted) break;
    try {
      const what = await one(r, tenantId, id, now);
      if (what !== null) did[what]++;
    } catch (err) {
      r.log.error({ err, tenant: tenantId, sink: id }, "a sink's proof could not be renewed; the next look is soon");
    }
  }
  return did;
}

type Row = Awaited<ReturnType<Tx["sink"]["findFirstOrThrow"]>>;

async function one(r: Renewing, tenantId: string, id: string, now: Date): Promise<keyof Looked | null> {
  const within = <T>(fn: (tx: Tx) => Promise<T>) =>
    unlessErased(r.db.withTenant({ tenantId, actorId: WORKER_ACTOR }, fn), null);
  const row = await within((tx) => tx.sink.findFirst({ where: { tenantId, id, removedAt: null } }));
  if (row === null || row.provenAt === null || row.proof === null || row.proofDueAt === null) return null;
  const stands = { proof: row.proof, personAt: row.personProvenAt, dueAt: row.proofDueAt, askedAt: row.proofAskedAt };
  switch (renewalNow(stands, now)) {
    case "none":
      return null;
    case "lapse":
      return (await within((tx) => lapse(tx, row, now))) ? "lapsed" : null;
    case "by_a_person":
      await within((tx) => askPerson(tx, row, now));
      return "asked";
    case "by_itself":
      if (row.kind === "webhook") {
        await within((tx) => askMachine(tx, row, now));
        return "asked";
      }
      return (await askVendor(r, row, now, within)) ? "renewed" : null;
  }
}

/** @returns whether this one did it: another process, or a proof given this moment, may have been first */
async function lapse(tx: Tx, row: Row, now: Date): Promise<boolean> {
  const { count } = await tx.sink.updateMany({
    where: {
      tenantId: row.tenantId,
      id: row.id,
      proofDueAt: row.proofDueAt,
      provenAt: { not: null },
      state: "enabled",
    },
    data: { ...UNPROVEN, proofLapsedAt: now, state: "disabled", disabledReason: LAPSED, updatedAt: now },
  });
  if (count === 0) return false;
  // Whoever had confirmed has to do so anew: else nobody could be asked, and the sink would stay nobody's for good.
  if (row.kind === "email")
    await tx.$executeRaw`UPDATE sink SET config = config || '{"confirmed": ""}' WHERE tenant_id = app.tenant() AND id = ${row.id}::uuid`;
  await audit(
    tx,
    { tenantId: row.tenantId, actorId: WORKER_ACTOR },
    { action: "sink.lapse", target: `sink:${row.id}`, body: { proof: row.proof } },
  );
  await liveHint(tx, { tenant: row.tenantId, what: "sink", id: row.id });
  return true;
}

const noteAsked = (tx: Tx, row: Row, now: Date) =>
  tx.$executeRaw`UPDATE sink SET proof_asked_at = ${now} WHERE tenant_id = app.tenant() AND id = ${row.id}::uuid`;

/** Once, with an answer due when the proof ends; and the tenant's other sinks say that somebody has to look there. */
async function askPerson(tx: Tx, row: Row, now: Date): Promise<void> {
  await noteAsked(tx, row, now);
  const waiting = await tx.sinkProof.count({
    where: { tenantId: row.tenantId, sinkId: row.id, state: "asked", begunBy: null, expiresAt: { gt: now } },
  });
  if (waiting > 0) return;
  const form = row.config as { recipients?: string };
  const everybody = (form.recipients ?? "").split(/[\s,;]+/).filter(Boolean);
  const ends = row.kind === "email" ? {} : { expiresAt: row.proofDueAt ?? now };
  await challenge(tx, row, { by: null, now, ...ends, recipients: everybody });
  await remind(tx, row, row.proofDueAt ?? now, now);
}

async function askMachine(tx: Tx, row: Row, now: Date): Promise<void> {
  await noteAsked(tx, row, now);
  await challenge(tx, row, { by: null, now });
}

/** The vendor is asked whether the key still leads there; where there is nothing to ask, a sink that works is enough. */
async function askVendor(
  r: Renewing,
  row: Row,
  now: Date,
  within: <T>(fn: (tx: Tx) => Promise<T>) => Promise<T | null>,
): Promise<boolean> {
  const hidden: Record<string, string> =
    row.sealed === null ? {} : JSON.parse(await r.box.open(r.db, places.sink(row.tenantId, row.id), row.sealed));
  const form = { ...(row.config as Record<string, string>), ...withoutNext(hidden) };
  const request = renewalRequest(row.kind, form, r.bases, `tocsin-renew-${row.id}`);
  const answer = request === null ? null : await r.send(request, { policy: { allow: [] }, timeoutMs: TIMEOUT_MS });
  const renewed = answer === null ? "holds" : renewedBy(row.kind, form, answer);
  const done = await within(async (tx) => {
    if (renewed !== "holds") {
      await noteAsked(tx, row, now);
      // A key that the vendor refuses will not mend itself: somebody has two days.
      if (renewed === "gone" && row.proofAskedAt === null) await remind(tx, row, row.proofDueAt ?? now, now);
      return false;
    }
    const { count } = await tx.sink.updateMany({
      where: { tenantId: row.tenantId, id: row.id, proofDueAt: row.proofDueAt, provenAt: { not: null } },
      data: { proofDueAt: holdsUntil(row.proof ?? "", row.personProvenAt, now), proofAskedAt: null },
    });
    return count === 1;
  });
  return done === true;
}
