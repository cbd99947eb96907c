// Ends the attempts to prove webhooks: the challenge was answered with its code, and the domain publishes its record. A
// private address, which only an operator's allowance opens, has no public record: there the answer alone counts.
import { setTimeout as pause } from "node:timers/promises";
import { audit } from "#lib/adapters/audit";
import { monotonicMs } from "#lib/adapters/clock";
import { type Db, type Sweeper, type Tx, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import { isAddress, isPrivateHost, type TxtAnswer, txtRecords } from "#lib/adapters/dns-txt";
import { liveHint } from "#lib/adapters/hint";
import { lockSink } from "#lib/commands/sink/live-sink";
import { markProven } from "#lib/commands/sink/prove-row";
import { type ProofKind, recordName, recordValue } from "#lib/domain/proof";
import { eachApart } from "./apart.ts";

interface Due {
  tenant_id: string;
  id: string;
}

interface Attempt {
  sinkId: string;
  url: string;
  token: string | null;
  state: string | null;
  reason: string;
  over: boolean;
}

export type Verdict = { proof: ProofKind } | { failed: string } | null;

const AT_ONCE = 50;
const SIDE_BY_SIDE = 8;

/** No name server is waited for longer than this, and no more are asked once so long went by: the duty has ten seconds. */
const WAIT_MS = 4_000;

/**
 * One look at every attempt whose challenge was answered or given up. Tenants take turns, and some are looked at side by
 * side, so that one whose name server is silent does not make the others wait.
 * @param waitMs for a name server
 * @returns how many ended. @throws the first failure, after all others had their turn
 */
export async function settleWebhookProofs(db: Db, sweeper: Sweeper, now: Date, waitMs = WAIT_MS): Promise<number> {
  const due = await sweeper.find<Due>(
    `SELECT p.tenant_id, p.id FROM sink_proof p LEFT JOIN delivery d ON d.tenant_id = p.tenant_id AND d.id = p.delivery_id
     WHERE p.kind = 'webhook' AND p.state = 'asked' AND (d.state IN ('sent', 'dead', 'withheld') OR p.expires_at <= $1)
     ORDER BY row_number() OVER (PARTITION BY p.tenant_id ORDER BY p.begun_at), random() LIMIT ${AT_ONCE}`,
    [now],
  );
  const t0 = monotonicMs();
  return eachApart(due, SIDE_BY_SIDE, (one) =>
    monotonicMs() - t0 > waitMs ? Promise.resolve(false) : settleOne(db, one, now, waitMs),
  );
}

async function settleOne(db: Db, { tenant_id: tenantId, id }: Due, now: Date, waitMs: number): Promise<boolean> {
  const context = { tenantId, actorId: WORKER_ACTOR };
  const attempt = await unlessErased(
    db.withTenant(context, (tx) => attemptOf(tx, id, now)),
    null,
  );
  if (attempt === null) return false;
  // No transaction is open while a name server is waited for.
  const verdict = await Promise.race([judge(attempt), silence(attempt, waitMs)]);
  if (verdict === null) return false;
  return unlessErased(
    db.withTenant(context, (tx) => end(tx, tenantId, id, attempt, verdict, now)),
    false,
  );
}

async function attemptOf(tx: Tx, id: string, now: Date): Promise<Attempt | null> {
  const [row] = await tx.$queryRaw<
    Attempt[]
  >`SELECT p.sink_id AS "sinkId", s.config->>'url' AS url, s.dns_token AS token, d.state, coalesce(d.reason, '') AS reason,
      p.expires_at <= ${now} AS over
    FROM sink_proof p JOIN sink s ON s.tenant_id = p.tenant_id AND s.id = p.sink_id
    LEFT JOIN delivery d ON d.tenant_id = p.tenant_id AND d.id = p.delivery_id
    WHERE p.tenant_id = app.tenant() AND p.id = ${id}::uuid AND p.state = 'asked'`;
  return row ?? null;
}

async function judge(a: Attempt): Promise<Verdict> {
  if (a.state !== "sent")
    return { failed: a.over && a.state !== "dead" ? "The receiver did not answer in time." : a.reason };
  const url = new URL(a.url);
  const port = Number(url.port) || (url.protocol === "https:" ? 443 : 80);
  if (await isPrivateHost(url.hostname, port)) return { proof: "echo" };
  if (isAddress(url.hostname))
    return { failed: "An address has no record in the DNS: enter the receiver's URL with its name." };
  const answer = await txtRecords(recordName(url.hostname));
  return byRecord(answer, recordName(url.hostname), recordValue(a.token ?? ""), a.over);
}

const silence = async ({ over }: Attempt, ms: number): Promise<Verdict> =>
  byRecord(await pause(ms, { is: "unknown", detail: "TIMEOUT" } as const, { ref: false }), "", "", over);

/** @param over no time is left for a name server that does not answer */
export function byRecord(answer: TxtAnswer, name: string, value: string, over: boolean): Verdict {
  if (answer.is === "unknown")
    return over ? { failed: "The receiver answered, but no name server did: try again." } : null;
  if (answer.is === "records" && answer.records.some((r) => r.trim() === value)) return { proof: "webhook" };
  const other = answer.is === "records" && answer.records.length > 0 ? " with this value" : "";
  return {
    failed: `The receiver answered, but there is no TXT record ${name}${other} yet: publish it, then try again.`,
  };
}

async function end(
  tx: Tx,
  tenantId: string,
  id: string,
  attempt: Attempt,
  verdict: Exclude<Verdict, null>,
  now: Date,
): Promise<boolean> {
  await lockSink(tx, attempt.sinkId);
  const sink = await tx.sink.findFirst({ where: { tenantId, id: attempt.sinkId, removedAt: null } });
  const proven = "proof" in verdict;
  const sentence = proven ? "" : verdict.failed.slice(0, 500);
  const changed =
    await tx.$executeRaw`UPDATE sink_proof SET state = ${proven ? "proven" : "failed"}, sentence = ${sentence}, decided_at = ${now}
    WHERE tenant_id = app.tenant() AND id = ${id}::uuid AND state = 'asked'`;
  if (changed === 0 || sink === null) return false;
  // What was asked of another address than the present one proves nothing.
  if (proven && (sink.config as { url?: string }).url === attempt.url) {
    await markProven(tx, sink, { proof: verdict.proof, personAt: null, now });
    const entry = { action: "sink.prove", target: `sink:${sink.id}`, body: { by: verdict.proof } };
    await audit(tx, { tenantId, actorId: WORKER_ACTOR }, entry);
  }
  await liveHint(tx, { tenant: tenantId, what: "sink", id: attempt.sinkId });
  return true;
}
