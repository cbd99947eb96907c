// Writes down what came of a try. Every write carries the fencing token: a process whose lease went to another one
// meets zero rows and changes nothing.
import { audit } from "#lib/adapters/audit";
import { crashPoint } from "#lib/adapters/crash";
import { type Db, type Tx, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import { liveHint } from "#lib/adapters/hint";
import { isLocked, isOutage } from "#lib/adapters/outage";
import { type Judgement, nextTryAt, type SinkMemory } from "#lib/domain/delivery";
import { type IncidentState, stillWanted } from "#lib/domain/incident";
import { LEASE_MS, type Claimed } from "./claim.ts";

export interface TryResult {
  judgement: Judgement;
  /** HTTP or SMTP status, where one arrived. */
  status: number | null;
  startedAt: Date;
  durationMs: number;
}

/** Keeps what one request of several achieved, so that a later try does not repeat it. @returns false: lease lost */
export async function progress(db: Db, claimed: Claimed, memory: SinkMemory, now: Date): Promise<boolean> {
  const work = db.withTenant({ tenantId: claimed.tenantId, actorId: WORKER_ACTOR, direct: true }, async (tx) => {
    const until = new Date(now.getTime() + LEASE_MS);
    const changed =
      await tx.$executeRaw`UPDATE delivery SET memory = memory || ${JSON.stringify(memory)}::jsonb, lease_until = ${until}
      WHERE id = ${claimed.id}::uuid AND token = ${claimed.token} AND state = 'leased'`;
    return changed === 1;
  });
  return unlessErased(work, false);
}

/** What is written at once at most, and what comes meanwhile waits for the next time: one writer is all it takes. */
const TOGETHER = 64;

interface Waiting {
  item: Item;
  done(): void;
  failed(error: unknown): void;
}

/** Tries that end at about the same time are written down in one transaction, each fenced by its own token. */
export class Settler {
  readonly #db: Db;
  #waiting: Waiting[] = [];
  #writing = false;

  constructor(db: Db) {
    this.#db = db;
  }

  /** Resolves when it is committed. @param random uniform in [0,1), for the jitter */
  async settle(claimed: Claimed, result: TryResult, now: Date, random: number): Promise<void> {
    const item = itemOf(claimed, result, now, random);
    const { judgement } = result;
    // A challenge may try a key that is not in use yet: its refusal says nothing of the one that is.
    if (judgement.verdict === "dead" && judgement.disablesSink && claimed.notice.kind !== "challenge")
      await settleAndDisable(this.#db, claimed, item, judgement.reason, now);
    else
      await new Promise<void>((done, failed) => {
        this.#waiting.push({ item, done, failed });
        if (!this.#writing) void this.#write();
      });
    crashPoint("after_settle");
  }

  async #write(): Promise<void> {
    this.#writing = true;
    // Answers that were read in the same turn go together.
    await new Promise((turn) => setImmediate(turn));
    while (this.#waiting.length > 0) await this.#together(this.#waiting.splice(0, TOGETHER));
    this.#writing = false;
  }

  async #together(batch: readonly Waiting[]): Promise<void> {
    try {
      await this.#db.across(async (tx) => {
        await put(
          tx,
          batch.map((w) => w.item),
        );
        crashPoint("inside_settle_tx");
      });
      for (const { done } of batch) done();
    } catch (error) {
      // One that the database refuses, or that has to wait, must not keep its neighbours from being written down.
      if (batch.length > 1 && (isLocked(error) || !isOutage(error)))
        for (const one of batch) await this.#together([one]);
      else for (const { failed } of batch) failed(error);
    }
  }
}

/** One try as the database writes it down: app.settle_deliveries. */
interface Item {
  tenant: string;
  id: string;
  incident: string | null;
  token: string;
  state: "sent" | "pending" | "dead";
  reason: string;
  due: Date | null;
  /** States of the incident in which nobody wants it any more: then it is due at once, so that its claim withholds it. */
  unwanted: readonly IncidentState[];
  memory: SinkMemory;
  maybe: boolean;
  number: number;
  started: Date;
  ms: number;
  outcome: "sent" | "retry" | "dead";
  status: number | null;
  at: Date;
  decision: string | null;
  sentence: string | null;
  data: Record<string, unknown>;
}

