// The key that signs checkpoints: a file of its own, never in the database. Its public half lies beside it for the
// console and the auditor. Only the worker makes the pair; everybody else gets no key at all instead of a new one.
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { TocsinError } from "../domain/error.ts";
import { publicKeys } from "../domain/audit/checkpoint.ts";

export interface CheckpointPlaces {
  keyFile: string;
  /** Folder of the saved files, one NDJSON per month. */
  dir: string;
}

interface Settings {
  TOCSIN_KEY_FILE: string;
  TOCSIN_CHECKPOINT_KEY_FILE?: string | undefined;
  TOCSIN_CHECKPOINT_DIR?: string | undefined;
  TOCSIN_DATA?: string | undefined;
}

export function checkpointPlaces(settings: Settings): CheckpointPlaces {
  const beside = dirname(resolve(settings.TOCSIN_KEY_FILE));
  return {
    keyFile: settings.TOCSIN_CHECKPOINT_KEY_FILE ?? join(beside, "checkpoint.pem"),
    dir:
      settings.TOCSIN_CHECKPOINT_DIR ??
      join(settings.TOCSIN_DATA ? resolve(settings.TOCSIN_DATA) : beside, "checkpoints"),
  };
}

/** "/keys/checkpoint.pem" → "/keys/checkpoint.pub.pem" */
export const publicKeyFile = (keyFile: string): string => `${keyFile.replace(/\.pem$/, "")}.pub.pem`;

/** Reads the key, and makes it where there is none. @throws TocsinError E_CONFIG when others can read it or it is no Ed25519 key */
export function signingKey(keyFile: string): KeyObject {
  try {
    if (!existsSync(keyFile)) makeKey(keyFile);
    if ((statSync(keyFile).mode & 0o077) !== 0)
      throw new TocsinError("E_CONFIG", "TOCSIN_CHECKPOINT_KEY_FILE can be read by others: run chmod 0400 on it.");
    const key = createPrivateKey(readFileSync(keyFile));
    if (key.asymmetricKeyType !== "ed25519")
      throw new TocsinError(
        "E_CONFIG",
        "TOCSIN_CHECKPOINT_KEY_FILE must hold an Ed25519 key: openssl genpkey -algorithm ed25519",
      );
    publish(keyFile, key);
    return key;
  } catch (cause) {
    if (cause instanceof TocsinError) throw cause;
    throw new TocsinError(
      "E_CONFIG",
      "TOCSIN_CHECKPOINT_KEY_FILE cannot be read or made: name a file in a folder that the worker may write to.",
      { cause },
    );
  }
}

/** The next key lies beside the one that signs until it takes its place. */
const nextKeyFile = (keyFile: string): string => `${keyFile}.next`;

/**
 * Makes the next key, or reads the one that an interrupted rotation left. It does not sign yet; its public half is known
 * before anything is signed with it.
 */
export function prepareNextKey(keyFile: string): KeyObject {
  const file = nextKeyFile(keyFile);
  try {
    if (!existsSync(file)) makeKey(file);
    const key = createPrivateKey(readFileSync(file));
    publish(keyFile, key);
    return key;
  } catch (cause) {
    throw new TocsinError(
      "E_CONFIG",
      "The next key cannot be made: the worker has to be able to write to the folder of TOCSIN_CHECKPOINT_KEY_FILE.",
      { cause },
    );
  }
}

/** The next key signs from now on. The old one is gone; its public half stays, for what it signed. */
export function takeNextKey(keyFile: string): void {
  if (existsSync(nextKeyFile(keyFile))) renameSync(nextKeyFile(keyFile), keyFile);
}

/** Every public key that signed here, by id; empty where the file is not: then no signature can be checked. */
export function knownKeys(file: string): Map<string, KeyObject> {
  return existsSync(file) ? publicKeys(readFileSync(file, "utf8")) : new Map();
}

/** An old key stays in the file, so that what it signed can still be checked. */
function publish(keyFile: string, key: KeyObject): void {
  const open = publicKeyFile(keyFile);
  const pem = createPublicKey(key).export({ type: "spki", format: "pem" }) as string;
  const known = existsSync(open) ? readFileSync(open, "utf8") : "";
  if (!known.includes(pem)) writeFileSync(open, known + pem, { mode: 0o644 });
}

/** "wx": two workers that start at once make one key. */
function makeKey(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const pem = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" });
  const fd = openSync(file, "wx", 0o400);
  try {
    writeFileSync(fd, pem);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
