import "server-only";
import { secrets } from "#lib/adapters/secrets";

/** The ids of the keys that this process can use, the current one by itself. Never a key. */
export async function keyStore(): Promise<{ current: string; known: string[] }> {
  const { store } = secrets();
  return { current: await store.current(), known: await store.known() };
}
