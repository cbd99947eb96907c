// A recipient's link. No session: the mailbox is the proof. Whoever only opens it changes nothing; the form on its page does.
import { audit } from "#lib/adapters/audit";
import { type Db, type Tx, WORKER_ACTOR } from "#lib/adapters/db";
import { now as clockNow } from "#lib/adapters/clock";
import { TocsinError } from "#lib/domain/error";
import { addressesIn, linkHash, recipientHash, sameHash } from "#lib/domain/proof";
import { markProven } from "./prove-row.ts";

const LINK = /^([0-9a-f-]{36})\.([0-9a-f-]{36})\.([\w-]{32})$/;

export interface Invitation {
  tenantName: string;
  address: string;
}

const gone = () =>
  new TocsinError("E_CODE_EXPIRED", "This link does not hold any more: ask whoever sent it for a new one.");

/** What the page says before anything is confirmed; changes nothing. @throws TocsinError E_CODE_EXPIRED: wrong, used and old are one answer */
export function invitation(db: Db, link: string): Promise<Invitation> {
  return within(db, link, true, async (found) => ({ tenantName: found.tenantName, address: found.address }));
}

/** @throws TocsinError E_CODE_EXPIRED */
export function confirmRecipient(db: Db, link: string): Promise<Invitation> {
  return within(db, link, false, async (found, tx) => {
    const { sink, address, tenantName, now } = found;
    const { count } = await tx.sinkProof.updateMany({
      where: { tenantId: sink.tenantId, id: found.id, state: "asked" },
      data: { state: "proven", decidedAt: now },
    });
    if (count === 0) throw gone();
    const form = sink.config as Record<string, string>;
    // Whoever was told before it was asked, and has not confirmed, is told no more from the first confirmation on.
    const confirmed = [...new Set([...addressesIn(form["confirmed"]), address])];
    const config = { ...form, confirmed: confirmed.join(", ") };
    await tx.sink.update({ where: { tenantId_id: { tenantId: sink.tenantId, id: sink.id } }, data: { config } });
    await markProven(tx, { ...sink, config }, { proof: "mail", personAt: now, now });
    await audit(
      tx,
      { tenantId: sink.tenantId, actorId: WORKER_ACTOR },
      {
        action: "sink.confirm",
        target: `sink:${sink.id}`,
        body: { confirmed: confirmed.length },
        personal: { subject: `sink:${sink.id}`, body: { address } },
      },
    );
    return { tenantName, address };
  });
}

interface Found extends Invitation {
  id: string;
  now: Date;
  sink: Awaited<ReturnType<Tx["sink"]["findFirstOrThrow"]>>;
}

async function within<T>(
  db: Db,
  link: string,
  readOnly: boolean,
  work: (found: Found, tx: Tx) => Promise<T>,
): Promise<T> {
  const [, tenantId, id, token] = LINK.exec(link) ?? [];
  if (tenantId === undefined || id === undefined || token === undefined || !uuid(tenantId) || !uuid(id)) throw gone();
  const now = clockNow();
  return db.withTenant({ tenantId, actorId: WORKER_ACTOR, readOnly }, async (tx) => {
    // Two who confirm at once take turns, so that neither is forgotten.
    if (!readOnly)
      await tx.$queryRaw`SELECT 1 FROM sink WHERE tenant_id = app.tenant() AND id =
        (SELECT sink_id FROM sink_proof WHERE tenant_id = app.tenant() AND id = ${id}::uuid) FOR UPDATE`;
    const asked = await tx.sinkProof.findFirst({ where: { tenantId, id, kind: "mail", state: "asked" } });
    if (asked === null || !sameHash(asked.hash, linkHash(id, token)) || asked.expiresAt <= now) throw gone();
    const sink = await tx.sink.findFirst({ where: { tenantId, id: asked.sinkId, removedAt: null } });
    const address = addressesIn((sink?.config as Record<string, string> | undefined)?.["recipients"]).find((a) =>
      sameHash(asked.recipient, recipientHash(asked.sinkId, a)),
    );
    if (sink === null || address === undefined) throw gone();
    const tenant = await tx.tenant.findUniqueOrThrow({ where: { id: tenantId }, select: { name: true } });
    return work({ id, now, sink, address, tenantName: tenant.name }, tx);
  });
}

const uuid = (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
