// A sealed slot's tool lists against what was accepted: what is new goes into the changelog, and what needs a person
// becomes a verdict of its own, beside the one about the server. While lists are as they were, nothing is read or written.
import { randomUUID } from "node:crypto";
import type { Tx } from "#lib/adapters/db";
import {
  looksOf,
  observe,
  type ScopeLists,
  scopeOf,
  settled,
  type SurfaceEvent,
  type SurfaceState,
  surfaceState,
} from "#lib/domain/drift";
import { flagLabel, newFlags } from "#lib/domain/injection";
import { toolsKey } from "#lib/domain/fingerprint";
import type { Reason } from "#lib/domain/reason";
import { describeDiff, type Digest, diffTools, digestOf, type ToolDiff } from "#lib/domain/tool-diff";
import { type KeptTool, storedTools } from "#lib/domain/tool-list";
import { type SealedSlot, unlookedVerdict, type Verdict } from "#lib/domain/verdict";
import type { Subject } from "./passage.ts";

/** A server's tools, as a subject: their incidents stand beside those of the server itself. */
export const toolsOf = (subject: Subject): Subject => ({ ...subject, key: toolsKey(subject.key) });

/**
 * @param stored server_now.surface, whose row is locked
 * @returns what is to be said of the tools; null when there is nothing to say
 */
export async function followTools(tx: Tx, sealed: SealedSlot, stored: unknown): Promise<Verdict | null> {
  const before = surfaceState(stored);
  const seen = observe(before, looksOf(sealed), sealed.expected, sealed.slot);
  if (seen.state === before) return null;
  const { state } = seen;
  for (const event of seen.events) await write(tx, sealed, state, event);
  const bad = seen.judged.map((key) => findingOf(state.scopes[key])).find((f) => f !== null) ?? null;
  const wasRaised = before.raised === true;
  // What another era or credential shows says nothing of a change that waits for a person in this one.
  const waits = Object.keys(state.scopes).some((k) => !seen.judged.includes(k) && isAlert(state.scopes[k]));
  if (bad !== null) state.raised = true;
  else if (seen.judged.length > 0 && !waits) delete state.raised;
  const after = JSON.stringify(settled(state));
  if (after !== JSON.stringify(before))
    await tx.$executeRaw`UPDATE server_now SET surface = ${after}::jsonb WHERE tenant_id = app.tenant() AND server_id = ${sealed.serverId}::uuid`;
  if (bad !== null) return verdictOf(bad, sealed);
  return wasRaised && state.raised === undefined
    ? unlookedVerdict("up", null, "The tools are again what was accepted.")
    : null;
}

const isAlert = (scope: ScopeLists | undefined): boolean => scope?.announced?.alerts === true;

interface Finding {
  reason: Reason;
  evidence: string;
  regions: string[];
}

function findingOf(scope: ScopeLists | undefined): Finding | null {
  if (scope?.announced !== undefined && isAlert(scope)) {
    const { full, sentence } = scope.announced;
    const regions = Object.keys(scope.regions).filter((r) => scope.regions[r]?.at === full);
    return { reason: "schema_drift", evidence: sentence + late(scope), regions };
  }
  if (scope?.diverged === undefined) return null;
  const { regions } = scope.diverged;
  const verb = regions.length === 1 ? "shows" : "show";
  return {
    reason: "edge_divergence",
    evidence: `${regions.join(", ")} ${verb} another list of tools than the other regions.`,
    regions,
  };
}

const late = ({ diverged }: ScopeLists) =>
  diverged === undefined ? "" : ` ${diverged.regions.join(", ")} still shows another list.`;

/** "up": whether the server serves is another question. */
function verdictOf({ reason, evidence, regions }: Finding, sealed: SealedSlot): Verdict {
  const cells = sealed.expected.map((region) => {
    const shows = regions.includes(region);
    const words = shows ? "Shows the other list." : "Shows what was accepted, or was not heard.";
    return [
      region,
      { status: "up", reason: shows ? reason : null, latencyMs: null, evidence: words, protocolVersion: null },
    ] as const;
  });
  return { ...unlookedVerdict("up", reason, evidence), regions: Object.fromEntries(cells), unlooked: false };
}

