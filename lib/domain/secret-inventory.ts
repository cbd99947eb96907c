// Which stored secrets there are, who may use each, and what is wrong with that. Pure, and never a value.

export const SECRET_KINDS = [
  "server_credential",
  "sink",
  "sink_inbound",
  "audit_stream",
  "heartbeat_target",
  "session",
  "erasure_request",
] as const;
export type SecretKind = (typeof SECRET_KINDS)[number];

/** Older than this it should be replaced, and unused for so long it should go. */
export const SECRET_AGE_MS = 90 * 24 * 3_600_000;

export interface StoredSecret {
  tenantId: string;
  kind: SecretKind;
  id: string;
  /** When it was entered: sealing it anew under another key does not make it younger. */
  since: number;
  usedAt: number | null;
  /** What it belongs to is switched on and not removed. */
  live: boolean;
  /** Parts of the installation that may open it now: regions, "worker", "console", "operators". */
  holders: string[];
  /** The key of the store above it; null in the first form, and when its data key is gone. */
  kekId: string | null;
  /** First form: under the key file itself. */
  firstForm: boolean;
}

export type SecretFault = "overdue" | "unused" | "no_grant" | "shut";

export const SECRET_FAULTS: Readonly<Record<SecretFault, string>> = {
  overdue: "is older than 90 days: have its owner replace it",
  unused: "has not been used for 90 days: ask its owner whether it is needed",
  no_grant: "may be used by nothing: what it belongs to is switched off or removed",
  shut: "does not open: its data key is gone",
};

/** Secrets that somebody entered and can enter anew; the others end by themselves. */
const REPLACED_BY_PEOPLE: readonly SecretKind[] = ["server_credential", "sink", "audit_stream", "heartbeat_target"];

export function secretFaults(secret: StoredSecret, now: number): SecretFault[] {
  const found: SecretFault[] = [];
  if (secret.kekId === null && !secret.firstForm) found.push("shut");
  if (!REPLACED_BY_PEOPLE.includes(secret.kind)) return found;
  if (now - secret.since >= SECRET_AGE_MS) found.push("overdue");
  if (!secret.live || secret.holders.length === 0) found.push("no_grant");
  else if (now - Math.max(secret.usedAt ?? 0, secret.since) >= SECRET_AGE_MS) found.push("unused");
  return found;
}

/** Monday of the week in which the quarter of this moment began, as YYYY-MM-DD (UTC): the name of its report. */
export function quarterOf(now: number): string {
  const at = new Date(now);
  const first = Date.UTC(at.getUTCFullYear(), 3 * Math.floor(at.getUTCMonth() / 3), 1);
  const sinceMonday = (new Date(first).getUTCDay() + 6) % 7;
  return new Date(first - sinceMonday * 24 * 3_600_000).toISOString().slice(0, 10);
}
