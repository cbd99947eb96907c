// One attempt to prove a sink and the message that goes with it, in the caller's transaction. The only thing that is ever
// written for a sink that is not proven.
import { randomBytes, randomUUID } from "node:crypto";
import type { Prisma, Tx } from "#lib/adapters/db";
import { consoleUrl } from "#lib/adapters/env";
import { hint, liveHint } from "#lib/adapters/hint";
import { TocsinError } from "#lib/domain/error";
import { noticeContentSchema, type NoticeContent } from "#lib/domain/notice";
import {
  addressesIn,
  type Asked,
  askedOf,
  CODE_HOLDS_MS,
  codeFrom,
  codeHash,
  dnsToken,
  LINK_HOLDS_MS,
  linkHash,
  MAX_ASKED_SINK,
  MAX_ASKED_TENANT,
  recipientHash,
  WEBHOOK_HOLDS_MS,
} from "#lib/domain/proof";

const HOUR_MS = 3_600_000;

export interface ChallengedSink {
  id: string;
  tenantId: string;
  kind: string;
  name: string;
  config: unknown;
  dnsToken: string | null;
}

export interface Asking {
  /** null: asked by itself, because the proof runs out. */
  by: string | null;
  now: Date;
  /** The code is for a new secret that waits beside the one in use. */
  rotates?: boolean;
  /** Until when it can be answered; default: by its kind. */
  expiresAt?: Date;
  /** Mail: only these; default: everybody who has not confirmed. */
  recipients?: readonly string[];
}

/** @returns how many messages were written. @throws TocsinError E_LIMIT, E_STATE */
export async function challenge(tx: Tx, sink: ChallengedSink, asking: Asking): Promise<{ asked: Asked; sent: number }> {
  const asked = askedOf(sink.kind);
  const wanted = asked === "mail" ? (asking.recipients ?? unconfirmed(sink)) : [""];
  if (wanted.length === 0) throw new TocsinError("E_STATE", "Everybody here has confirmed already.");
  await withinLimits(tx, sink, asking, asked === "mail" ? 1 : wanted.length);
  if (asked === "webhook" && sink.dnsToken === null)
    await tx.$executeRaw`UPDATE sink SET dns_token = ${dnsToken(randomBytes(20))} WHERE tenant_id = app.tenant() AND id = ${sink.id}::uuid`;
  const tenant = await tx.tenant.findUniqueOrThrow({ where: { id: sink.tenantId }, select: { name: true } });
  for (const address of wanted) await one(tx, sink, asking, asked, address, tenant.name);
  await hint(tx, "tocsin_outbox");
  await liveHint(tx, { tenant: sink.tenantId, what: "sink", id: sink.id });
  return { asked, sent: wanted.length };
}

/** Recipients of an e-mail sink who have not confirmed. */
export function unconfirmed(sink: Pick<ChallengedSink, "config">): string[] {
  const form = sink.config as { recipients?: string; confirmed?: string };
  const confirmed = new Set(addressesIn(form.confirmed));
  return addressesIn(form.recipients).filter((a) => !confirmed.has(a));
}

