// Everything that was not sent, or not yet: holds of whole incidents, and single notices that nobody wanted any more. With
// what held it, who would have been told, and whether a digest told of it.
import { Prisma, type Tx } from "#lib/adapters/db";
import { causeTitle } from "#lib/domain/storm";
import { asSeverity, reasonLabel } from "./words.ts";
import { wouldTell } from "./would-tell.ts";

export const HELD_KINDS = ["silence", "window", "storm", "cluster", "budget", "withheld"] as const;
export type HeldKind = (typeof HELD_KINDS)[number];

/** How far back it is listed. */
export const HELD_DAYS = 30;

export interface HeldFilter {
  kind: HeldKind | null;
  /** Part of an incident's subject. */
  q: string;
  /** Of one digest, or null. */
  digestId: string | null;
}

export interface HeldCounts {
  kinds: Record<HeldKind, number>;
  /** The newest first, days without any left out. */
  days: { day: string; held: number; withheld: number }[];
}

export interface HeldRow {
  incidentId: string;
  number: number;
  subject: string;
  reason: string;
  severity: ReturnType<typeof asSeverity>;
  kind: HeldKind;
  /** What held it, in words; the reason of a withheld notice. */
  by: string;
  /** Made up for a drill. */
  drill: boolean;
  /** Incident of the storm that held it. */
  stormId: string | null;
  /** Epoch ms. */
  at: number;
  /** null where it is not held any more. */
  until: number | null;
  /** Epoch ms of the first notice that told of it after all. */
  toldAt: number | null;
  state: "open" | "acknowledged" | "resolved";
  /** Names of the sinks that would have been told first; of a withheld notice, the one that was not. */
  would: string[];
  /** Epoch ms of the digest that told of it. `quiet`: nobody could be told quietly, so it stands here alone. */
  digest: { at: number; quiet: boolean } | null;
}

interface Raw {
  incident_id: string;
  number: number;
  subject: string;
  incident_reason: string;
  severity: "P1" | "P2" | "P3" | "P4";
  state: "open" | "acknowledged" | "resolved";
  drill: boolean;
  policy: unknown;
  kind: HeldKind;
  ref: string;
  by: string | null;
  at: Date;
  until: Date | null;
  told_at: Date | null;
  sink: string | null;
  digest_at: Date | null;
  digest_sent: boolean;
}

const everything = (since: Date) => Prisma.sql`
  SELECT h.incident_id, h.kind, h.ref, h.at, h.until, h.digest_id, NULL AS why, NULL AS sink FROM held_back h
  WHERE h.tenant_id = app.tenant() AND h.at > ${since}
  UNION ALL SELECT d.incident_id, 'withheld', '', coalesce(d.settled_at, d.created_at), NULL, NULL, d.reason, s.name FROM delivery d
  JOIN sink s ON s.tenant_id = d.tenant_id AND s.id = d.sink_id
  WHERE d.tenant_id = app.tenant() AND d.state = 'withheld' AND d.incident_id IS NOT NULL AND d.created_at > ${since}`;

const fits = ({ kind, q, digestId }: HeldFilter) => Prisma.sql`(${kind}::text IS NULL OR a.kind = ${kind}::text)
  AND (${q} = '' OR strpos(lower(i.subject_name), lower(${q})) > 0) AND (${digestId}::text IS NULL OR a.digest_id::text = ${digestId}::text)`;

const since = (now: Date) => new Date(now.getTime() - HELD_DAYS * 86_400_000);

export async function heldCounts(tx: Tx, filter: HeldFilter, now: Date): Promise<HeldCounts> {
  const rows = await tx.$queryRaw<{ kind: HeldKind; day: string; n: number }[]>`
    SELECT a.kind, to_char(a.at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, count(*)::int AS n FROM (${everything(since(now))}) a
    JOIN incident i ON i.tenant_id = app.tenant() AND i.id = a.incident_id WHERE ${fits({ ...filter, kind: null })} GROUP BY 1, 2 ORDER BY 2 DESC`;
  const kinds = Object.fromEntries(HELD_KINDS.map((kind) => [kind, 0])) as Record<HeldKind, number>;
  const days = new Map<string, { day: string; held: number; withheld: number }>();
  for (const { kind, day, n } of rows) {
    kinds[kind] += n;
    const of = days.get(day) ?? { day, held: 0, withheld: 0 };
    of[kind === "withheld" ? "withheld" : "held"] += n;
    days.set(day, of);
  }
  return { kinds, days: [...days.values()] };
}

