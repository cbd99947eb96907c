// Over 300 lines: one list with a row for every table.
// One row in every table that belongs to a tenant, so that tests of isolation can ask of each table what they ask of one.
// A table of a new migration that is missing here fails prisma/isolation.store.test.ts by its name.
import { randomBytes, randomUUID } from "node:crypto";
import { codeHash } from "#lib/domain/proof";

export type Row = Record<string, unknown>;
export type Sql = (text: string, params?: unknown[]) => Promise<Row[]>;

/** Ids of one tenant's rows; each call of `newWorld` names new ones. */
export interface World {
  tenant: string;
  slug: string;
  server: string;
  incident: string;
  sink: string;
  proof: string;
  silence: string;
  window: string;
  heartbeat: string;
  notice: string;
  delivery: string;
  allowance: string;
  policy: string;
  schedule: string;
  override: string;
  request: string;
  approval: string;
  grant: string;
  event: string;
  hold: string;
  stream: string;
  erasure: string;
  change: string;
  dataKey: string;
  check: string;
  digest: string;
  runbook: string;
  item: string;
  drill: string;
  source: string;
  call: string;
  inbound: string;
  /** Two people: who acts, and whom it is about. */
  actor: string;
  target: string;
  number: number;
}

const AT = "2026-11-20T10:00:00Z";
const LATER = "2026-11-20T10:10:00Z";
const WHY = "So that a test finds a reason of some length";

/** What a server's tools were accepted as, and what they are. */
const ACCEPTED = "a".repeat(64);
export const CHANGED = "b".repeat(64);

/** What the planted attempt to prove a sink waits for. */
export const PROOF_CODE = "K7QX-29MD-XW3T";

export function newWorld(tenant: string, slug: string): World {
  const id = randomUUID;
  return {
    tenant,
    slug,
    server: id(),
    incident: id(),
    sink: id(),
    proof: id(),
    silence: id(),
    window: id(),
    heartbeat: id(),
    notice: id(),
    delivery: id(),
    allowance: id(),
    policy: id(),
    schedule: id(),
    override: id(),
    request: id(),
    approval: id(),
    grant: id(),
    event: id(),
    hold: id(),
    stream: id(),
    erasure: id(),
    change: id(),
    dataKey: id(),
    check: id(),
    source: id(),
    call: id(),
    inbound: id(),
    digest: id(),
    runbook: id(),
    item: id(),
    drill: id(),
    actor: id(),
    target: id(),
    number: Math.floor(Math.random() * 1e9),
  };
}

