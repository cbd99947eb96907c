import "server-only";
import { env } from "#lib/adapters/env";
import { TocsinError } from "#lib/domain/error";

/**
 * Every mutation must come from a page of this console: Origin equal to TOCSIN_URL's, never absent and never "null",
 * and Sec-Fetch-Site same-origin where the browser sends it.
 * @throws TocsinError E_ORIGIN
 */
export function assertOwnOrigin(headers: Headers): void {
  const site = headers.get("sec-fetch-site");
  if (headers.get("origin") !== new URL(env().TOCSIN_URL).origin || (site !== null && site !== "same-origin")) {
    throw new TocsinError(
      "E_ORIGIN",
      "This request did not come from the console: open the page again and repeat it there.",
      { detail: `origin ${headers.get("origin")?.slice(0, 100)} site ${site?.slice(0, 20)}` },
    );
  }
}
