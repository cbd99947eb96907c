// Copies the log to where the root operator wants it. The log itself is the queue: a position per stream and tenant moves
// only after the receiver has taken what stands before it, so that a crash between the two repeats and never skips.
import { monotonicMs } from "#lib/adapters/clock";
import { type Db, PLATFORM_TENANT, type Tx, WORKER_ACTOR } from "#lib/adapters/db";
import type { Log } from "#lib/adapters/log";
import { places, type SecretBox } from "#lib/adapters/secrets";
import type { SendBatch, StreamTarget } from "#lib/adapters/send-stream";
import {
  BATCH_RECORDS,
  checkpointBatch,
  eventBatch,
  fitting,
  type StreamBatch,
  type StreamedEvent,
  type StreamKind,
} from "#lib/domain/audit/stream";
import { addressPolicy } from "#lib/queries/address-policy";
import { checkpointsAfter, type HeadRow, headOf } from "#lib/queries/audit-checkpoints";
import { type Ask, sealedRows } from "#lib/queries/audit-proof";

export interface Streamer {
  db: Db;
  box: SecretBox;
  send: SendBatch;
  ca: () => string | undefined;
  log: Log;
}

const TIMEOUT_MS = 5_000;
/** One run sends for so long at most; the next goes on where it ended. */
const BUDGET_MS = 7_000;
const RETRY_MS = 5_000;
const RETRY_MOST_MS = 300_000;
const platform = { tenantId: PLATFORM_TENANT, actorId: WORKER_ACTOR };

type Stream = Awaited<ReturnType<typeof liveStreams>>[number];
const liveStreams = (tx: Tx) => tx.auditStream.findMany({ where: { removedAt: null }, orderBy: { createdAt: "asc" } });

/** One run over all streams; one that does not answer never holds up another. */
export async function streamLog(s: Streamer, now: Date, signal?: AbortSignal): Promise<void> {
  const { streams, policy } = await s.db.withTenant(platform, async (tx) => ({
    streams: await liveStreams(tx),
    policy: await addressPolicy(tx),
  }));
  const until = monotonicMs() + BUDGET_MS;
  const ca = s.ca();
  await Promise.all(
    streams.map(async (stream) => {
      const deliver = async (batch: StreamBatch) => {
        const options = { policy, timeoutMs: TIMEOUT_MS, now, ca, ...(signal ? { signal } : {}) };
        return s.send(await target(s, stream), batch, options);
      };
      try {
        if (stream.testAskedAt !== null) await test(s, stream, deliver, now);
        if (stream.retryAt !== null && stream.retryAt > now) return;
        const more = () => monotonicMs() < until && signal?.aborted !== true;
        await catchUp(s, stream, deliver, now, more);
      } catch (err) {
        s.log.error({ err, stream: stream.id }, "a copy of the audit log could not be made; its next run is on time");
        const sentence = "It could not be read or sent, by a fault on our side: look at the worker's log.";
        await failed(s.db, stream, sentence, now).catch(() => {});
      }
    }),
  );
}

async function target({ box, db }: Streamer, stream: Stream): Promise<StreamTarget> {
  const hidden: unknown =
    stream.sealed === null
      ? {}
      : JSON.parse(await box.open(db, places.auditStream(PLATFORM_TENANT, stream.id), stream.sealed));
  return {
    kind: stream.kind as StreamKind,
    config: { ...(stream.config as Record<string, string>), ...(hidden as Record<string, string>) },
  };
}

type Deliver = (batch: StreamBatch) => Promise<string | null>;

async function test(s: Streamer, stream: Stream, deliver: Deliver, now: Date): Promise<void> {
  const at = now.toISOString();
  const sentence = "A test from Tocsin: copies of the audit log arrive here.";
  const refused = await deliver({
    id: `${stream.id}.test.${at}`,
    key: `test/${at.replace(/[:.]/g, "-")}.ndjson`,
    records: [{ kind: "test", at, sentence }],
  });
  await s.db.withTenant(platform, (tx) =>
    tx.auditStream.updateMany({
      // Asked for again meanwhile: that one is still owed.
      where: { id: stream.id, testAskedAt: stream.testAskedAt },
      data: { testAskedAt: null, testedAt: now, testResult: refused ?? "Arrived." },
    }),
  );
}

