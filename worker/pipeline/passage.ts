// What travels down the pipeline: one verdict of one subject, and what each stage made of it. All stages share one
// transaction; what a stage wants to have said goes into `said` and is written with the incident.
import type { Incident } from "#lib/commands/incident/row";
import type { Tx } from "#lib/adapters/db";
import type { EventDraft } from "#lib/domain/event";
import type { Mode } from "#lib/domain/fingerprint";
import type { SubjectKind } from "#lib/domain/incident";
import type { Reason, Severity } from "#lib/domain/reason";
import type { Severities, Weight } from "#lib/domain/severity";
import type { Streaks } from "#lib/domain/streak";
import type { SealedSlot, Verdict } from "#lib/domain/verdict";
import type { Hold } from "./holds.ts";

export interface Subject {
  kind: SubjectKind;
  /** Server id, "<server id>:credential", "region:<name>" or "worker:<name>": the first part of every fingerprint. */
  key: string;
  serverId: string | null;
  name: string;
  /** "" where there is none. */
  url: string;
  tenantName: string;
  weight: Weight;
  fireAfter: number;
  clearAfter: number;
  /** 0 where nothing is probed in slots. */
  intervalMs: number;
  /** Since when it is watched without a pause; absent where nothing begins. */
  watchedFrom?: Date;
  /** What the tenant says of reasons, where it says anything. */
  severities?: Severities;
  /** Said by whoever found it; absent: the reason and the server's weight decide. */
  severity?: Severity;
  /** What whoever found it says of it; policies match on it. */
  labels?: Readonly<Record<string, string>>;
  /** Made up, to try the road: its incident is a drill, and every sink says so. */
  drill?: boolean;
}

/** A server as its regions see it. False for something about a server that a clock found, such as its credential's end. */
export const isProbed = ({ key, serverId }: Pick<Subject, "key" | "serverId">): boolean =>
  serverId !== null && key === serverId;

export interface Passage {
  readonly tx: Tx;
  readonly tenantId: string;
  readonly now: Date;
  readonly slot: Date;
  readonly subject: Subject;
  readonly verdict: Verdict;
  /** The regions' own words, where regions looked. */
  readonly sealed: SealedSlot | null;
  /** A clock found this: it has waited long enough already and needs no run of bad slots. */
  readonly atOnce: boolean;
  /** Live incidents of this subject, locked. */
  live: Incident[];
  before: Streaks;
  streaks: Streaks;
  /** How the verdict is bad, null when it is not. */
  mode: Mode | null;
  /** The run of bad slots is long enough to open an incident. */
  fires: boolean;
  severity: Severity | null;
  reason: Reason | null;
  incident: Incident | null;
  change: "opened" | "raised" | "extended" | null;
  hold: Hold | null;
  said: EventDraft[];
  resolved: string[];
  /** Nobody is there to be told: whoever runs the pipeline says so aloud. */
  nobodyToTell: boolean;
}

export interface Stage {
  name: "detect" | "classify" | "deduplicate" | "suppress" | "route" | "resolve";
  run(p: Passage): Promise<void>;
}
