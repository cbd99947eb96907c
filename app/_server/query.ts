import "server-only";

export type SearchParams = Promise<Record<string, string | string[] | undefined>>;

/** A query parameter as one short string; "" when absent or repeated. */
export async function param(params: SearchParams, name: string): Promise<string> {
  const all = await params;
  const value = Object.hasOwn(all, name) ? all[name] : undefined;
  return typeof value === "string" ? value.slice(0, 200) : "";
}

export function matches(q: string, ...texts: (string | null)[]): boolean {
  const needle = q.trim().toLowerCase();
  return needle === "" || texts.some((text) => text?.toLowerCase().includes(needle));
}

/** The page asked for, counted from 1; nonsense is the first, past the end is the last. */
export async function pageOf(params: SearchParams, per: number, total: number): Promise<number> {
  const asked = Number.parseInt(await param(params, "page"), 10);
  const last = Math.max(1, Math.ceil(total / per));
  return Number.isSafeInteger(asked) && asked > 0 ? Math.min(asked, last) : 1;
}
