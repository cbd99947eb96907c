// A month that was dropped after seven years is no hole: its links stay, the tenant's own chain holds an event that names
// their digest, and the links that miss their event have to be exactly those.
import { createHash, type Hash } from "node:crypto";
import { z } from "zod";
import type { Findings } from "./finding.ts";
import type { AuditEvent } from "./hash.ts";

export const PARTITION_DROPPED = "audit.partition_dropped";
export const KEPT_YEARS = 7;

const hex32 = z.string().regex(/^[0-9a-f]{64}$/);
export const DropSchema = z.object({
  /** UTC, "2019-10" */
  month: z.string().regex(/^\d{4}-\d{2}$/),
  first: z.int().min(1),
  last: z.int().min(1),
  events: z.int().min(1),
  /** SHA-256 over int8(number) ‖ content hash of each of the month's links, in their order. */
  links: hex32,
});
export type Drop = z.infer<typeof DropSchema>;

/** A drop that the chain itself declares. */
export interface LawfulDrop extends Drop {
  /** Epoch ms: its end has to stand under a checkpoint that is not younger. */
  signedBy: number;
}

export interface Drops {
  /** @returns true when this link's event is among what was dropped; whether all of them are is said at the end */
  covers(link: { seq: number; contentHash: string; eventAt?: string | undefined }): boolean;
  /** For each intact event of the chain. */
  declare(event: AuditEvent): void;
  /** Adds what does not fit. @returns what was lawfully dropped */
  judge(where: string, found: Findings): LawfulDrop[];
}

interface Claim extends Drop {
  seen: Hash;
  count: number;
  declaredAt: number | null;
}

export function drops(named: readonly Drop[]): Drops {
  const claims: Claim[] = named.map((d) => ({ ...d, seen: createHash("sha256"), count: 0, declaredAt: null }));
  return {
    covers({ seq, contentHash, eventAt }) {
      const claim = claims.find((c) => eventAt?.startsWith(`${c.month}-`) && seq >= c.first && seq <= c.last);
      if (claim === undefined) return false;
      const number = Buffer.allocUnsafe(8);
      number.writeBigInt64BE(BigInt(seq));
      claim.seen.update(number).update(Buffer.from(contentHash, "hex"));
      claim.count += 1;
      return true;
    },
    declare(event) {
      if (claims.length === 0 || event.action !== PARTITION_DROPPED) return;
      const said = declared(event.body);
      for (const c of claims)
        if (said && (["month", "first", "last", "events", "links"] as const).every((key) => said[key] === c[key]))
          c.declaredAt = Date.parse(event.at);
    },
    judge(where, found) {
      return claims.flatMap(({ seen, count, declaredAt, ...drop }) => {
        const fault =
          declaredAt === null
            ? "No event of the chain says that this month was dropped."
            : declaredAt < endsAt(drop.month, KEPT_YEARS)
              ? "It was dropped before its seven years were over."
              : count !== drop.events || seen.digest("hex") !== drop.links
                ? "The events that are gone are not the ones that were exported and dropped."
                : null;
        if (fault === null) return [{ ...drop, signedBy: yearsBefore(declaredAt ?? 0, KEPT_YEARS) }];
        found.add("event-missing", `${where}, month ${drop.month}`, fault);
        return [];
      });
    },
  };
}

/** For an archive of one month: events of other months are no business of its. */
export const onlyMonth = (month: string): Drops => ({
  covers: ({ eventAt }) => eventAt !== undefined && !eventAt.startsWith(`${month}-`),
  declare: () => {},
  judge: () => [],
});

function declared(body: string): Drop | null {
  try {
    return DropSchema.safeParse(JSON.parse(body)).data ?? null;
  } catch {
    return null;
  }
}

/** The end of the month, so many years later; epoch ms. */
function endsAt(month: string, years: number): number {
  const [y, m] = month.split("-").map(Number);
  return Date.UTC((y ?? 0) + years, m ?? 1, 1);
}

function yearsBefore(at: number, years: number): number {
  const date = new Date(at);
  return date.setUTCFullYear(date.getUTCFullYear() - years);
}
