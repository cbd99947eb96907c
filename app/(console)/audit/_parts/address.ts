import { type AuditFilter, filterQuery } from "#lib/domain/audit-filter";

/** The address of a filtered log. */
export function logAddress(filter: AuditFilter, more: Record<string, string> = {}): string {
  const query = new URLSearchParams([...new URLSearchParams(filterQuery(filter)), ...Object.entries(more)]);
  return query.size === 0 ? "/audit" : `/audit?${query}`;
}

const PAGES: Record<string, (id: string) => string> = {
  server: (id) => `/servers/${id}`,
  sink: (id) => `/sinks/${id}`,
  incident: (id) => `/incidents/${id}`,
  silence: () => "/silences",
  policy: () => "/routes",
};

/** Where a target's own page is; null when it has none. */
export function targetAddress(target: string): string | null {
  const [kind, id] = target.split(":", 2);
  const page = kind !== undefined && Object.hasOwn(PAGES, kind) ? PAGES[kind] : undefined;
  return page !== undefined && id !== undefined && /^[0-9a-f-]{36}$/.test(id) ? page(id) : null;
}