/** So that nobody is written to without end; what a proof that runs out asks for by itself is not held back by it. */
async function withinLimits(tx: Tx, sink: ChallengedSink, { by, now }: Asking, more: number): Promise<void> {
  if (by === null) return;
  // One at a time per tenant, so that two at once cannot pass together.
  await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`sink-proof:${sink.tenantId}`}, 0))::text`;
  const since = new Date(now.getTime() - HOUR_MS);
  const [count] = await tx.$queryRaw<{ sink: number; tenant: number }[]>`
    SELECT count(DISTINCT (sink_id, begun_at)) FILTER (WHERE sink_id = ${sink.id}::uuid)::int AS sink, count(*)::int AS tenant
    FROM sink_proof WHERE tenant_id = app.tenant() AND begun_by IS NOT NULL AND begun_at > ${since}`;
  if ((count?.sink ?? 0) + more > MAX_ASKED_SINK || (count?.tenant ?? 0) + more > MAX_ASKED_TENANT)
    throw new TocsinError("E_LIMIT", "Too many were asked for within an hour: wait a while, then ask again.", {
      retryAfterS: 600,
    });
}

async function one(
  tx: Tx,
  sink: ChallengedSink,
  { by, now, rotates = false, expiresAt }: Asking,
  asked: Asked,
  address: string,
  tenantName: string,
): Promise<void> {
  const { tenantId } = sink;
  const [id, noticeId, deliveryId] = [randomUUID(), randomUUID(), randomUUID()];
  const code = codeFrom(randomBytes(128));
  const token = randomBytes(24).toString("base64url");
  const recipient = address === "" ? null : recipientHash(sink.id, address);
  await replace(tx, sink, recipient, now);
  await tx.notice.create({
    data: {
      tenantId,
      id: noticeId,
      kind: "challenge",
      dedupKey: `tocsin-proof-${noticeId}`,
      content: noticeContentSchema.parse(
        content({ sink, asked, address, tenantName, code, now, link: `/prove?link=${tenantId}.${id}.${token}` }),
      ) as Prisma.InputJsonObject,
      at: now,
    },
  });
  await tx.delivery.create({
    data: { tenantId, id: deliveryId, noticeId, sinkId: sink.id, kind: "challenge", dueAt: now, createdAt: now },
  });
  const holds = { code: CODE_HOLDS_MS, mail: LINK_HOLDS_MS, webhook: WEBHOOK_HOLDS_MS, account: CODE_HOLDS_MS }[asked];
  await tx.sinkProof.create({
    data: {
      tenantId,
      id,
      sinkId: sink.id,
      kind: asked,
      hash: asked === "mail" ? linkHash(id, token) : codeHash(id, code),
      recipient,
      deliveryId,
      rotates,
      begunBy: by,
      begunAt: now,
      expiresAt: expiresAt ?? new Date(now.getTime() + holds),
      state: "asked",
    },
  });
}

/** A newer one takes the place of what was asked before; its message, where it still waits, is not sent any more. */
async function replace(tx: Tx, sink: ChallengedSink, recipient: Uint8Array | null, now: Date): Promise<void> {
  await tx.$executeRaw`
    WITH old AS (UPDATE sink_proof SET state = 'replaced', decided_at = ${now}, sentence = 'A newer one was asked for.'
      WHERE tenant_id = app.tenant() AND sink_id = ${sink.id}::uuid AND state = 'asked'
        AND kind <> 'account' AND recipient IS NOT DISTINCT FROM ${recipient}::bytea RETURNING delivery_id)
    UPDATE delivery d SET state = 'withheld', reason = 'A newer code was asked for.', settled_at = ${now}
    FROM old WHERE d.tenant_id = app.tenant() AND d.id = old.delivery_id AND d.state = 'pending'`;
}

function content(c: {
  sink: ChallengedSink;
  asked: Asked;
  address: string;
  tenantName: string;
  code: string;
  link: string;
  now: Date;
}): NoticeContent {
  const mail = c.asked === "mail";
  const page = new URL(mail ? c.link : `/sinks/${c.sink.id}`, consoleUrl()).href;
  return {
    title: mail ? `${c.tenantName} wants to alert you by mail` : `${c.tenantName} wants to be alerted here`,
    serverName: "Proof of a sink",
    serverUrl: "",
    tenantName: c.tenantName,
    severity: "P4",
    status: "up",
    reason: "sink_unproven",
    reasonLabel: "Proof",
    advice: mail
      ? "Open the link and confirm, if you want to be alerted at this address. It holds for seven days."
      : c.asked === "webhook"
        ? "Answer with this code as challenge."
        : "Enter this code on the sink's page in Tocsin. If nobody of you asked for it, ignore this.",
    evidence: "Nothing but this is sent here until somebody has shown whose it is.",
    regions: [],
    startedAt: c.now.toISOString(),
    at: c.now.toISOString(),
    incidentUrl: page,
    ...(mail ? { to: c.address } : { code: c.code }),
    drill: false,
  };
}