/** In the order in which foreign keys let them in. Audit tables come last: their triggers write further rows. */
export const ROWS: Record<string, (w: World) => Row> = {
  "public.server": (w) => ({
    tenant_id: w.tenant,
    id: w.server,
    name: `Server ${w.server.slice(0, 8)}`,
    url: `https://${w.server}.example.com/mcp`,
    paused: true,
    created_at: AT,
  }),
  "public.server_credential": (w) => ({
    tenant_id: w.tenant,
    server_id: w.server,
    kind: "bearer",
    header_name: "Authorization",
    sealed: randomBytes(40),
    created_at: AT,
  }),
  "public.server_wall": (w) => ({ tenant_id: w.tenant, server_id: w.server, region: "fra", looked_at: AT }),
  "public.data_key": (w) => ({
    tenant_id: w.tenant,
    id: w.dataKey,
    kek_id: "file:0123456789abcdef",
    wrapped: randomBytes(60),
    created_at: AT,
    // One that seals may be there already.
    retired_at: AT,
  }),
  "public.server_now": (w) => ({
    tenant_id: w.tenant,
    server_id: w.server,
    last_slot: AT,
    status: "down",
    reason: "connection_refused",
    since: AT,
    evidence: `Evidence ${w.server}`,
    surface: json({
      scopes: {
        "modern:open": {
          accepted: ACCEPTED,
          regions: {},
          announced: { full: CHANGED, change: w.change, alerts: false, sentence: "1 added (b)." },
        },
      },
    }),
  }),
  "public.extra_check": (w) => ({
    tenant_id: w.tenant,
    id: w.check,
    server_id: w.server,
    kind: "session",
    name: `Check ${w.check.slice(0, 8)}`,
    settings: json({ holdS: 60 }),
    every_s: 300,
    created_at: AT,
  }),
  "public.allowed_tool": (w) => ({
    tenant_id: w.tenant,
    server_id: w.server,
    tool: `tool_${w.server.slice(0, 8)}`,
    reason: WHY,
    allowed_by: w.actor,
    allowed_at: AT,
  }),
  "public.server_baseline": (w) => ({
    tenant_id: w.tenant,
    server_id: w.server,
    computed_at: AT,
    samples: 2000,
    hours: 48,
    p50_ms: 90,
    p95_ms: 180,
    errors_permille: 10,
  }),
  "public.tool_list": (w) => ({
    tenant_id: w.tenant,
    server_id: w.server,
    full_hash: CHANGED,
    contract_hash: ACCEPTED,
    tools: json([{ name: "b", contract: ACCEPTED, full: CHANGED, tool: { name: "b", inputSchema: {} } }]),
    count: 1,
    region: "fra",
    first_seen: AT,
  }),
  "public.surface_change": (w) => ({
    tenant_id: w.tenant,
    id: w.change,
    server_id: w.server,
    era: "modern",
    credentialed: false,
    kind: "changed",
    at: AT,
    from_hash: ACCEPTED,
    to_hash: CHANGED,
    regions: ["fra"],
    diff: json({ changes: [], counts: { added: 1, removed: 0, renamed: 0, signature: 0, words: 0 }, breaking: 0 }),
    breaking: false,
    digest: "none",
    state: "open",
  }),
  "public.last_transcript": (w) => ({
    tenant_id: w.tenant,
    server_id: w.server,
    region: "fra",
    kind: "latest",
    slot: AT,
    status: "down",
    reason: "connection_refused",
    transcript: json({ steps: [] }),
  }),
  "public.probe_minute": (w) => ({
    tenant_id: w.tenant,
    server_id: w.server,
    slot: AT,
    status: "down",
    reason: "connection_refused",
    regions: json({}),
  }),
  "public.probe_kill": (w) => ({
    tenant_id: w.tenant,
    id: w.request,
    run_id: w.request,
    region: "fra",
    server_id: w.server,
    servers: 1,
    why: "wall",
    batch_ms: 50_000,
    at: AT,
  }),
  "public.probe_pace": (w) => ({ tenant_id: w.tenant, factor: 4, cut_at: AT, until: LATER, told_at: AT }),
  "public.address_allowance": (w) => ({
    tenant_id: w.tenant,
    id: w.allowance,
    cidr: "10.20.0.0/16",
    reason: WHY,
    created_at: AT,
  }),
  "public.tenant_retention": (w) => ({
    tenant_id: w.tenant,
    minutes_days: 30,
    incidents_days: 90,
    updated_by: w.actor,
    updated_at: AT,
  }),
  "public.sink": (w) => ({
    tenant_id: w.tenant,
    id: w.sink,
    kind: "webhook",
    name: `Sink ${w.sink.slice(0, 8)}`,
    config: json({ url: "https://hooks.example.com/tocsin" }),
    created_at: AT,
    updated_at: AT,
    proven_at: AT,
    proof: "code",
    proof_due_at: "2099-01-01T00:00:00Z",
  }),
  "public.sink_proof": (w) => ({
    tenant_id: w.tenant,
    id: w.proof,
    sink_id: w.sink,
    kind: "code",
    hash: Buffer.from(codeHash(w.proof, PROOF_CODE)),
    begun_at: AT,
    expires_at: "2099-01-01T00:00:00Z",
    state: "asked",
  }),
  "public.policy": (w) => ({
    tenant_id: w.tenant,
    id: w.policy,
    name: "Default policy",
    steps: json([{ afterMinutes: 0, targets: [] }]),
    // Of what is told to nobody anyway: no incident of a test is taken from those it would reach.
    matchers: json([{ on: "severity", is: ["P4"] }]),
    is_default: false,
    updated_at: AT,
  }),
  "public.contact": (w) => ({ tenant_id: w.tenant, person_id: w.target, sink_id: w.sink, ordinal: 0 }),
  "public.schedule": (w) => ({
    tenant_id: w.tenant,
    id: w.schedule,
    name: `On call ${w.schedule.slice(0, 8)}`,
    zone: "Europe/Berlin",
    layers: json([
      {
        ...{ people: [w.target], startsOn: "2026-11-02", handoffAt: "09:00", everyDays: 7 },
        restrictions: [],
      },
    ]),
    updated_at: AT,
  }),
  "public.schedule_override": (w) => ({
    tenant_id: w.tenant,
    id: w.override,
    schedule_id: w.schedule,
    person_id: w.actor,
    starts_at: AT,
    ends_at: "2099-01-01T00:00:00Z",
    created_at: AT,
  }),
  "public.maintenance_window": (w) => ({
    tenant_id: w.tenant,
    id: w.window,
    server_ids: `{${w.server}}`,
    comment: `Comment ${w.window}`,
    rule: json({ repeat: "once", from: "2026-11-22", startsAt: "02:30", minutes: 60, zone: "Europe/Berlin" }),
    created_by: w.actor,
    created_at: AT,
    updated_at: AT,
  }),
  "public.severity_override": (w) => ({
    tenant_id: w.tenant,
    reason: "timeout",
    severity: "P1",
    set_by: w.actor,
    set_at: AT,
  }),
  "public.heartbeat_target": (w) => ({
    tenant_id: w.tenant,
    id: w.heartbeat,
    kind: "url",
    name: `Heartbeat ${w.heartbeat.slice(0, 8)}`,
    config: json({ method: "GET" }),
    sealed: randomBytes(40),
    created_by: w.actor,
    created_at: AT,
  }),
  "public.silence": (w) => ({
    tenant_id: w.tenant,
    id: w.silence,
    server_id: w.server,
    comment: "A planned release",
    starts_at: AT,
    ends_at: "2099-01-01T00:00:00Z",
    created_at: AT,
  }),
  "public.incident": (w) => ({
    tenant_id: w.tenant,
    id: w.incident,
    number: w.number,
    subject_kind: "server",
    server_id: w.server,
    subject_name: `Server ${w.server.slice(0, 8)}`,
    fingerprint: `test:${w.incident}`,
    dedup_key: `tocsin-${w.incident}`,
    state: "open",
    severity: "P1",
    status: "down",
    reason: "connection_refused",
    evidence: "Nothing listens there.",
    opened_at: AT,
    started_at: AT,
    last_bad_slot: AT,
    policy: json({ name: "Default policy", steps: [{ afterMinutes: 0, targets: [] }] }),
    silence_id: w.silence,
    // Where a worker runs, it must look for no other road for what was never sent.
    fallback_at: AT,
  }),
  "public.runbook": (w) => ({
    tenant_id: w.tenant,
    id: w.runbook,
    reason: "timeout",
    version: w.number,
    body: `1. Ask ${w.runbook}.`,
    saved_by: w.actor,
    saved_at: AT,
  }),
  "public.postmortem": (w) => ({
    tenant_id: w.tenant,
    incident_id: w.incident,
    due_at: "2099-01-01T00:00:00Z",
    sections: json({
      summary: "It was down.",
      impact: "For a while.",
      cause: "A full disk.",
      times: "",
      told: "",
      lessons: "",
    }),
    created_at: AT,
    updated_at: AT,
  }),
  "public.action_item": (w) => ({
    tenant_id: w.tenant,
    id: w.item,
    incident_id: w.incident,
    kind: "prevent",
    title: "Restart it by itself",
    owner: "Ann",
    due_at: "2099-01-01T00:00:00Z",
    impact: 3,
    effort: 1,
    created_at: AT,
  }),
  "public.drill": (w) => ({
    tenant_id: w.tenant,
    id: w.drill,
    flavour: "single_tenant",
    state: "passed",
    servers: [w.server],
    started_by: w.actor,
    started_at: AT,
    ended_at: LATER,
  }),
  "public.incident_event": (w) => ({
    tenant_id: w.tenant,
    incident_id: w.incident,
    at: AT,
    stage: "deduplicate",
    decision: "opened",
    sentence: "Opened: three bad checks in a row.",
  }),
  "public.notice": (w) => ({
    tenant_id: w.tenant,
    id: w.notice,
    incident_id: w.incident,
    kind: "trigger",
    dedup_key: `tocsin-${w.incident}`,
    content: json({ title: "Down" }),
    at: AT,
  }),
  "public.delivery": (w) => ({
    tenant_id: w.tenant,
    id: w.delivery,
    notice_id: w.notice,
    incident_id: w.incident,
    sink_id: w.sink,
    kind: "trigger",
    state: "dead",
    due_at: AT,
    reason: "The address answered 500 for a day.",
    created_at: AT,
    settled_at: AT,
  }),
  "public.sink_trouble": (w) => ({
    tenant_id: w.tenant,
    sink_id: w.sink,
    kind: "failing",
    failures: 5,
    since: AT,
    next_try_at: AT,
    pause_s: 30,
    noted_at: AT,
  }),
  "public.incident_cause": (w) => ({
    tenant_id: w.tenant,
    incident_id: w.incident,
    cause: `host:${w.incident}.example.com`,
    at: AT,
  }),
  "public.storm_member": (w) => ({ tenant_id: w.tenant, storm_id: w.incident, incident_id: w.incident, at: AT }),
  "public.digest": (w) => ({
    tenant_id: w.tenant,
    id: w.digest,
    kind: "hour",
    key: w.digest,
    at: AT,
    counted: 1,
  }),
  "public.held_back": (w) => ({
    tenant_id: w.tenant,
    incident_id: w.incident,
    kind: "budget",
    at: AT,
    until: LATER,
    digest_id: w.digest,
  }),
  "public.delivery_try": (w) => ({
    tenant_id: w.tenant,
    delivery_id: w.delivery,
    number: 1,
    at: AT,
    duration_ms: 12,
    outcome: "dead",
    status: 500,
    reason: "It answered 500.",
  }),
  "public.request": (w) => ({
    tenant_id: w.tenant,
    id: w.request,
    kind: "probe-now",
    payload: json({ serverId: w.server }),
    state: "done",
    created_at: AT,
    done_at: AT,
  }),
  "public.inbound_source": (w) => ({
    tenant_id: w.tenant,
    id: w.source,
    name: `Source ${w.source.slice(0, 8)}`,
    kind: "alertmanager",
    token_hash: randomBytes(32),
    default_severity: "P3",
    per_minute: 600,
    resolve_after_s: 300,
    created_at: AT,
  }),
  // Resolved, so that no worker takes it up.
  "public.inbound_alert": (w) => ({
    tenant_id: w.tenant,
    source_id: w.source,
    fingerprint: w.source.replaceAll("-", ""),
    status: "resolved",
    severity: "P3",
    title: "DiskFull",
    starts_at: AT,
    ends_at: AT,
    received_at: AT,
  }),
  "public.inbound_call": (w) => ({
    tenant_id: w.tenant,
    id: w.call,
    road: "generic",
    key: w.call,
    source_id: w.source,
    at: AT,
    outcome: "done",
  }),
  "public.sink_inbound": (w) => ({
    tenant_id: w.tenant,
    id: w.inbound,
    sink_id: w.sink,
    sealed: randomBytes(40),
    created_at: AT,
  }),
  "public.impersonation_grant": (w) => ({
    tenant_id: w.tenant,
    id: w.grant,
    actor_id: w.actor,
    actor_name: "Somebody",
    target_id: w.target,
    target_name: "Somebody else",
    mode: "ro",
    reason: WHY,
    session_id: randomUUID(),
    session_fp: randomBytes(32),
    secret_hash: randomBytes(32),
    asked_at: AT,
    started_at: AT,
    not_after: LATER,
    ended_at: LATER,
    ended_reason: "time",
  }),
  "public.approval": (w) => ({
    tenant_id: w.tenant,
    id: w.approval,
    action: "retention.cut",
    target: `tenant:${w.tenant}`,
    sentence: "Keep history for 30 days",
    input: json({}),
    reason: WHY,
    asked_by: w.actor,
    asked_at: AT,
    expires_at: "2099-01-01T00:00:00Z",
  }),
  "public.erasure_request": (w) => ({
    tenant_id: w.tenant,
    id: w.erasure,
    number: w.number,
    subject_kind: "account",
    controller: "tenant",
    identifiers: 1,
    identifiers_sealed: randomBytes(40),
    received_at: AT,
    filed_by: w.actor,
  }),
  "public.audit_review": (w) => ({
    tenant_id: w.tenant,
    day: "2026-11-19",
    reviewed_by: w.actor,
    reviewed_at: AT,
    note: "",
    events: 3,
    unusual: 0,
    own_acts: 0,
  }),
  "public.weekly_report": (w) => ({
    tenant_id: w.tenant,
    kind: "weak_reasons",
    week: "2026-11-16",
    made_at: AT,
    looked_at: 0,
    findings: json([]),
  }),
  "public.audit_stream": (w) => ({
    tenant_id: w.tenant,
    id: w.stream,
    kind: "webhook",
    name: "Copy of the log",
    config: json({ url: "https://log.example.com/in" }),
    created_at: AT,
    updated_at: AT,
  }),
  "public.audit_stream_cursor": (w) => ({ tenant_id: w.tenant, stream_id: w.stream, log_id: w.tenant, seq: 1 }),
  "audit.export_record": (w) => ({
    tenant_id: w.tenant,
    month: "2026-11-01",
    first_seq: 1,
    last_seq: 2,
    events: 2,
    links: randomBytes(32),
    file_sha256: randomBytes(32),
    file: "2026-11.ndjson",
  }),
  "audit.dropped": (w) => ({
    tenant_id: w.tenant,
    month: "2019-11-01",
    first_seq: 1,
    last_seq: 2,
    events: 2,
    links: randomBytes(32),
    file_sha256: randomBytes(32),
  }),
  "audit.hold": (w) => ({ tenant_id: w.tenant, id: w.hold, reason: WHY, placed_at: AT }),
  "audit.pii": (w) => ({
    tenant_id: w.tenant,
    event_id: w.event,
    subject: `person:${w.actor}`,
    salt: randomBytes(32),
    body: "{}",
  }),
  // At commit its trigger writes a link and moves the head: rows of audit.chain and audit.head are made by it.
  "audit.event": (w) => ({
    id: w.event,
    tenant_id: w.tenant,
    actor: w.actor,
    action: "incident.acknowledge",
    target: `incident:${w.incident}`,
    body: "{}",
  }),
  "audit.chain": (w) => ({
    tenant_id: w.tenant,
    seq: w.number,
    event_id: randomUUID(),
    event_at: AT,
    content_hash: randomBytes(32),
    prev: randomBytes(32),
    hash: randomBytes(32),
  }),
  "audit.head": (w) => ({ tenant_id: w.tenant, seq: w.number, hash: randomBytes(32) }),
  "audit.checkpoint_head": (w) => ({ tenant_id: w.tenant, no: 1, seq: 1, hash: randomBytes(32) }),
};

