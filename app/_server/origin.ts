import "server-only";
import { env } from "#lib/adapters/env";
import { recordForeignChange } from "#lib/commands/session/refused";
import { TocsinError } from "#lib/domain/error";
import { db } from "./db.ts";
import { sourceAddress } from "./from.ts";
import { addressKey, limitBefore } from "./limit.ts";
import { actorOf, type Seated, viewer } from "./session.ts";

/**
 * Every mutation must come from a page of this console: Origin equal to TOCSIN_URL's, never absent and never "null",
 * and Sec-Fetch-Site same-origin where the browser sends it. What does not is in the log of whoever's cookie it carried.
 * @throws TocsinError E_ORIGIN
 */
export async function assertOwnOrigin(headers: Headers): Promise<void> {
  const site = headers.get("sec-fetch-site");
  if (headers.get("origin") !== new URL(env().TOCSIN_URL).origin || (site !== null && site !== "same-origin"))
    await refusedOrigin(headers);
}

/** @throws TocsinError E_ORIGIN, or E_RATE_LIMITED when it comes too often for the log */
export async function refusedOrigin(headers: Headers): Promise<never> {
  const who = await viewer();
  if (who?.seat) {
    await limitBefore("origin", addressKey(headers));
    const path = (headers.get("x-tocsin-refused") ?? headers.get("next-url") ?? "").slice(0, 200);
    await recordForeignChange(db(), actorOf(who as Seated, sourceAddress(headers)), path);
  }
  throw new TocsinError(
    "E_ORIGIN",
    "This request did not come from the console: open the page again and repeat it there.",
    { detail: `origin ${headers.get("origin")?.slice(0, 100)} site ${headers.get("sec-fetch-site")?.slice(0, 20)}` },
  );
}
