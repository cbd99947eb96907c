// A place that servers are looked at from: a short code, a city for people, and whether it is one of our own processes
// or an agent that only dials out.
import { z } from "zod";

export const REGION_KINDS = ["in_cluster", "agent"] as const;
export type RegionKind = (typeof REGION_KINDS)[number];

export const REGION_NAME = /^[a-z0-9-]{1,32}$/;
export const regionNameField = z.string().regex(REGION_NAME, {
  error: "Use small letters, digits and hyphens, at most 32, for example fra.",
});

/** Airport codes and the like, which is what most regions are named after. */
const CITIES: Record<string, string> = {
  ams: "Amsterdam",
  arn: "Stockholm",
  atl: "Atlanta",
  bom: "Mumbai",
  cdg: "Paris",
  dfw: "Dallas",
  dub: "Dublin",
  fra: "Frankfurt",
  gru: "São Paulo",
  hkg: "Hong Kong",
  iad: "Ashburn",
  icn: "Seoul",
  jnb: "Johannesburg",
  lax: "Los Angeles",
  lhr: "London",
  mad: "Madrid",
  mia: "Miami",
  nrt: "Tokyo",
  ord: "Chicago",
  sea: "Seattle",
  sin: "Singapore",
  sjc: "San Jose",
  syd: "Sydney",
  waw: "Warsaw",
  yyz: "Toronto",
  zrh: "Zurich",
};

/** "fra", "fra1" and "fra-2" stand in Frankfurt; a code that nobody knows is its own name. */
export function cityOf(name: string): string {
  const code = /^([a-z]{3})(?:-?\d{1,2})?$/.exec(name)?.[1] ?? "";
  const city = Object.hasOwn(CITIES, code) ? CITIES[code] : undefined;
  return city === undefined ? name : name === code ? city : `${city} ${name.slice(3).replace("-", "")}`;
}

const TOKEN = /^tocsin_agent_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/;

/** @returns the part by which a token is found, which is no secret; null for what is no token of an agent */
export const tokenPrefix = (token: string): string | null => TOKEN.exec(token)?.[1] ?? null;
export const tokenOf = (prefix: string, secret: string): string => `tocsin_agent_${prefix}_${secret}`;
