// Keys that are worked out from TOCSIN_SECRET and stored nowhere: another secret makes what they signed void.
import { hkdfSync } from "node:crypto";
import { rootSecret } from "./env.ts";

const derived = (salt: string, use: string): Uint8Array =>
  new Uint8Array(hkdfSync("sha256", rootSecret(), salt, `tocsin ${use} v1`, 32));

let acts: { root: string; key: Uint8Array } | undefined;

/** Signs what links and buttons in notices carry. */
export function actKey(): Uint8Array {
  const root = rootSecret();
  if (acts?.root !== root) acts = { root, key: derived("", "act") };
  return acts.key;
}

/** With what a source may sign instead of showing its token: shown once, made again whenever it is checked. */
export const sourceSigningKey = (sourceId: string): Uint8Array => derived(sourceId, "inbound source");

/** As Standard Webhooks writes it. */
export const signingSecretText = (key: Uint8Array): string => `whsec_${Buffer.from(key).toString("base64")}`;
