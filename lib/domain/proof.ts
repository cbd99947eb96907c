// Whose a sink is. A proof holds for a week and is renewed; a code or a link is kept as a hash, holds for a while, and
// may be tried a few times. PURE: chance and time are arguments.
import { createHash, timingSafeEqual } from "node:crypto";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** How somebody showed it. echo: a private address that an operator allowed, where no record in the DNS can stand. */
export const PROOFS = ["code", "mail", "webhook", "echo", "account", "before_this_rule"] as const;
export type ProofKind = (typeof PROOFS)[number];
/** What is asked for. */
export type Asked = "code" | "mail" | "webhook" | "account";

export const CODE_HOLDS_MS = 15 * MINUTE_MS;
export const LINK_HOLDS_MS = 7 * DAY_MS;
/** A record in the DNS may take its time to be seen, the answer may not. */
export const WEBHOOK_HOLDS_MS = 15 * MINUTE_MS;
export const MAX_TRIES = 5;
/** Challenges of one sink in an hour, and of one tenant. */
export const MAX_ASKED_SINK = 6;
export const MAX_ASKED_TENANT = 60;

/** How long a proof holds before it has to be renewed. */
export const PROOF_HOLDS_MS = 7 * DAY_MS;
/** What a machine may renew by itself; after this a person takes part again (docs/decisions/0010). */
export const PERSON_HOLDS_MS = 90 * DAY_MS;
/** Renewing begins so long before the end, and is tried again at this pace. */
export const RENEW_BEFORE_MS = 2 * DAY_MS;
export const RENEW_EVERY_MS = 6 * 3_600_000;

/** Which way a kind of sink is proven, where no sign-in at the vendor is set up. */
export const askedOf = (kind: string): Exclude<Asked, "account"> =>
  kind === "email" ? "mail" : kind === "webhook" ? "webhook" : "code";

/** Whether a person has to take part again in the end: a DNS record and an answer are asked for without one. */
const needsPerson = (proof: string): boolean => proof !== "webhook" && proof !== "echo";

/** @returns when a person has to take part again at the latest; null: never */
export function personDue(proof: string, personAt: Date | null, dueAt: Date): Date | null {
  if (!needsPerson(proof)) return null;
  if (proof === "before_this_rule" || personAt === null) return dueAt;
  return new Date(personAt.getTime() + PERSON_HOLDS_MS);
}

/** Until when a proof given or renewed now holds. */
export function holdsUntil(proof: string, personAt: Date | null, now: Date): Date {
  const week = now.getTime() + PROOF_HOLDS_MS;
  if (!needsPerson(proof) || personAt === null) return new Date(week);
  return new Date(Math.min(week, personAt.getTime() + PERSON_HOLDS_MS));
}

export type Renewal = "none" | "lapse" | "by_itself" | "by_a_person";

/** What is to be done about a proof now. */
export function renewalNow(
  p: { proof: string; personAt: Date | null; dueAt: Date; askedAt: Date | null },
  now: Date,
): Renewal {
  const left = p.dueAt.getTime() - now.getTime();
  if (left <= 0) return "lapse";
  if (left > RENEW_BEFORE_MS) return "none";
  if (p.askedAt !== null && now.getTime() - p.askedAt.getTime() < RENEW_EVERY_MS) return "none";
  const person = personDue(p.proof, p.personAt, p.dueAt);
  return person !== null && person.getTime() <= p.dueAt.getTime() ? "by_a_person" : "by_itself";
}

// No 0, O, 1, I, L, and no vowels that make words: 27 letters and digits.
const ALPHABET = "23456789BCDFGHJKMNPQRSTVWXZ";
const CODE_CHARS = 12;

/** @param bytes at least 64 random ones @returns twelve letters and digits in groups of four */
export function codeFrom(bytes: Uint8Array): string {
  // Bytes past the last whole multiple would favour some letters.
  const usable = [...bytes].filter((b) => b < 256 - (256 % ALPHABET.length)).slice(0, CODE_CHARS);
  if (usable.length < CODE_CHARS) throw new RangeError("too few random bytes for a code");
  const text = usable.map((b) => ALPHABET[b % ALPHABET.length]).join("");
  return `${text.slice(0, 4)}-${text.slice(4, 8)}-${text.slice(8)}`;
}

/** What a person typed, as it is compared: upper case, without what is no letter of a code. */
export const readCode = (typed: string): string =>
  [...typed.slice(0, 80).toUpperCase()].filter((c) => ALPHABET.includes(c)).join("");

/** @param id of the attempt, so that equal codes have unequal hashes */
export const codeHash = (id: string, code: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(
    createHash("sha256")
      .update(`code:${id}:${readCode(code)}`)
      .digest(),
  );

export const linkHash = (id: string, token: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(createHash("sha256").update(`link:${id}:${token}`).digest());

/** Takes the same time wherever they differ. */
export const sameHash = (a: Uint8Array | null, b: Uint8Array): boolean =>
  a !== null && a.length === b.length && timingSafeEqual(a, b);

export const recipientHash = (sinkId: string, address: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(createHash("sha256").update(`recipient:${sinkId}:${address.toLowerCase()}`).digest());

export const placeHash = (place: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(createHash("sha256").update(`place:${place}`).digest());

/** The record that a receiving domain publishes. @param host of the webhook's URL, no address */
export const recordName = (host: string): string => `_tocsin-challenge.${host.replace(/\.$/, "")}`;
export const recordValue = (token: string): string => `tocsin=${token}`;

/** @param bytes at least 20 random ones @returns 32 characters of base32 */
export function dnsToken(bytes: Uint8Array): string {
  const letters = "abcdefghijklmnopqrstuvwxyz234567";
  let bits = 0n;
  for (const b of bytes.slice(0, 20)) bits = (bits << 8n) | BigInt(b);
  return Array.from({ length: 32 }, (_, i) => letters[Number((bits >> BigInt(5 * i)) & 31n)]).join("");
}

/** Addresses of an e-mail sink's form, in its order. */
export const addressesIn = (text: string | undefined): string[] => [
  ...new Set((text ?? "").split(/[\s,;]+/).filter(Boolean)),
];

// Kept beside a sink's secrets: the one that is to take the place of the present one, and the one that was there before.
const NEXT = "next:";

/** A new secret that is not proven yet, beside the one in use. */
export const withNext = (hidden: Record<string, string>, next: Record<string, string>): Record<string, string> => ({
  ...withoutNext(hidden),
  ...Object.fromEntries(Object.entries(next).map(([name, value]) => [NEXT + name, value])),
});
export const withoutNext = (hidden: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(hidden).filter(([name]) => !name.startsWith(NEXT)));
/** The new secrets, by the names of their fields; empty when none is waiting. */
export const nextOf = (hidden: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(hidden).flatMap(([name, value]) =>
      name.startsWith(NEXT) ? [[name.slice(NEXT.length), value]] : [],
    ),
  );

/** The secrets to send with: a challenge goes out under the new one, everything else under the one in use. */
export const secretsFor = (hidden: Record<string, string>, noticeKind: string): Record<string, string> => ({
  ...withoutNext(hidden),
  ...(noticeKind === "challenge" ? nextOf(hidden) : {}),
});

/** A secret is replaced at least this often. */
export const SECRET_DUE_MS = 90 * DAY_MS;
export const secretOverdue = (secretAt: Date | null, now: Date): boolean =>
  secretAt !== null && now.getTime() - secretAt.getTime() >= SECRET_DUE_MS;
/** A webhook is signed with the former secret as well for so long. */
export const FORMER_HOLDS_MS = DAY_MS;
