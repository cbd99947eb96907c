// A tenant with its people, sessions with tokens that a test knows, and visits as a browser would show them.
import { randomUUID } from "node:crypto";
import type { Actor } from "#lib/commands/command";
import { type Standing, standingOf, tokenHash, type Viewer } from "#lib/queries/session";
import { cookieValue, type Shown, shownBy } from "#lib/queries/visit-key";
import type { Begun } from "#lib/commands/impersonation/begin-row";
import { TEST_SECRET, type TestDatabase } from "./database.ts";
import { makeTenant } from "./make.ts";

export const AGENT = "Mozilla/5.0 (test)";
export const WHY = "A customer asked for help with a sink that stays silent";

export interface SignedIn {
  personId: string;
  sessionId: string;
  token: string;
}

export async function aPerson(db: TestDatabase, name: string, groups: string[]): Promise<string> {
  const id = randomUUID();
  await db.sql(
    `INSERT INTO person (id, issuer, subject, name, groups, created_at, last_seen_at)
     VALUES ($1, 'https://idp.example.com', $2, $3, $4, now(), now())`,
    [id, id, name, groups],
  );
  return id;
}

/** A session whose person proved a moment ago who they are. */
export async function signedIn(db: TestDatabase, personId: string): Promise<SignedIn> {
  const sessionId = randomUUID();
  const token = `token-${randomUUID()}`;
  await db.sql(
    `INSERT INTO session (id, token_hash, person_id, created_at, last_seen_at, expires_at, auth_time, groups_checked_at)
     VALUES ($1, $2, $3, now(), now(), now() + interval '12 hours', now(), now())`,
    [sessionId, Buffer.from(tokenHash(token)), personId],
  );
  return { personId, sessionId, token };
}

export const shows = (token: string, cookie: string | null = null, agent = AGENT): Shown =>
  shownBy(TEST_SECRET, token, agent, cookie);
export const cookieOf = (visit: Begun): string => cookieValue(visit);

export function ask(db: TestDatabase, who: SignedIn, cookie: string | null = null, at = new Date()): Promise<Standing> {
  return standingOf(db.appDb, who.token, at, shows(who.token, cookie));
}

export async function actorOf(db: TestDatabase, who: SignedIn, cookie: string | null = null): Promise<Actor> {
  const { viewer } = await ask(db, who, cookie);
  if (viewer === null || viewer.seat === null) throw new Error("nobody is served");
  return asActor(viewer, who.token, cookie);
}

/** As app/_server/session.ts makes one. */
export function asActor(viewer: Viewer, token: string, cookie: string | null = null): Actor {
  const { acting } = viewer;
  return {
    personId: viewer.personId,
    name: viewer.name,
    tenantId: viewer.seat?.id ?? "",
    layers: viewer.seat?.layers ?? [],
    sessionId: viewer.sessionId,
    from: "192.0.2.7",
    authTime: viewer.authTime,
    bound: shows(token, cookie),
    ...(acting ? { acting: { grantId: acting.grantId, actAs: acting.as.personId, mode: acting.mode } } : {}),
  };
}

export interface House {
  tenantId: string;
  slug: string;
  omar: SignedIn;
  olga: SignedIn;
  rosa: SignedIn;
  aida: SignedIn;
  carl: SignedIn;
}

/** Two operators, a root operator, an auditor and a customer. */
export async function aHouse(db: TestDatabase): Promise<House> {
  const { id: tenantId, slug } = await makeTenant(db);
  const person = async (name: string, group: string) => signedIn(db, await aPerson(db, name, [group]));
  return {
    tenantId,
    slug,
    omar: await person("Omar", `tocsin-operator-${slug}`),
    olga: await person("Olga", `tocsin-operator-${slug}`),
    rosa: await person("Rosa", "tocsin-root"),
    aida: await person("Aida", "tocsin-auditor"),
    carl: await person("Carl", `tocsin-customer-${slug}`),
  };
}
