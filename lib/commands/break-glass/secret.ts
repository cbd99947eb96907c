// The secret of an emergency account: 160 random bits in groups that a person can type from paper, and kept as argon2id.
import { argon2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

const derive = promisify(argon2);
// Without the letters that paper confuses.
const LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const MEMORY_KIB = 19_456;
const PASSES = 2;

/** Eight groups of four. */
export function newSecret(): string {
  const letters = [...randomBytes(32)].map((byte) => LETTERS[byte % 32]).join("");
  return letters.match(/.{4}/g)?.join("-") ?? letters;
}

/** Spaces, hyphens and small letters as somebody types them under pressure. */
const typed = (secret: string): string =>
  secret.slice(0, 200).toUpperCase().replace(/[\s-]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");

export async function hashSecret(secret: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await hashed(secret, salt, MEMORY_KIB, PASSES);
  return `argon2id$m=${MEMORY_KIB},t=${PASSES},p=1$${salt.toString("base64url")}$${hash.toString("base64url")}`;
}

/** @param stored null for an account that there is none of: it takes the same time */
export async function secretHolds(secret: string, stored: string | null): Promise<boolean> {
  const kept = /^argon2id\$m=(\d{1,7}),t=(\d{1,2}),p=1\$([\w-]{22})\$([\w-]{43})$/.exec(stored ?? "");
  const [, memory, passes, salt, hash] = kept ?? [];
  const given = await hashed(
    secret,
    Buffer.from(salt ?? "AAAAAAAAAAAAAAAAAAAAAA", "base64url"),
    memory ? Number(memory) : MEMORY_KIB,
    passes ? Number(passes) : PASSES,
  );
  const right = timingSafeEqual(given, Buffer.from(hash ?? "A".repeat(43), "base64url"));
  return right && kept !== null;
}

async function hashed(secret: string, salt: Buffer, memory: number, passes: number): Promise<Buffer> {
  const options = { message: typed(secret), nonce: salt, parallelism: 1, tagLength: 32, memory, passes };
  return Buffer.from(await derive("argon2id", options));
}
