// Stored secrets: envelope encryption under a data key per tenant. What seals and opens is in secrets/box.ts, who holds
// the keys above the data keys in secrets/*-store.ts.
import { env } from "./env.ts";
import { type SecretBox, secretBox } from "./secrets/box.ts";
import { openKeyStores, storeFits } from "./secrets/stores.ts";
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

/** @throws TocsinError E_CONFIG when the key store is not set up as it should be: asked before anything listens */
export const keysFit = (): Promise<void> => storeFits(secrets().store);
