// The health families as data: where they are asked, how often, and what turns them red. Whoever has other field names
// or limits types rules of their own over them. docs/presets.md prints this table. PURE.

/** A rule is red when a value at `path` is as it says; nothing at the path is red too, unless `optional` or `present`. */
export interface HealthRule {
  path: string;
  above?: number;
  below?: number;
  /** Red when the value is more than `times` the value at the other path. */
  aboveTimes?: { times: number; path: string };
  in?: readonly (string | number | boolean | null)[];
  notIn?: readonly (string | number | boolean | null)[];
  empty?: true;
  present?: true;
  /** A time (ISO, or epoch seconds or milliseconds) longer ago than this many seconds. */
  olderThanS?: number;
  optional?: true;
}

interface Shared {
  label: string;
  everyS: number;
  /** What turns it red, for people. */
  red: string;
}
export type Family =
  | (Shared & { via: "http"; path: string; maxMs: number; rules: readonly HealthRule[] })
  | (Shared & { via: "mcp"; boundMs: number });

const http = (
  label: string,
  path: string,
  everyS: number,
  red: string,
  rules: readonly HealthRule[],
  maxMs = 5_000,
): Family => ({ via: "http", label, path, everyS, red, rules, maxMs });
const mcp = (label: string, everyS: number, boundMs: number, red: string): Family => ({
  via: "mcp",
  label,
  everyS,
  boundMs,
  red,
});
const yes = (path: string): HealthRule => ({ path, notIn: [true] });

export const FAMILIES = {
  plain: http("Health address", "/health", 60, "a status other than 2xx, or a body that says it is not well", []),
  handshake: mcp("Handshake", 60, 15_000, "no handshake and tool list"),
  resources: mcp("Resources", 120, 10_000, "resources/list gives no list"),
  prompts: mcp("Prompts", 300, 5_000, "prompts/list gives no list within 5 s"),
  completions: mcp("Completions", 300, 100, "completion/complete gives no values within 100 ms"),
  notifications: mcp("Notifications", 120, 30_000, "the event stream is refused, or silent for 30 s"),
  browser: http("Browser", "/health/browser", 120, "no page can be opened", [yes("$.launched")], 10_000),
  image: http(
    "Images",
    "/health/image",
    300,
    "the sample image comes out empty",
    [{ path: "$.bytes", below: 1 }],
    10_000,
  ),
  pdf: http("PDF", "/health/pdf", 300, "the sample document has no page", [{ path: "$.pages", below: 1 }], 10_000),
  object_store: http("Object store", "/health/storage", 60, "the sample object cannot be written or read back", [
    yes("$.written"),
    yes("$.read"),
  ]),
  media: http("Media", "/health/media", 300, "the sample recording is not decoded", [yes("$.decoded")], 10_000),
  database: http("Database", "/health/db", 60, "not connected", [yes("$.connected")], 2_000),
  connection_pool: http("Connection pool", "/health/pool", 60, "anything waits for a connection", [
    { path: "$.waiting", above: 0 },
  ]),
  jobs: http("Jobs", "/health/jobs", 60, "the sentinel job is not done within 30 s", [
    { path: "$.sentinel_age_s", above: 30 },
  ]),
  workflows: http("Workflows", "/health/workflows", 300, "idle for more than an hour", [
    { path: "$.idle_s", above: 3_600 },
  ]),
  approvals: http("Approvals", "/health/approvals", 300, "one waits for more than a day, or cannot be delivered", [
    { path: "$.oldest_waiting_s", above: 86_400 },
    { path: "$.undeliverable", above: 0 },
  ]),
  security: http("Security", "/health/security", 60, "rejections at more than three times their usual rate", [
    { path: "$.rejections_per_min", aboveTimes: { times: 3, path: "$.usual_per_min" } },
  ]),
  pipelines: http("Pipelines", "/health/pipelines", 300, "the newest run is older than three times the quiet period", [
    { path: "$.age_s", aboveTimes: { times: 3, path: "$.quiet_s" } },
  ]),
  replica_lag: http("Replica", "/health/replica", 60, "more than 30 s behind", [{ path: "$.lag_s", above: 30 }]),
  cdc: http("Change data capture", "/health/cdc", 60, "its slot is inactive, or more than 60 s behind", [
    yes("$.slot_active"),
    { path: "$.lag_s", above: 60 },
  ]),
  retrieval: http("Retrieval", "/health/retrieval", 300, "the known query finds nothing", [
    { path: "$.hits", below: 1 },
  ]),
  tenant_saas: http(
    "Tenants",
    "/health/tenants",
    300,
    "one tenant sees another's rows, metering lags, or billing was not reported for 10 min",
    [
      { path: "$.row_security.foreign_rows", above: 0 },
      { path: "$.metering.lag_s", above: 600 },
      { path: "$.billing.reported_ago_s", above: 600 },
    ],
  ),
  auth: http("Signing keys (JWKS)", "/.well-known/jwks.json", 300, "no key, a key without an id, or a private one", [
    { path: "$.keys", empty: true },
    { path: "$.keys[*].kid" },
    { path: "$.keys[*].d", present: true },
  ]),
} as const satisfies Record<string, Family>;

export type FamilyName = keyof typeof FAMILIES;
export const FAMILY_NAMES = Object.keys(FAMILIES) as [FamilyName, ...FamilyName[]];
export const family = (name: FamilyName): Family => FAMILIES[name];

/** The table of docs/presets.md. */
export function familiesAsMarkdown(): string {
  const rows = FAMILY_NAMES.map((name) => {
    const f = family(name);
    const where = f.via === "http" ? `\`GET ${f.path}\`` : "the MCP conversation";
    return [f.label, where, `${f.everyS / 60} min`, f.via === "http" ? `${f.maxMs} ms` : `${f.boundMs} ms`, f.red];
  });
  const all = [["family", "asked at", "every", "at most", "red when"], ...rows];
  const width = [0, 1, 2, 3, 4].map((i) => Math.max(...all.map((r) => (r[i] ?? "").length)));
  const line = (cells: string[]) => `| ${cells.map((c, i) => c.padEnd(width[i] ?? 0)).join(" | ")} |`;
  return [line(all[0] ?? []), `| ${width.map((w) => "-".repeat(w)).join(" | ")} |`, ...rows.map(line), ""].join("\n");
}
