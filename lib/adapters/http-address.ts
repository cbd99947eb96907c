// Which addresses this product may connect to. Allow-list first (ipaddr.js "unicast"), then a deny-list for what is
// unicast by the book and still somebody's inside: cloud metadata services and translation prefixes.
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { TocsinError } from "../domain/error.ts";

/** Named ranges (and port ranges) that may be reached although they are private. Empty: public addresses only. */
export type AddressPolicy = {
  allow: { cidr: string; ports?: [number, number] }[];
  /** CIDR ranges that nothing opens: the installation's own addresses. */
  deny?: string[];
};

/** Why an address or URL is refused; a class, never the address that a name resolved to. */
export type BlockClass =
  | "syntax"
  | "length"
  | "scheme"
  | "userinfo"
  | "port"
  | "local_name"
  | "private_address"
  | "own_console";

const DENIED = [
  "168.63.129.16/32", // Azure's platform address
  "192.0.0.0/24", // Oracle's metadata alias 192.0.0.192 among others
  "100.64.0.0/10",
  "192.88.99.0/24",
  "198.18.0.0/15",
  "2001::/23",
  "2002::/16",
  "3fff::/20",
  // Global unicast is 2000::/3 and nothing else: not ::a.b.c.d, not what is assigned one day.
  "::/3",
  "4000::/2",
  "8000::/1",
].map((cidr) => ipaddr.parseCIDR(cidr));

// Ports on which HTTP bytes do harm: fetch's own bad ports, and stores and daemons that act on what they can parse.
const BAD_PORTS = new Set([
  1433, 1521, 1719, 1720, 1723, 2049, 2375, 2376, 2379, 2380, 3306, 3659, 4045, 4190, 5060, 5061, 5432, 6000, 6379,
  6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 9200, 9300, 10080, 10250, 11211, 27017,
]);

const SENTENCES: Record<BlockClass, string> = {
  syntax: "This is not a valid URL: write it as https://host/path.",
  length: "This URL is too long: use at most 2048 characters.",
  scheme: "Only http and https can be used: start the URL with https://.",
  userinfo: "Take the user name and password out of the URL and store them as a credential instead.",
  port: "This port cannot be used: choose 80, 443 or one from 1024 that is not reserved for another protocol.",
  local_name: "This name belongs to a private network: an operator can allow a named private range.",
  own_console: "This is Tocsin's own address: enter where your own receiver listens.",
  private_address: "This address is private or reserved: an operator can allow a named private range.",
};

export function blocked(why: BlockClass): TocsinError {
  return new TocsinError("E_URL_BLOCKED", SENTENCES[why], { detail: why, field: "url" });
}

/** @param address an IPv4 or IPv6 address as Node prints it, never a name */
export function addressAllowed(address: string, port: number, policy: AddressPolicy): boolean {
  const { parsed, open } = judged(address);
  if (parsed === null) return false;
  const within = (cidr: string): boolean => {
    const range = rangeOf(cidr);
    return range !== null && matches(parsed, range);
  };
  if (policy.deny?.some(within)) return false;
  return open || policy.allow.some(({ cidr, ports }) => inRange(port, ports) && within(cidr));
}

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number];
interface Judged {
  parsed: ipaddr.IPv4 | ipaddr.IPv6 | null;
  open: boolean;
}

// An address is judged three times per connection, and the same ones every minute: what a text means never changes.
const MAX_REMEMBERED = 4_096;
const addresses = new Map<string, Judged>();
const ranges = new Map<string, Range | null>();

function remember<T>(known: Map<string, T>, key: string, work: () => T): T {
  let found = known.get(key);
  if (found === undefined) {
    found = work();
    if (known.size >= MAX_REMEMBERED) known.clear();
    known.set(key, found);
  }
  return found;
}

const judged = (address: string): Judged =>
  remember(addresses, address, () => {
    if (isIP(address) === 0) return { parsed: null, open: false };
    const parsed = ipaddr.parse(address);
    return { parsed, open: parsed.range() === "unicast" && !DENIED.some((cidr) => matches(parsed, cidr)) };
  });

/** Null for a range that cannot be read: it allows nothing. */
const rangeOf = (cidr: string): Range | null =>
  remember(ranges, cidr, () => {
    try {
      return ipaddr.parseCIDR(cidr);
    } catch {
      return null;
    }
  });

/** True when a policy allows anything at all on this port: only then may a name look private; connecting still decides. */
export function someAllowance(port: number, policy: AddressPolicy): boolean {
  return policy.allow.some((entry) => inRange(port, entry.ports));
}

export function portAllowed(port: number): boolean {
  return port === 80 || port === 443 || (port >= 1024 && port <= 65535 && !BAD_PORTS.has(port));
}

function inRange(port: number, ports: [number, number] | undefined): boolean {
  return ports === undefined || (port >= ports[0] && port <= ports[1]);
}

function matches(address: ipaddr.IPv4 | ipaddr.IPv6, cidr: Range): boolean {
  const plain = address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
  return [address, plain].some((a) => a.kind() === cidr[0].kind() && a.match(cidr));
}