/** The newest first. */
export async function heldRows(
  tx: Tx,
  filter: HeldFilter,
  now: Date,
  page: { skip: number; take: number },
): Promise<HeldRow[]> {
  const rows = await tx.$queryRaw<Raw[]>`
    SELECT a.incident_id::text, i.number, i.subject_name AS subject, i.reason AS incident_reason, i.severity, i.state, i.drill, i.policy, a.kind, a.ref, a.at, a.sink,
      CASE WHEN i.state = 'open' AND i.held_by = a.kind AND coalesce(i.held_ref, '') = a.ref THEN a.until END AS until,
      CASE a.kind WHEN 'withheld' THEN a.why WHEN 'silence' THEN (SELECT s.comment FROM silence s WHERE s.tenant_id = app.tenant() AND s.id::text = a.ref)
        WHEN 'storm' THEN (SELECT '#' || s.number || ' ' || s.subject_name FROM incident s WHERE s.tenant_id = app.tenant() AND s.id::text = a.ref)
        WHEN 'cluster' THEN (SELECT k.cause FROM cluster k WHERE k.id::text = a.ref) END AS by,
      CASE WHEN a.kind <> 'withheld' THEN (SELECT min(d.created_at) FROM delivery d
        WHERE d.tenant_id = app.tenant() AND d.incident_id = a.incident_id AND d.kind = 'trigger' AND d.created_at > a.at) END AS told_at,
      g.at AS digest_at, g.notice_id IS NOT NULL AS digest_sent
    FROM (${everything(since(now))}) a JOIN incident i ON i.tenant_id = app.tenant() AND i.id = a.incident_id
    LEFT JOIN digest g ON g.tenant_id = app.tenant() AND g.id = a.digest_id
    WHERE ${fits(filter)} ORDER BY a.at DESC, i.number DESC, a.kind LIMIT ${page.take} OFFSET ${page.skip}`;
  const held = rows.filter((r) => r.kind !== "withheld");
  const would = await wouldTell(
    tx,
    held.map((r) => ({ id: r.incident_id, severity: r.severity, policy: r.policy })),
    now,
  );
  return rows.map((r) => ({
    incidentId: r.incident_id,
    number: r.number,
    subject: r.subject,
    reason: reasonLabel(r.incident_reason) ?? r.incident_reason,
    severity: asSeverity(r.severity),
    kind: r.kind,
    by: words(r),
    drill: r.drill,
    stormId: r.kind === "storm" && r.by !== null ? r.ref : null,
    at: r.at.getTime(),
    until: r.until?.getTime() ?? null,
    toldAt: r.told_at?.getTime() ?? null,
    state: r.state,
    would: r.kind === "withheld" ? [r.sink ?? ""] : (would.get(r.incident_id) ?? []).map((s) => s.name),
    digest: r.digest_at === null ? null : { at: r.digest_at.getTime(), quiet: !r.digest_sent },
  }));
}

function words({ kind, by, ref, drill }: Raw): string {
  if (kind === "withheld") return by ?? "";
  if (kind === "silence") return by === null ? "A silence" : `Silence: ${by}`;
  if (kind === "window") return "Planned maintenance";
  if (kind === "storm") return by === null ? "A storm" : `Storm ${by}`;
  if (kind === "cluster") return by === null ? "A wider outage" : `Wider outage at ${causeTitle(by)}`;
  if (drill) return "The drill's own budget";
  return `The budget of the hour until ${ref.slice(11, 16)} UTC`;
}
