// Which private ranges may be named as reachable at all: somebody's own inside, never the internet (needs no allowance),
// never link-local or a cloud's metadata service (whoever reads that owns the machine).
import ipaddr from "ipaddr.js";
import { TocsinError } from "./error.ts";

export interface Range {
  /** Canonical, as "10.20.0.0/16". */
  cidr: string;
  portFrom: number;
  portTo: number;
}

/** [range, the widest part of it that one allowance may name]. */
const INSIDE: readonly [cidr: string, minPrefix: number][] = [
  ["10.0.0.0/8", 8],
  ["172.16.0.0/12", 12],
  ["192.168.0.0/16", 16],
  ["127.0.0.0/8", 8],
  ["100.64.0.0/10", 10],
  ["fc00::/7", 32],
  ["::1/128", 128],
];
const METADATA = ["100.100.100.200", "fd00:ec2::254", "fd20:ce::254"].map((a) => ipaddr.parse(a));

const refused = (message: string, field: string): TocsinError => new TocsinError("E_INVALID", message, { field });

/**
 * @param cidr "10.20.0.0/16", IPv4 or IPv6, always with a prefix length
 * @param ports "8080" or "8000-8100"; undefined is every port
 * @throws TocsinError E_INVALID with one sentence that says what to write instead
 */
export function allowedRange(cidr: string, ports?: string): Range {
  return { cidr: privateRange(cidr), ...portRange(ports) };
}

function privateRange(text: string): string {
  if (!/^[0-9a-f.:]{2,45}\/\d{1,3}$/i.test(text) || !ipaddr.isValidCIDR(text)) {
    throw refused(
      "This is not an address range: write it with its prefix length, as 10.20.0.0/16 or 10.20.0.7/32.",
      "cidr",
    );
  }
  const [address, prefix] = ipaddr.parseCIDR(text);
  // 10.1 and 010.1.1.1 are addresses to some readers, and not the same ones.
  if (address.kind() === "ipv4" && address.toString() !== text.split("/")[0])
    throw refused("Write the address in full, as four decimal numbers without leading zeros: 10.20.0.0/16.", "cidr");
  const network = (address.kind() === "ipv4" ? ipaddr.IPv4 : ipaddr.IPv6).networkAddressFromCIDR(text);
  const canonical = `${network.toString()}/${prefix}`;
  if (network.toString() !== address.toString())
    throw refused(
      `${text} begins inside its own range: write ${canonical}, or ${address.toString()}/${address.kind() === "ipv4" ? 32 : 128} for the one address.`,
      "cidr",
    );
  if (prefix === 0)
    throw refused(
      `${canonical} is every address there is: name the private range that is meant, as 10.20.0.0/16.`,
      "cidr",
    );
  const inside = INSIDE.some(([parent, min]) => prefix >= min && holds(parent, network));
  if (!inside)
    throw refused(
      `${canonical} cannot be allowed: name a part of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, 127.0.0.0/8, ::1/128, or at most a /32 of fc00::/7. Public addresses need no allowance.`,
      "cidr",
    );
  if (METADATA.some((secret) => holds(canonical, secret)))
    throw refused(`${canonical} holds a cloud's metadata service: name a narrower range without it.`, "cidr");
  return canonical;
}

function holds(cidr: string, address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  const range = ipaddr.parseCIDR(cidr);
  return range[0].kind() === address.kind() && address.match(range);
}

function portRange(text: string | undefined): { portFrom: number; portTo: number } {
  if (text === undefined) return { portFrom: 1, portTo: 65_535 };
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const portFrom = Number(match?.[1]);
  const portTo = Number(match?.[2] ?? match?.[1]);
  if (match && portFrom >= 1 && portFrom <= portTo && portTo <= 65_535) return { portFrom, portTo };
  throw refused("These are not ports: write one, as 8080, or a range, as 8000-8100.", "ports");
}
