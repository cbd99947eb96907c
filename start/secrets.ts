// Secrets of a development installation: made once, kept in files that only this user can read. In production they are given.
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Secrets {
  tocsinSecret: string;
  /** Path of the file with the key that seals stored secrets. */
  keyFile: string;
  oidcClientSecret: string;
  fleetApiKey: string;
  controlToken: string;
}

export function rememberedSecrets(dataDir: string): Secrets {
  const folder = join(dataDir, "secrets");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const remembered = (name: string, make: () => string): string => {
    const file = join(folder, name);
    if (!existsSync(file)) writeFileSync(file, make(), { mode: 0o600, flag: "wx" });
    return readFileSync(file, "utf8").trim();
  };
  remembered("key", () => randomBytes(32).toString("base64"));
  return {
    tocsinSecret: remembered("tocsin-secret", () => randomBytes(48).toString("base64url")),
    keyFile: join(folder, "key"),
    oidcClientSecret: remembered("oidc-client-secret", () => randomBytes(32).toString("base64url")),
    fleetApiKey: remembered("fleet-api-key", () => randomBytes(24).toString("base64url")),
    controlToken: remembered("control-token", () => randomBytes(24).toString("base64url")),
  };
}