const STATES: readonly IncidentState[] = ["open", "acknowledged", "resolved"];

function itemOf(claimed: Claimed, { judgement, ...result }: TryResult, now: Date, random: number): Item {
  const { notice, sink } = claimed;
  const due =
    judgement.verdict === "retry" ? nextTryAt(now, claimed.createdAt, claimed.round, random, judgement.afterS) : null;
  const outcome = judgement.verdict === "retry" && due === null ? "dead" : judgement.verdict;
  const reason = judgement.verdict === "sent" ? "Accepted." : judgement.reason;
  const said = timeline(claimed, outcome, reason);
  return {
    ...{ tenant: claimed.tenantId, id: claimed.id, incident: notice.incidentId, token: String(claimed.token) },
    ...{ state: outcome === "retry" ? "pending" : outcome, outcome, reason, due, status: result.status },
    unwanted: outcome === "retry" ? STATES.filter((state) => !stillWanted(notice.kind, state).send) : [],
    memory: (judgement.verdict === "sent" ? judgement.memory : undefined) ?? {},
    maybe: judgement.verdict === "retry" && judgement.maybe,
    ...{ number: claimed.tries, started: result.startedAt, ms: Math.round(result.durationMs), at: now },
    ...{ decision: said?.decision ?? null, sentence: said?.sentence ?? null },
    data: { deliveryId: claimed.id, sinkId: sink.id, kind: notice.kind, tries: claimed.tries },
  };
}

/** @returns ids of those that were still ours */
async function put(tx: Tx, items: readonly Item[]): Promise<string[]> {
  // jsonb refuses U+0000; a vendor may have sent one.
  const json = JSON.stringify(items).replaceAll("\\u0000", "\\ufffd");
  const rows = await tx.$queryRaw<
    { id: string }[]
  >`SELECT id FROM app.settle_deliveries(${json}::jsonb, ${WORKER_ACTOR}::uuid) AS id`;
  return rows.map((r) => r.id);
}

async function settleAndDisable(db: Db, claimed: Claimed, item: Item, reason: string, now: Date): Promise<void> {
  const work = db.withTenant({ tenantId: claimed.tenantId, actorId: WORKER_ACTOR, direct: true }, async (tx) => {
    if ((await put(tx, [item])).length > 0) await disable(tx, claimed, reason, now);
    crashPoint("inside_settle_tx");
  });
  await unlessErased(work, undefined);
}

/** A sink that refuses for good must not look as if it could be told. */
async function disable(tx: Tx, claimed: Claimed, reason: string, now: Date): Promise<void> {
  const { tenantId, sink } = claimed;
  const changed =
    await tx.$executeRaw`UPDATE sink SET state = 'disabled', disabled_reason = ${reason.slice(0, 300)}, updated_at = ${now}
    WHERE tenant_id = app.tenant() AND id = ${sink.id}::uuid AND state = 'enabled'`;
  if (changed === 0) return;
  await audit(
    tx,
    { tenantId, actorId: WORKER_ACTOR },
    { action: "sink.disable", target: `sink:${sink.id}`, body: { delivery: claimed.id, permanentRefusal: true } },
  );
  await liveHint(tx, { tenant: tenantId, what: "sink", id: sink.id });
}

/** One line per turn of events, not per try: the tries themselves are on the delivery. */
function timeline(
  { sink, notice, tries }: Claimed,
  outcome: Item["outcome"],
  reason: string,
): { decision: string; sentence: string } | null {
  if (outcome === "retry" && tries > 1) return null;
  if (outcome === "sent") return { decision: "sent", sentence: `${sink.name} told (${notice.kind}).` };
  const words = { retry: "did not take it yet, trying again", dead: "could not be told" }[outcome];
  return {
    decision: outcome === "retry" ? "retrying" : outcome,
    sentence: `${sink.name} ${words} (${notice.kind}): ${reason}`,
  };
}
