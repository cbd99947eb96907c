// Signing key and cookie keys, made once and kept: with new ones after each restart, sign-ins under way would break.
import { generateKeyPairSync, randomBytes, randomUUID } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { JWK } from "oidc-provider";

export interface Keys {
  jwks: { keys: JWK[] };
  cookies: string[];
}

export function rememberedKeys(folder: string): Keys {
  const file = join(folder, "identity-provider.json");
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as Keys;
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = { ...privateKey.export({ format: "jwk" }), kid: randomUUID(), use: "sig", alg: "RS256" } as JWK;
  const keys: Keys = { jwks: { keys: [key] }, cookies: [randomBytes(32).toString("base64url")] };
  writeFileSync(file, JSON.stringify(keys), { mode: 0o600 });
  return keys;
}