/** Into the changelog, and the entry's id into the state. */
async function write(tx: Tx, sealed: SealedSlot, state: SurfaceState, event: SurfaceEvent): Promise<void> {
  const scope = state.scopes[event.scope] as ScopeLists;
  if (event.kind === "returned" || event.kind === "converged") return end(tx, event.change, "over", sealed.slot);
  const from = event.kind === "first_seen" ? event.beside : event.from;
  const [old, now] = [await listOf(tx, sealed.serverId, from), await listOf(tx, sealed.serverId, event.to)];
  const flags = newFlags(old ?? [], now ?? [], await namesElsewhere(tx, sealed.serverId, now ?? []));
  const known = old !== null && now !== null;
  const diff = known ? diffTools(old, now) : notKept(from === null);
  const id = randomUUID();
  const entry: Entry = { id, event, from, diff, flags, digest: "none", state: "noted" };
  if (event.kind === "changed") {
    // What cannot be compared may be anything: it is looked at now and not next week.
    const digest = known ? digestOf(diff, flags.length > 0) : "now";
    const labels = [...new Set(flags.map((f) => flagLabel(f.rule)))].slice(0, 3);
    const told = known ? describeDiff(diff) : "The tools changed";
    const sentence = `${told}.${labels.length > 0 ? ` Flagged: ${labels.join("; ")}.` : ""}`.slice(0, 480);
    scope.announced = { full: event.to, change: id, alerts: digest === "now", sentence };
    Object.assign(entry, { digest, state: "open" });
  }
  if (event.kind === "diverged") {
    scope.diverged = { full: event.to, regions: event.regions, change: id };
    Object.assign(entry, { digest: "now", state: "open" });
  }
  if ((event.kind === "changed" || event.kind === "diverged") && event.instead !== null)
    await end(tx, event.instead, "superseded", sealed.slot);
  await insert(tx, sealed, entry);
}

interface Entry {
  id: string;
  event: Exclude<SurfaceEvent, { kind: "returned" | "converged" }>;
  from: string | null;
  diff: ToolDiff;
  flags: unknown[];
  digest: Digest | "none";
  state: "open" | "noted";
}

async function insert(
  tx: Tx,
  sealed: SealedSlot,
  { id, event, from, diff, flags, digest, state }: Entry,
): Promise<void> {
  const { era, credentialed } = scopeOf(event.scope);
  const regions = event.kind === "flapping" ? [event.region] : event.regions;
  const json = (value: unknown) => JSON.stringify(value).replaceAll("\\u0000", "\\ufffd");
  await tx.$executeRaw`INSERT INTO surface_change (tenant_id, id, server_id, era, credentialed, kind, at, from_hash, to_hash, regions, diff, flags,
      breaking, digest, state)
    VALUES (app.tenant(), ${id}::uuid, ${sealed.serverId}::uuid, ${era}, ${credentialed}, ${event.kind}, ${new Date(sealed.slot)}, ${from}, ${event.to},
      ${[...regions]}::text[], ${json(diff)}::jsonb, ${json(flags)}::jsonb, ${diff.breaking > 0}, ${digest}, ${state})`;
}

async function end(tx: Tx, id: string, state: "over" | "superseded", slot: number): Promise<void> {
  await tx.$executeRaw`UPDATE surface_change SET state = ${state}, decided_at = ${new Date(slot)}
    WHERE tenant_id = app.tenant() AND id = ${id}::uuid AND state = 'open'`;
}

async function listOf(tx: Tx, serverId: string, hash: string | null): Promise<KeptTool[] | null> {
  if (hash === null) return null;
  const rows = await tx.$queryRaw<{ tools: unknown }[]>`SELECT tools FROM tool_list
    WHERE tenant_id = app.tenant() AND server_id = ${serverId}::uuid AND full_hash = ${hash}`;
  return rows[0] === undefined ? null : storedTools(rows[0].tools);
}

function notKept(first: boolean): ToolDiff {
  const note = first ? "" : "One of the two lists was not kept, so they can be told apart by their hashes only.";
  return { changes: [], counts: { added: 0, removed: 0, renamed: 0, signature: 0, words: 0 }, breaking: 0, note };
}

/** Names of tools that this tenant's other servers offer; a server that is mostly the same one elsewhere is no other. */
async function namesElsewhere(tx: Tx, serverId: string, own: readonly KeptTool[]): Promise<ReadonlySet<string>> {
  const rows = await tx.$queryRaw<{ names: unknown }[]>`SELECT n.tools->'names' AS names FROM server_now n
    JOIN server s ON s.tenant_id = n.tenant_id AND s.id = n.server_id
    WHERE n.tenant_id = app.tenant() AND n.server_id <> ${serverId}::uuid AND s.removed_at IS NULL AND n.tools IS NOT NULL LIMIT 500`;
  const mine = new Set(own.map((t) => t.name));
  return new Set(
    rows.flatMap(({ names }) => {
      const theirs = Array.isArray(names) ? names.filter((n) => typeof n === "string") : [];
      return theirs.filter((n) => mine.has(n)).length * 2 >= theirs.length ? [] : theirs;
    }),
  );
}
