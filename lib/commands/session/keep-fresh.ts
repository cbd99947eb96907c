// A session's groups are asked for again while its person works, so that a role that was taken away is felt within
// minutes. One request of one process asks; whoever comes meanwhile waits for its answer.
import { setTimeout as wait } from "node:timers/promises";
import { audit } from "#lib/adapters/audit";
import { type Db, PLATFORM_TENANT } from "#lib/adapters/db";
import type { Asked } from "#lib/adapters/oidc";
import { places, type SecretBox } from "#lib/adapters/secrets";
import { GROUPS_MAX_AGE_MS, groupsStand } from "#lib/domain/session";
import { tokenHash } from "#lib/queries/session";
import { unlessAway } from "./away.ts";
import { endFoundSessions } from "./end-found.ts";
import { directorysWord, type SignedInPerson } from "./sign-in.ts";

/** fresh: all is allowed that the groups allow. reads: nothing may be changed. over: there is no session any more. */
export type Freshness = "fresh" | "reads" | "over";

export interface FreshSettings {
  issuer: string;
  /** Who the claims of a sign-in, or of a later answer, are about. */
  person(claims: Record<string, unknown>): SignedInPerson;
  box: SecretBox;
  /** Asks the identity provider. */
  ask(refreshToken: string): Promise<Asked>;
}

/** A claim to ask is given up after so long: its process may be gone. Also the pause after an answer that never came. */
const CLAIM_MS = 20_000;
const WAIT_MS = 6_000;
const LOOK_EVERY_MS = 150;

const underWay = new Map<string, Promise<Freshness>>();

/** An unknown token is none of its business: "fresh", and the look-up says that there is no session. */
export async function keepFresh(db: Db, token: string, now: Date, by: FreshSettings): Promise<Freshness> {
  const session = await found(db, token);
  // Sessions of the emergency door have no provider behind them.
  if (session === null || session.person.issuer !== by.issuer) return "fresh";
  if (groupsStand(session.groupsCheckedAt ?? session.createdAt, now) === "hold") return "fresh";
  const waiting = underWay.get(session.id);
  if (waiting !== undefined) return waiting;
  const asking = askFor(db, token, session, now, by).finally(() => underWay.delete(session.id));
  underWay.set(session.id, asking);
  return asking;
}

type Found = NonNullable<Awaited<ReturnType<typeof found>>>;

const found = (db: Db, token: string) =>
  db.global((tx) => tx.session.findUnique({ where: { tokenHash: tokenHash(token) }, include: { person: true } }));

async function askFor(db: Db, token: string, session: Found, now: Date, by: FreshSettings): Promise<Freshness> {
  if (session.refreshSealed === null) return gone(db, session, "the provider gave no way to ask again", now);
  if (!(await claim(db, session, now))) return another(db, token, now);
  const place = places.sessionRefresh(PLATFORM_TENANT, session.id);
  const refreshToken = await unlessAway(by.box.open(db, place, session.refreshSealed));
  // A key service that is away is no more the person's fault than a provider that is.
  const answer: Asked =
    refreshToken === null ? { is: "unknown", detail: "the key service" } : await by.ask(refreshToken);
  if (answer.is === "gone") return gone(db, session, "the provider ended it", now);
  if (answer.is === "unknown") {
    // Nobody waits for this try any more, and the next one is not at once.
    const tried = new Date(now.getTime() - WAIT_MS - 1);
    await db.global((tx) => tx.session.updateMany({ where: { id: session.id }, data: { groupsAskedAt: tried } }));
    return unanswered(session, now);
  }
  const { proof } = answer;
  if (proof.subject !== session.person.subject) return gone(db, session, "the provider named somebody else", now);
  const given = by.person(proof.claims);
  const before = session.person.groups;
  const context = { tenantId: PLATFORM_TENANT, actorId: session.personId };
  await db.withTenant(context, async (tx) => {
    await tx.session.updateMany({
      where: { id: session.id },
      data: {
        groupsCheckedAt: now,
        groupsAskedAt: null,
        ...(proof.refreshToken === null
          ? {}
          : {
              refreshSealed: await by.box.seal(
                tx,
                places.sessionRefresh(PLATFORM_TENANT, session.id),
                proof.refreshToken,
              ),
            }),
      },
    });
    const word = await directorysWord(tx, { ...given, directoryId: given.directoryId ?? session.person.directoryId });
    const after = word.groups;
    if (before.length === after.length && before.every((group) => after.includes(group))) return;
    await tx.person.update({ where: { id: session.personId }, data: { groups: after } });
    await audit(tx, context, {
      action: "person.groups_changed",
      target: `person:${session.personId}`,
      body: { before, after },
    });
  });
  return "fresh";
}

/** Only as it was read: with a refresh token that another process has used meanwhile, the provider would end it all. */
async function claim(db: Db, { id, groupsCheckedAt }: Found, now: Date): Promise<boolean> {
  const { count } = await db.global((tx) =>
    tx.session.updateMany({
      where: {
        id,
        groupsCheckedAt,
        OR: [{ groupsAskedAt: null }, { groupsAskedAt: { lt: new Date(now.getTime() - CLAIM_MS) } }],
      },
      data: { groupsAskedAt: now },
    }),
  );
  return count === 1;
}

/** Another process asks, or has just had no answer: what it finds out counts here too. */
async function another(db: Db, token: string, now: Date): Promise<Freshness> {
  let session = await found(db, token);
  for (let waited = 0; waited < WAIT_MS && session !== null; waited += LOOK_EVERY_MS) {
    const checked = session.groupsCheckedAt ?? session.createdAt;
    if (now.getTime() - checked.getTime() < GROUPS_MAX_AGE_MS) return "fresh";
    const asked = session.groupsAskedAt;
    if (asked === null || now.getTime() - asked.getTime() > WAIT_MS) break;
    await wait(LOOK_EVERY_MS);
    session = await found(db, token);
  }
  return session === null ? "over" : unanswered(session, now);
}

/** The provider does not answer: what was known last goes on for a while, first for everything, then for reading. */
function unanswered(session: Found, now: Date): Freshness {
  const stand = groupsStand(session.groupsCheckedAt ?? session.createdAt, now);
  return stand === "over" || stand === "reads" ? stand : "fresh";
}

async function gone(db: Db, session: Found, because: string, now: Date): Promise<Freshness> {
  await endFoundSessions(db, [session], { by: session.personId, action: "session.ended", because }, now);
  return "over";
}
