// Which key store this installation has: settings → store. Nothing listens before the one chosen has answered.
import { existsSync } from "node:fs";
import { TocsinError } from "../../domain/error.ts";
import type { Env } from "../env.ts";
import type { Send } from "../send.ts";
import { ageStore } from "./age-store.ts";
import { fileStore } from "./file-store.ts";
import { type KeyStore, keyRing } from "./key-store.ts";
import { kmsStore } from "./kms-store.ts";

export type KeySettings = Pick<
  Env,
  | "TOCSIN_MODE"
  | "TOCSIN_KEY_STORE"
  | "TOCSIN_KEY_FILE"
  | "TOCSIN_AGE_FILE"
  | "TOCSIN_KMS_KEY_ID"
  | "TOCSIN_KMS_FORMER_KEY_IDS"
  | "TOCSIN_KMS_REGION"
  | "TOCSIN_KMS_URL"
  | "TOCSIN_KMS_ACCESS_KEY_ID"
  | "TOCSIN_KMS_SECRET_ACCESS_KEY"
  | "TOCSIN_KMS_SESSION_TOKEN"
>;

/**
 * The store that wraps first, then every other one whose settings are there: what it wrapped can still be read.
 * @throws TocsinError E_CONFIG that names the setting
 */
export function openKeyStores(settings: KeySettings, send: Send): KeyStore {
  const outside = settings.TOCSIN_MODE === "production";
  const stores: KeyStore[] = [];
  // The setting names a place in every installation, the file is there only where keys are, or were, kept in it.
  if (settings.TOCSIN_KEY_STORE === "file" || existsSync(settings.TOCSIN_KEY_FILE))
    stores.push(fileStore({ path: settings.TOCSIN_KEY_FILE, setting: "TOCSIN_KEY_FILE", outside }));
  if (settings.TOCSIN_AGE_FILE !== undefined)
    stores.push(ageStore({ path: settings.TOCSIN_AGE_FILE, setting: "TOCSIN_AGE_FILE", outside }));
  if (settings.TOCSIN_KMS_KEY_ID !== undefined) stores.push(kmsStore(kmsSettings(settings), send));
  const chosen = stores.find((s) => s.kind === settings.TOCSIN_KEY_STORE);
  if (!chosen)
    throw new TocsinError(
      "E_CONFIG",
      `Configuration refused: TOCSIN_KEY_STORE is ${settings.TOCSIN_KEY_STORE}, so ${NEEDS[settings.TOCSIN_KEY_STORE]} has to be set.`,
    );
  return keyRing([chosen, ...stores.filter((s) => s !== chosen)]);
}

/**
 * A store that is not set up as it should is a setting to be mended, and not a fault of each secret: so before anything
 * listens. One that is away for a moment keeps nobody from starting. @throws TocsinError E_CONFIG
 */
export async function storeFits(store: KeyStore): Promise<void> {
  try {
    await store.health();
  } catch (error) {
    if (!(error instanceof TocsinError) || error.code !== "E_UNAVAILABLE") throw error;
  }
}

const NEEDS: Record<string, string> = {
  file: "TOCSIN_KEY_FILE",
  age: "TOCSIN_AGE_FILE",
  "aws-kms": "TOCSIN_KMS_KEY_ID",
};

function kmsSettings(s: KeySettings) {
  const needed = (name: "TOCSIN_KMS_REGION" | "TOCSIN_KMS_ACCESS_KEY_ID" | "TOCSIN_KMS_SECRET_ACCESS_KEY"): string => {
    const value = s[name];
    if (value !== undefined) return value;
    throw new TocsinError("E_CONFIG", `Configuration refused: ${name} is missing, and TOCSIN_KMS_KEY_ID needs it.`);
  };
  return {
    region: needed("TOCSIN_KMS_REGION"),
    keyId: s.TOCSIN_KMS_KEY_ID ?? "",
    formerKeyIds: s.TOCSIN_KMS_FORMER_KEY_IDS,
    accessKeyId: needed("TOCSIN_KMS_ACCESS_KEY_ID"),
    secretAccessKey: needed("TOCSIN_KMS_SECRET_ACCESS_KEY"),
    sessionToken: s.TOCSIN_KMS_SESSION_TOKEN,
    endpoint: s.TOCSIN_KMS_URL,
  };
}
