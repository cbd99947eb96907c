// The emergency door. Nobody has rights yet, so it is no command; every try is a row, a line of the log and, by the
// worker's watch, an incident of the installation: an emergency that nobody hears of is a break-in.
import { randomUUID } from "node:crypto";
import { audit } from "#lib/adapters/audit";
import { type Db, PLATFORM_TENANT, type TenantContext, type Tx, WORKER_ACTOR } from "#lib/adapters/db";
import { BREAK_GLASS_GROUP, BREAK_GLASS_ISSUER, BREAK_GLASS_SESSION_MS } from "#lib/domain/break-glass";
import { TocsinError } from "#lib/domain/error";
import { cleanText } from "#lib/domain/text";
import { tokenHash } from "#lib/queries/session";
import { secretHolds } from "./secret.ts";

export interface BreakGlassTry {
  name: string;
  secret: string;
  /** Of the session that is made when it holds. */
  token: string;
  from: string;
  userAgent: string;
}

/** @throws TocsinError E_INVALID, the same whether there is such an account or not; the session stands when it returns */
export async function enterByBreakGlass(db: Db, given: BreakGlassTry, now: Date): Promise<void> {
  // No account has a control character in its name, and the database takes no NUL: a try all the same.
  const name = cleanText(given.name, 40).toLowerCase();
  const account = await db.global((tx) => tx.breakGlass.findFirst({ where: { name, closedAt: null } }));
  if (!(await secretHolds(given.secret, account?.secretHash ?? null)) || account === null) {
    await failed(db, account, given, now);
    throw new TocsinError("E_INVALID", "The name or the secret is not right. Each try is reported.", {
      field: "secret",
    });
  }
  const known = await db.global((tx) =>
    tx.person.findUnique({ where: { issuer_subject: { issuer: BREAK_GLASS_ISSUER, subject: account.id } } }),
  );
  const personId = known?.id ?? randomUUID();
  const context = contextOf(personId, given);
  await db.withTenant(context, async (tx) => {
    // Zero rows: it was closed while the secret was looked at.
    const { count } = await tx.breakGlass.updateMany({
      where: { id: account.id, closedAt: null },
      data: { lastUsedAt: now },
    });
    if (count === 0) throw new TocsinError("E_STATE", "This emergency account was closed just now.");
    const id = await enter(tx, personId, account, given, now);
    await told(tx, { accountId: account.id, kind: "used", from: given.from, now });
    await audit(tx, context, {
      action: "break_glass.use",
      target: `break_glass:${account.id}`,
      body: { name: account.name, session: id, hours: BREAK_GLASS_SESSION_MS / 3_600_000 },
    });
  });
}

async function enter(
  tx: Tx,
  personId: string,
  account: { id: string; name: string },
  given: BreakGlassTry,
  now: Date,
): Promise<string> {
  await tx.person.upsert({
    where: { issuer_subject: { issuer: BREAK_GLASS_ISSUER, subject: account.id } },
    create: {
      id: personId,
      issuer: BREAK_GLASS_ISSUER,
      subject: account.id,
      name: `Emergency account ${account.name}`,
      groups: [BREAK_GLASS_GROUP],
      createdAt: now,
      lastSeenAt: now,
    },
    update: { groups: [BREAK_GLASS_GROUP], lastSeenAt: now },
  });
  const person = await tx.person.findUniqueOrThrow({
    where: { issuer_subject: { issuer: BREAK_GLASS_ISSUER, subject: account.id } },
  });
  const id = randomUUID();
  await tx.session.create({
    data: {
      id,
      tokenHash: tokenHash(given.token),
      personId: person.id,
      createdAt: now,
      lastSeenAt: now,
      expiresAt: new Date(now.getTime() + BREAK_GLASS_SESSION_MS),
      userAgent: given.userAgent.slice(0, 200),
      address: given.from,
      authTime: now,
      groupsCheckedAt: now,
    },
  });
  return id;
}

async function failed(
  db: Db,
  account: { id: string; name: string } | null,
  given: BreakGlassTry,
  now: Date,
): Promise<void> {
  // Who it was is not known: nobody has been proven.
  const context = contextOf(WORKER_ACTOR, given);
  await db.withTenant(context, async (tx) => {
    await told(tx, { accountId: account?.id ?? null, kind: "failed", from: given.from, now });
    await audit(tx, context, {
      action: "break_glass.refused",
      target: account === null ? "break_glass:none" : `break_glass:${account.id}`,
      body: { name: account?.name ?? null },
    });
  });
}

const contextOf = (actorId: string, { from }: BreakGlassTry): TenantContext => ({
  tenantId: PLATFORM_TENANT,
  actorId,
  ...(from ? { trace: { from } } : {}),
});

async function told(
  tx: Tx,
  use: { accountId: string | null; kind: "used" | "failed"; from: string; now: Date },
): Promise<void> {
  const { accountId, kind, from: address, now: at } = use;
  await tx.breakGlassUse.create({ data: { id: randomUUID(), accountId, kind, at, address } });
}
