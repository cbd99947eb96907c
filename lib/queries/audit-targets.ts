// What people call the things that rows of the log are about. A thing that is gone, or not of this tenant, has no name
// here: the row then shows its id.
import type { Tx } from "#lib/adapters/db";

const TARGET = /^([a-z_]+):([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

type Finder = (tx: Tx, ids: string[]) => Promise<{ id: string; name: string }[]>;

const FINDERS: Record<string, Finder> = {
  server: (tx, ids) => tx.server.findMany({ where: { id: { in: ids } }, select: { id: true, name: true } }),
  sink: (tx, ids) => tx.sink.findMany({ where: { id: { in: ids } }, select: { id: true, name: true } }),
  policy: (tx, ids) => tx.policy.findMany({ where: { id: { in: ids } }, select: { id: true, name: true } }),
  schedule: (tx, ids) => tx.schedule.findMany({ where: { id: { in: ids } }, select: { id: true, name: true } }),
  person: (tx, ids) => tx.person.findMany({ where: { id: { in: ids } }, select: { id: true, name: true } }),
  tenant: (tx, ids) => tx.tenant.findMany({ where: { id: { in: ids } }, select: { id: true, name: true } }),
  break_glass: (tx, ids) => tx.breakGlass.findMany({ where: { id: { in: ids } }, select: { id: true, name: true } }),
  inbound_source: (tx, ids) =>
    tx.inboundSource.findMany({ where: { id: { in: ids } }, select: { id: true, name: true } }),
  audit_stream: (tx, ids) => tx.auditStream.findMany({ where: { id: { in: ids } }, select: { id: true, name: true } }),
  scim_token: (tx, ids) => tx.scimToken.findMany({ where: { id: { in: ids } }, select: { id: true, name: true } }),
  binding: async (tx, ids) =>
    (await tx.roleBinding.findMany({ where: { id: { in: ids } }, select: { id: true, pattern: true } })).map((b) => ({
      id: b.id,
      name: b.pattern,
    })),
  incident: async (tx, ids) =>
    (
      await tx.incident.findMany({
        where: { id: { in: ids } },
        select: { id: true, number: true, subjectName: true },
      })
    ).map((i) => ({ id: i.id, name: `#${i.number} ${i.subjectName}` })),
  silence: async (tx, ids) => {
    const rows = await tx.silence.findMany({ where: { id: { in: ids } }, select: { id: true, serverId: true } });
    const of = await FINDERS.server?.(
      tx,
      rows.map((r) => r.serverId).filter((id) => id !== null),
    );
    const names = new Map(of?.map((s) => [s.id, s.name]));
    return rows.map((r) => ({
      id: r.id,
      name: r.serverId === null ? "every server" : (names.get(r.serverId) ?? "a server"),
    }));
  },
};

/** @returns target → name, for those that have one */
export async function targetNames(tx: Tx, targets: readonly string[]): Promise<Map<string, string>> {
  const byKind = Map.groupBy(
    [...new Set(targets)].map((t) => TARGET.exec(t)).filter((m) => m !== null && Object.hasOwn(FINDERS, m[1] ?? "")),
    (m) => m?.[1] ?? "",
  );
  const names = new Map<string, string>();
  for (const [kind, matches] of byKind) {
    const ids = matches.map((m) => m?.[2] ?? "");
    for (const { id, name } of (await FINDERS[kind]?.(tx, ids)) ?? []) names.set(`${kind}:${id}`, name);
  }
  return names;
}
