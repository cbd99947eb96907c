// Whose a sink is, as its page shows it: how it was shown, until when that holds, and what is to be done next.
import type { Tx } from "#lib/adapters/db";
import { hasSignIn } from "#lib/adapters/sink-sign-in";
import {
  addressesIn,
  type Asked,
  askedOf,
  MAX_TRIES,
  personDue,
  recipientHash,
  recordName,
  recordValue,
  sameHash,
} from "#lib/domain/proof";

export interface Recipient {
  address: string;
  confirmed: boolean;
  /** Until when the link that went out holds; null: none did. */
  linkUntil: number | null;
}

export interface SinkProof {
  asks: Exclude<Asked, "account">;
  /** The way it was proven; null while it is not. */
  how: string | null;
  /** When a person has to take part again at the latest; null: never, or not proven. */
  personDueAt: number | null;
  account: string | null;
  lapsed: boolean;
  /** What the receiving domain publishes; null where no record can stand for it. */
  record: { name: string; value: string } | null;
  /** What was asked for and not answered yet. */
  waiting: { since: number; until: number; triesLeft: number; rotates: boolean } | null;
  /** How the newest attempt failed, where it did. */
  failed: { at: number; sentence: string } | null;
  recipients: Recipient[];
  secretAt: number | null;
  formerUntil: number | null;
  /** Whether the vendor's own sign-in is set up here. */
  signIn: boolean;
}

export async function sinkProof(tx: Tx, sinkId: string, now: Date): Promise<SinkProof | null> {
  const sink = await tx.sink.findFirst({ where: { id: sinkId, removedAt: null } });
  if (sink === null) return null;
  const attempts = await tx.sinkProof.findMany({ where: { sinkId }, orderBy: { begunAt: "desc" }, take: 60 });
  const open = attempts.find((a) => a.state === "asked" && a.kind !== "account" && a.expiresAt > now);
  const newest = attempts[0];
  const form = sink.config as Record<string, string>;
  const confirmed = form["confirmed"] === undefined ? null : new Set(addressesIn(form["confirmed"]));
  return {
    asks: askedOf(sink.kind),
    how: sink.proof,
    personDueAt:
      sink.proof === null || sink.proofDueAt === null
        ? null
        : (personDue(sink.proof, sink.personProvenAt, sink.proofDueAt)?.getTime() ?? null),
    account: sink.proofAccount,
    lapsed: sink.proofLapsedAt !== null,
    record: recordOf(form["url"], sink.dnsToken),
    waiting:
      open === undefined
        ? null
        : {
            since: open.begunAt.getTime(),
            until: open.expiresAt.getTime(),
            triesLeft: Math.max(0, MAX_TRIES - open.tries),
            rotates: open.rotates,
          },
    failed:
      newest?.state === "failed"
        ? { at: (newest.decidedAt ?? newest.begunAt).getTime(), sentence: newest.sentence }
        : null,
    recipients: addressesIn(form["recipients"]).map((address) => {
      const hash = recipientHash(sinkId, address);
      const link = attempts.find((a) => a.state === "asked" && a.expiresAt > now && sameHash(a.recipient, hash));
      const is = confirmed?.has(address) ?? sink.provenAt !== null;
      return { address, confirmed: is, linkUntil: link?.expiresAt.getTime() ?? null };
    }),
    secretAt: sink.secretAt?.getTime() ?? null,
    formerUntil: sink.formerSecretUntil?.getTime() ?? null,
    signIn: hasSignIn(sink.kind),
  };
}

function recordOf(url: string | undefined, token: string | null): SinkProof["record"] {
  const host = URL.parse(url ?? "")?.hostname ?? "";
  if (token === null || host === "" || /^\[|^[\d.]+$/.test(host)) return null;
  return { name: recordName(host), value: recordValue(token) };
}

/** Sinks whose secret is due to be replaced, oldest first, with who set them up. */
export interface OverdueSecret {
  id: string;
  name: string;
  secretAt: number;
  owner: string | null;
}

export async function overdueSecrets(tx: Tx, before: Date): Promise<OverdueSecret[]> {
  const rows = await tx.sink.findMany({
    where: { removedAt: null, secretAt: { lte: before } },
    orderBy: { secretAt: "asc" },
    select: { id: true, name: true, secretAt: true, createdBy: true },
    take: 100,
  });
  const ids = rows.flatMap((r) => r.createdBy ?? []);
  const people = await tx.person.findMany({ where: { id: { in: ids } }, select: { id: true, name: true } });
  const nameOf = new Map(people.map((p) => [p.id, p.name]));
  return rows.flatMap(({ id, name, secretAt, createdBy }) =>
    secretAt === null ? [] : [{ id, name, secretAt: secretAt.getTime(), owner: nameOf.get(createdBy ?? "") ?? null }],
  );
}
