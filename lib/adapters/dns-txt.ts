// TXT records of a name, asked of the machine's name servers or of one that the operator names.
import { lookup, Resolver } from "node:dns/promises";
import { isIP } from "node:net";
import { env } from "./env.ts";
import { addressAllowed } from "./http-address.ts";

/** unknown: no name server answered, so nothing is known. */
export type TxtAnswer = { is: "records"; records: string[] } | { is: "none" } | { is: "unknown"; detail: string };

const NONE = /^(ENOTFOUND|ENODATA|EREFUSED|ESERVFAIL|EBADNAME)$/;
const TIMEOUT_MS = 3_000;
const MAX_RECORDS = 50;

/** @returns each record whole, however many strings it was published in */
export async function txtRecords(name: string): Promise<TxtAnswer> {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: 2 });
  const server = env().TOCSIN_DNS_SERVER;
  if (server !== undefined) resolver.setServers([server]);
  try {
    const found = await resolver.resolveTxt(name);
    return { is: "records", records: found.slice(0, MAX_RECORDS).map((parts) => parts.join("").slice(0, 500)) };
  } catch (error) {
    const code = (error as { code?: string }).code ?? "";
    return NONE.test(code) ? { is: "none" } : { is: "unknown", detail: code };
  }
}

/** Whether this is an address and no name. */
export const isAddress = (host: string): boolean => isIP(host.replace(/^\[|\]$/g, "")) !== 0;

/** Whether every address of a host is one that only an allowance opens: then no public record can stand for it. */
export async function isPrivateHost(host: string, port: number): Promise<boolean> {
  const bare = host.replace(/^\[|\]$/g, "");
  const publicly = (address: string) => addressAllowed(address, port, { allow: [] });
  if (isIP(bare) !== 0) return !publicly(bare);
  try {
    const found = await lookup(bare, { all: true });
    return found.length > 0 && found.every(({ address }) => !publicly(address));
  } catch {
    return false;
  }
}