/** Written by triggers, or once for the installation: `plant` does not write them itself. */
const BY_ITSELF = new Set(["audit.chain", "audit.head", "audit.checkpoint_head"]);

/** Rows are made as the superuser: past row security, never past a constraint. */
export async function plant(sql: Sql, world: World, only?: readonly string[]): Promise<World> {
  for (const [table, row] of Object.entries(ROWS))
    if (!BY_ITSELF.has(table) && (only === undefined || only.includes(table))) await insert(sql, table, row(world));
  return world;
}

export async function insert(sql: Sql, table: string, row: Row): Promise<void> {
  const { text, values } = inserting(table, row);
  await sql(text, values);
}

export function inserting(table: string, row: Row): { text: string; values: unknown[] } {
  const names = Object.keys(row);
  return {
    text: `INSERT INTO ${table} (${names.map((n) => `"${n}"`).join(", ")}) VALUES (${names.map((_, i) => `$${i + 1}`).join(", ")})`,
    values: Object.values(row),
  };
}

const json = (value: unknown): string => JSON.stringify(value);

/** Takes rows of `plant` away again, where a test shares its database with others. The log's own rows stay. */
export async function uproot(sql: Sql, world: World, only?: readonly string[]): Promise<void> {
  // Where a worker runs, a planted sink is told of real incidents too.
  await sql("UPDATE public.sink SET state = 'disabled' WHERE tenant_id = $1 AND id = $2", [world.tenant, world.sink]);
  await sql("DELETE FROM public.delivery WHERE tenant_id = $1 AND sink_id = $2", [world.tenant, world.sink]);
  for (const [table, row] of Object.entries(ROWS).reverse()) {
    if (table.startsWith("audit.") || (only !== undefined && !only.includes(table))) continue;
    // By what names it: its own id, or the id of what it hangs from.
    const made = row(world);
    const key = [
      "schedule_id",
      "id",
      "delivery_id",
      "incident_id",
      "server_id",
      "stream_id",
      "sink_id",
      "day",
      "week",
    ].find((name) => name in made);
    if (key === undefined) continue;
    await sql(`DELETE FROM ${table} WHERE tenant_id = $1 AND ${key} = $2`, [world.tenant, made[key]]);
  }
}
