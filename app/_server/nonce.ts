import "server-only";
import { headers } from "next/headers";

/** The nonce that proxy.ts put into this request's policy. Reading it also keeps the page out of every cache. */
export async function nonce(): Promise<string | undefined> {
  return (await headers()).get("x-nonce") ?? undefined;
}
