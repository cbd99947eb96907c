// Who holds the keys that data keys are wrapped under. A wrapped key names its store and key ("file:…", "age:…",
// "aws-kms:…"), so that several stores can be read at once: going from one to another is a rotation like any other.
import { TocsinError } from "../../domain/error.ts";

/** Which data key this is: a blob wrapped for one tenant and id opens for no other. */
export interface DataKeyName {
  tenantId: string;
  keyId: string;
}

export interface Wrapped {
  /** Store and key, "file:0123456789abcdef". */
  kekId: string;
  blob: Buffer;
}

export interface KeyStore {
  /** The word before the colon in its key ids. */
  readonly kind: string;
  /** The key that it wraps under now. @throws TocsinError E_CONFIG */
  current(): Promise<string>;
  /** All keys that it can unwrap with, the current one first. */
  known(): Promise<string[]>;
  wrap(dataKey: Buffer, name: DataKeyName): Promise<Wrapped>;
  /** @throws TocsinError E_CONFIG for a key it does not have or a blob of another name, E_UNAVAILABLE when it cannot be asked */
  unwrap(wrapped: Wrapped, name: DataKeyName): Promise<Buffer>;
  /** Does a key go there and back? @throws as unwrap */
  health(): Promise<void>;
  /** The bytes of a key that also seals records of the first form. Only of a store that holds its keys itself. */
  legacy?(keyId: Buffer): Buffer | null;
}

/** One store of several: the first wraps, and whichever a key names unwraps. */
export function keyRing(stores: readonly [KeyStore, ...KeyStore[]]): KeyStore {
  const [first] = stores;
  return {
    kind: first.kind,
    current: () => first.current(),
    known: async () => (await Promise.all(stores.map((s) => s.known()))).flat(),
    wrap: (dataKey, name) => first.wrap(dataKey, name),
    async unwrap(wrapped, name) {
      const store = stores.find((s) => wrapped.kekId.startsWith(`${s.kind}:`));
      if (!store) throw noSuchKey(wrapped.kekId);
      return store.unwrap(wrapped, name);
    },
    async health() {
      for (const store of stores) await store.health();
    },
    legacy: (keyId) => stores.map((s) => s.legacy?.(keyId) ?? null).find((key) => key !== null) ?? null,
  };
}

export const HEALTH_NAME: DataKeyName = {
  tenantId: "00000000-0000-4000-8000-000000000001",
  keyId: "00000000-0000-4000-8000-000000000000",
};

export function noSuchKey(kekId: string): TocsinError {
  return new TocsinError(
    "E_CONFIG",
    "A stored secret was sealed with another key: restore the key file or enter the secret again.",
    { detail: `no key ${kekId}` },
  );
}

export function doesNotOpen(cause?: unknown): TocsinError {
  return new TocsinError("E_CONFIG", "A stored data key could not be opened: restore the database or the key file.", {
    cause,
  });
}