async function catchUp(s: Streamer, stream: Stream, deliver: Deliver, now: Date, more: () => boolean): Promise<void> {
  const heads = (
    await s.db.global(
      (tx) =>
        tx.$queryRaw<HeadRow[]>`SELECT tenant_id::text, seq::int8, encode(hash, 'hex') AS hash FROM audit.heads()`,
    )
  ).map(headOf);
  const cursors = await s.db.withTenant(platform, (tx) =>
    tx.auditStreamCursor.findMany({ where: { streamId: stream.id } }),
  );
  const position = new Map(cursors.map((c) => [c.logId, Number(c.seq)]));
  let waiting = heads.reduce((sum, h) => sum + Math.max(0, h.seq - (position.get(h.tenantId) ?? 0)), 0);
  for (const head of heads) {
    let seq = position.get(head.tenantId) ?? 0;
    while (seq < head.seq) {
      if (!more()) return note(s.db, stream, { waiting });
      const records = fitting(await nextRecords(s.db, head.tenantId, seq, head.seq));
      const last = records.at(-1);
      if (last === undefined) break;
      const refused = await deliver(eventBatch(stream.id, records));
      if (refused !== null) return failed(s.db, stream, refused, now, waiting);
      await advance(s.db, stream, head.tenantId, last.link.seq, now);
      waiting -= last.link.seq - seq;
      seq = last.link.seq;
    }
  }
  let no = Number(stream.checkpointNo);
  for (;;) {
    if (!more()) return note(s.db, stream, { waiting });
    const checkpoints = await s.db.global((tx) => checkpointsAfter(tx, no, BATCH_RECORDS));
    const records = fitting(checkpoints.map((checkpoint) => ({ kind: "checkpoint" as const, checkpoint })));
    const last = records.at(-1)?.checkpoint;
    if (last === undefined) break;
    const refused = await deliver(
      checkpointBatch(
        stream.id,
        records.map((r) => r.checkpoint),
      ),
    );
    if (refused !== null) return failed(s.db, stream, refused, now, waiting);
    no = last.no;
    await note(s.db, stream, { checkpointNo: BigInt(no), lastSentAt: now });
  }
  await note(s.db, stream, { caughtUpAt: now, waiting: 0, lastError: null, failures: 0, retryAt: null });
}

async function nextRecords(db: Db, tenantId: string, after: number, last: number): Promise<StreamedEvent[]> {
  const ask: Ask = (sql, params = []) =>
    db.withTenant({ tenantId, actorId: WORKER_ACTOR, readOnly: true }, (tx) => tx.$queryRawUnsafe(sql, ...params));
  for await (const rows of sealedRows(ask, tenantId, last, { from: after, size: BATCH_RECORDS, ahead: false }))
    return rows.map(({ seq, eventId, contentHash, prev, hash, event }) => ({
      kind: "event",
      link: { tenantId, seq, eventId, contentHash, prev, hash },
      event,
    }));
  return [];
}

/** Never backwards, whoever else sends. */
async function advance(db: Db, stream: Stream, logId: string, seq: number, now: Date): Promise<void> {
  await db.withTenant(platform, async (tx) => {
    await tx.$executeRaw`INSERT INTO audit_stream_cursor (tenant_id, stream_id, log_id, seq)
      VALUES (app.tenant(), ${stream.id}::uuid, ${logId}::uuid, ${BigInt(seq)})
      ON CONFLICT (tenant_id, stream_id, log_id) DO UPDATE SET seq = excluded.seq WHERE audit_stream_cursor.seq < excluded.seq`;
    await tx.auditStream.updateMany({ where: { id: stream.id }, data: { lastSentAt: now } });
  });
}

async function failed(db: Db, stream: Stream, sentence: string, now: Date, waiting?: number): Promise<void> {
  const pause = Math.min(RETRY_MOST_MS, RETRY_MS * 2 ** Math.min(stream.failures, 10));
  await note(db, stream, {
    lastError: sentence,
    failures: stream.failures + 1,
    retryAt: new Date(now.getTime() + pause),
    ...(waiting === undefined ? {} : { waiting }),
  });
}

async function note(
  db: Db,
  stream: Stream,
  data: Partial<Pick<Stream, "lastError" | "failures" | "retryAt" | "checkpointNo" | "lastSentAt" | "caughtUpAt">> & {
    waiting?: number;
  },
): Promise<void> {
  await db.withTenant(platform, (tx) => tx.auditStream.updateMany({ where: { id: stream.id }, data }));
}
