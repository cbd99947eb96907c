// What a client may say about itself before the console hears it: nothing. Headers that would speak for a proxy or for
// the framework are dropped, and those that the console trusts are set here from the connection and the settings.
import type { IncomingHttpHeaders } from "node:http";
import ipaddr from "ipaddr.js";

export interface Trust {
  /** The console's own address, from TOCSIN_URL. */
  url: URL;
  /** How many proxies stand before it and each add the address they saw. */
  proxies: number;
}

const SPOKEN_FOR =
  /^(x-forwarded-.*|forwarded|x-real-ip|x-client-ip|x-original-.*|x-rewrite-url|x-tocsin-.*|x-middleware-.*|x-nonce|x-invoke-.*|x-matched-path|x-nextjs-rewritten-.*|x-now-route-matches|x-prerender-revalidate.*|content-security-policy|upgrade)$/;

/** Changes the headers in place. @returns the source address, "" when there is none that can be read */
export function trustNothing(headers: IncomingHttpHeaders, peer: string | undefined, trust: Trust): string {
  const address = sourceOf(headers["x-forwarded-for"], peer, trust.proxies);
  for (const name of Object.keys(headers)) if (SPOKEN_FOR.test(name)) delete headers[name];
  // One host, whatever was asked for: no link, redirect or origin check can be bent by a header.
  headers.host = trust.url.host;
  headers["x-forwarded-host"] = trust.url.host;
  headers["x-forwarded-proto"] = trust.url.protocol.slice(0, -1);
  if (address !== "") headers["x-tocsin-address"] = address;
  return address;
}

/** Each proxy adds to the right what it saw, so only the last ones were written by somebody who is trusted. */
export function sourceOf(forwarded: string | string[] | undefined, peer: string | undefined, proxies: number): string {
  const chain = String(forwarded ?? "").split(",");
  const told = proxies > 0 && chain.length >= proxies ? address(chain[chain.length - proxies] ?? "") : "";
  return told === "" ? address(peer ?? "") : told;
}

function address(text: string): string {
  const bare = text
    .trim()
    .replace(/^\[(.*)\](:\d+)?$/, "$1")
    .replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, "$1")
    .replace(/%.*$/, "");
  const written = ipaddr.IPv4.isValidFourPartDecimal(bare) || ipaddr.IPv6.isValid(bare);
  return written ? ipaddr.process(bare).toString() : "";
}

const CHANGES = new Set(["POST", "PUT", "PATCH", "DELETE"]);
/** Browsers report here by themselves, in their own way. */
const REPORTS = "/api/csp-report";

/**
 * A change with a session's cookie, or one of a page's actions, that no page of this console sent. Programs that write
 * (SCIM, the identity provider) carry no such cookie and have proofs of their own.
 */
export function foreign(
  request: { method?: string; path: string; headers: IncomingHttpHeaders },
  own: string,
): boolean {
  const { method = "GET", path, headers } = request;
  if (!CHANGES.has(method) || path === REPORTS) return false;
  const carries = /(^|;\s*)(__Host-)?tocsin\.session=/.test(headers.cookie ?? "");
  if (!carries && headers["next-action"] === undefined) return false;
  const site = headers["sec-fetch-site"];
  return headers.origin !== own || (site !== undefined && site !== "same-origin");
}
