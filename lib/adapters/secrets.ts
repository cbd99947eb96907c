// Stored secrets: envelope encryption under a data key per tenant. What seals and opens is in secrets/box.ts, who holds
// the keys above the data keys in secrets/*-store.ts.
import { TocsinError } from "../domain/error.ts";
import { env } from "./env.ts";
import { type SecretBox, secretBox } from "./secrets/box.ts";
import { openKeyStores } from "./secrets/stores.ts";
import { send } from "./send.ts";

export { type KeySource, recordOf, type SecretBox, secretBox } from "./secrets/box.ts";
export { fileStore } from "./secrets/file-store.ts";
export { places, type SecretPlace } from "./secrets/place.ts";

let box: SecretBox | undefined;

/** @throws TocsinError E_CONFIG when the settings of the key store are not fit for it */
export function secrets(): SecretBox {
  box ??= secretBox(openKeyStores(env(), send));
  return box;
}

/**
 * A key store that is not set up as it should is a setting to be mended, and not a fault of each secret: so before
 * anything listens. One that is away for a moment keeps nobody from starting. @throws TocsinError E_CONFIG
 */
export async function keysFit(): Promise<void> {
  try {
    await secrets().store.health();
  } catch (error) {
    if (!(error instanceof TocsinError) || error.code !== "E_UNAVAILABLE") throw error;
  }
}
