import "server-only";
import ipaddr from "ipaddr.js";

/** The header that the console's own server sets from the connection; what a client sends under this name is dropped there. */
export const ADDRESS_HEADER = "x-tocsin-address";

/** Source address of a request, "" when it is not known. */
export function sourceAddress(headers: Headers): string {
  const given = headers.get(ADDRESS_HEADER) ?? "";
  return ipaddr.isValid(given) ? given : "";
}
