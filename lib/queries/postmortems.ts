// Postmortems with what is still to be done, and how far the tenant is with it.
import type { Tx } from "#lib/adapters/db";
import {
  completion,
  isOverdue,
  type Item,
  REPEAT_MS,
  type Sections,
  storedSections,
  worth,
} from "#lib/domain/postmortem";
import { peopleNames } from "./incidents.ts";
import { reasonLabel } from "./words.ts";

export interface ItemRow extends Item {
  id: string;
  incidentId: string;
  incident: string;
  overdue: boolean;
}

export interface PostmortemRow {
  incidentId: string;
  title: string;
  severity: string;
  state: "draft" | "done";
  dueAt: number;
  overdue: boolean;
  resolvedAt: number | null;
  items: number;
  open: number;
}

const MOST = 200;

export async function postmortems(tx: Tx, now: Date) {
  const rows = await tx.$queryRaw<
    {
      incident_id: string;
      number: number;
      subject_name: string;
      reason: string;
      severity: string;
      state: "draft" | "done";
      due_at: Date;
      resolved_at: Date | null;
      items: number;
      open: number;
    }[]
  >`SELECT p.incident_id, i.number, i.subject_name, i.reason, i.severity, p.state, p.due_at, i.resolved_at,
      (SELECT count(*)::int FROM action_item a WHERE a.tenant_id = p.tenant_id AND a.incident_id = p.incident_id) AS items,
      (SELECT count(*)::int FROM action_item a WHERE a.tenant_id = p.tenant_id AND a.incident_id = p.incident_id AND a.state = 'open') AS open
    FROM postmortem p JOIN incident i ON i.tenant_id = p.tenant_id AND i.id = p.incident_id
    WHERE p.tenant_id = app.tenant() ORDER BY p.state = 'done', p.due_at DESC LIMIT ${MOST}`;
  const all = await tx.actionItem.findMany({
    where: { state: { not: "dropped" } },
    select: { state: true },
    take: 10_000,
  });
  const list: PostmortemRow[] = rows.map((r) => ({
    ...{ incidentId: r.incident_id, title: `#${r.number} ${r.subject_name}: ${reasonLabel(r.reason) ?? r.reason}` },
    ...{
      severity: r.severity,
      state: r.state,
      dueAt: r.due_at.getTime(),
      resolvedAt: r.resolved_at?.getTime() ?? null,
    },
    ...{ overdue: r.state === "draft" && r.due_at < now, items: r.items, open: r.open },
  }));
  return {
    list,
    openItems: await items(tx, { state: "open" }, now),
    completion: completion(all.map((a) => ({ state: a.state as Item["state"] }))),
  };
}

export interface PostmortemView {
  incidentId: string;
  title: string;
  severity: string;
  state: "draft" | "done";
  dueAt: number;
  overdue: boolean;
  sections: Sections;
  updatedBy: string | null;
  updatedAt: number;
  doneBy: string | null;
  doneAt: number | null;
  items: ItemRow[];
}

/** null when this incident has none. */
export async function postmortem(tx: Tx, incidentId: string, now: Date): Promise<PostmortemView | null> {
  const [row] = await tx.postmortem.findMany({ where: { incidentId }, take: 1 });
  const [incident] = await tx.incident.findMany({ where: { id: incidentId }, take: 1 });
  if (row === undefined || incident === undefined) return null;
  const names = await peopleNames(tx, [row.updatedBy, row.doneBy]);
  const name = (id: string | null) => (id === null ? null : (names.get(id) ?? "somebody"));
  return {
    ...{ incidentId, severity: incident.severity, state: row.state as "draft" | "done", dueAt: row.dueAt.getTime() },
    title: `#${incident.number} ${incident.subjectName}: ${reasonLabel(incident.reason) ?? incident.reason}`,
    overdue: row.state === "draft" && row.dueAt < now,
    sections: storedSections(row.sections),
    ...{ updatedBy: name(row.updatedBy), updatedAt: row.updatedAt.getTime() },
    ...{ doneBy: name(row.doneBy), doneAt: row.doneAt?.getTime() ?? null },
    items: await items(tx, { incidentId }, now),
  };
}

/** Of incidents with the same fingerprint that came within 90 days before this one: what was promised and is not done. */
export async function openItemsBefore(tx: Tx, incidentId: string, now: Date): Promise<ItemRow[]> {
  const before = await tx.$queryRaw<{ id: string }[]>`SELECT e.id FROM incident i
    JOIN incident e ON e.tenant_id = i.tenant_id AND e.fingerprint = i.fingerprint AND e.id <> i.id
      AND e.opened_at < i.opened_at AND e.opened_at >= i.opened_at - ${REPEAT_MS} * interval '1 millisecond'
    WHERE i.tenant_id = app.tenant() AND i.id = ${incidentId}::uuid LIMIT 500`;
  if (before.length === 0) return [];
  return items(tx, { incidentId: { in: before.map((b) => b.id) }, state: "open" }, now);
}

type ItemFilter = { incidentId?: string | { in: string[] }; state?: string };

async function items(tx: Tx, where: ItemFilter, now: Date): Promise<ItemRow[]> {
  const rows = await tx.actionItem.findMany({ where, orderBy: [{ dueAt: "asc" }, { id: "asc" }], take: MOST });
  const of = await tx.incident.findMany({
    where: { id: { in: [...new Set(rows.map((r) => r.incidentId))] } },
    select: { id: true, number: true, subjectName: true },
  });
  const names = new Map(of.map((i) => [i.id, `#${i.number} ${i.subjectName}`]));
  return rows
    .map((r) => {
      const item: Item = {
        ...{ kind: r.kind as Item["kind"], title: r.title, owner: r.owner, dueAt: r.dueAt.getTime() },
        ...{ impact: r.impact, effort: r.effort, state: r.state as Item["state"] },
      };
      const incident = names.get(r.incidentId) ?? "";
      return { ...item, id: r.id, incidentId: r.incidentId, incident, overdue: isOverdue(item, now) };
    })
    .sort((a, b) => Number(b.overdue) - Number(a.overdue) || worth(b) - worth(a));
}
