// Talks to one MCP server as a real client does, in the era it speaks, and writes down what was said. It never judges:
// lib/checks does. The era that worked last time is tried first; when it no longer fits, it is found anew.
import type { AddressPolicy } from "#lib/adapters/http";
import { now } from "#lib/adapters/clock";
import { TocsinError } from "#lib/domain/error";
import type { ClientCertificate } from "#lib/domain/credential";
import type { Era } from "#lib/domain/outcome";
import { cleanText } from "#lib/domain/text";
import { type Step, type Transcript, WIRE_CODES } from "#lib/domain/transcript";
import { decideEra } from "./era.ts";
import { type AfterList, type Found, nothingYet } from "./found.ts";
import { legacy } from "./legacy.ts";
import { discover, modern } from "./modern.ts";
import { shownUrl } from "./shown.ts";
import { sse } from "./sse.ts";
import { Wire } from "./wire.ts";
import { holdBeside } from "./extras/held.ts";
import type { TargetExtras } from "./extras/looking.ts";

/** The whole probe, all steps and retries together. */
export const PROBE_BOUND_MS = 45_000;

export interface ProbeTarget {
  serverId: string;
  tenantId: string;
  url: string;
  /** The credential as headers; it goes to the URL's own origin only and is never written down. */
  headers: Record<string, string>;
  /** Shown to a server that asks for one in the TLS handshake; with it the wall is TLS itself. */
  clientCertificate?: ClientCertificate | undefined;
  /** A look at the wall is due: how somebody without a credential is met, and what is published about signing in. */
  look?: { discover: boolean } | undefined;
  /** What was found last time; null to find out, which also looks for a second era. */
  knownEra: Era | null;
  /** It worked last time, and nobody waits to read the conversation: if it works again, its steps are not handed on. */
  routine?: boolean | undefined;
  /** Extra certificate authorities, PEM. */
  ca?: string | undefined;
  /** Full hashes of tool lists that are in the database. A list is sent along only where it is none of them; never, where this is null or absent. */
  knownLists?: string[] | null;
  /** What else is due, where the server has extra checks. */
  extras?: TargetExtras;
}

export interface ProbeOptions {
  policy: AddressPolicy;
  signal?: AbortSignal;
  /** Called as each step ends; `aside` may still be changed by what follows. */
  onStep?: (step: Step) => void;
  monotonic: () => number;
  boundMs?: number;
  /** Further questions in the same conversation, once the list is there. */
  afterList?: AfterList;
}

/** Never throws for anything the server does; every failure is a step of the transcript. */
export async function probe(target: ProbeTarget, options: ProbeOptions): Promise<Transcript> {
  const bound = AbortSignal.timeout(options.boundMs ?? PROBE_BOUND_MS);
  const signal = options.signal ? AbortSignal.any([options.signal, bound]) : bound;
  const found = nothingYet();
  let wire: Wire;
  try {
    wire = new Wire(target.url, target.headers, {
      ...options,
      signal,
      ca: target.ca,
      clientCertificate: target.clientCertificate,
    });
  } catch (err) {
    return refused(target, err, options);
  }
  // Loaded only where a server has extra checks; its calls are made in the same conversation.
  const extras =
    target.extras === undefined
      ? null
      : (await import("./extras/run.ts")).extraRun(target, target.extras, wire, found, { ...options, signal });
  try {
    await converse(wire, target, found, extras === null ? options : { ...options, afterList: extras.during });
  } catch (err) {
    wire.note({
      phase: "probe",
      title: "Probe",
      startMs: 0,
      durationMs: wire.elapsedMs(),
      error: { code: WIRE_CODES.fault, detail: err instanceof Error ? err.name : "" },
    });
  }
  // What was asked in passing is our time, not the server's latency.
  const asideMs = wire.steps.reduce((sum, step) => sum + (step.aside ? step.durationMs : 0), 0);
  const totalMs = Math.max(0, wire.elapsedMs() - asideMs);
  const looked = extras === null ? null : await extras.after();
  await wire.close();
  const transcript = transcriptOf(target, found, wire, totalMs);
  if (looked === null) return transcript;
  const whole = { ...transcript, extras: looked.results };
  holdBeside(whole, looked.held);
  return whole;
}

async function converse(wire: Wire, target: ProbeTarget, found: Found, options: ProbeOptions): Promise<void> {
  const { policy, afterList } = options;
  if (target.knownEra === "legacy") {
    const other = await legacy(wire, found, afterList);
    if (other === null) return;
    wire.keep(other.exchange, { aside: true });
  }
  if (target.knownEra === "sse") {
    const absent = await sse(wire, found, policy, afterList, true);
    if (absent === null) return;
    wire.keep(absent, { aside: true });
    if (absent.status === null || [401, 403, 429].includes(absent.status) || absent.status >= 500) {
      delete absent.step.aside;
      return;
    }
  }
  const first = await discover(wire);
  const era = decideEra(first);
  if (era === "stop") return wire.keep(first);
  if (era === "modern") {
    await modern(wire, found, first, target.knownEra !== "modern" && target.knownEra !== "dual", afterList);
    if (target.knownEra === "dual" && found.era === "modern") found.era = "dual";
    return;
  }
  wire.keep(first, { aside: true });
  await olderThanDiscover(wire, found, options);
}

async function olderThanDiscover(wire: Wire, found: Found, { policy, afterList }: ProbeOptions): Promise<void> {
  const other = await legacy(wire, found, afterList);
  if (other === null) return;
  wire.keep(other.exchange);
  if (other.to !== "sse") return;
  const absent = await sse(wire, found, policy, afterList);
  // A page for people at this address says more than "method not allowed" does.
  const page = absent !== null && absent.status !== null && absent.status < 300 && absent.kind === "other";
  if (absent !== null) wire.keep(absent, { aside: !page });
  if (absent === null || page) other.exchange.step.aside = true;
}

function transcriptOf(target: ProbeTarget, found: Found, wire: Wire, totalMs: number): Transcript {
  const validTo = wire.certificateValidTo;
  return {
    url: wire.scrub(shownUrl(wire.url), 2048),
    steps: wire.steps,
    timings: { ...wire.timings, totalMs },
    ...found,
    credentialUsed: Object.keys(target.headers).length > 0 || target.clientCertificate !== undefined,
    certificate: validTo === null ? null : { validTo, daysLeft: Math.floor((validTo - now().getTime()) / 86_400_000) },
  };
}

function refused(target: ProbeTarget, err: unknown, options: ProbeOptions): Transcript {
  const known = err instanceof TocsinError;
  const step: Step = {
    phase: "address",
    title: "Check the address",
    startMs: 0,
    durationMs: 0,
    error: { code: known ? err.code : WIRE_CODES.fault, detail: known ? (err.detail ?? "") : "" },
  };
  options.onStep?.(step);
  return {
    url: cleanText(target.url.replace(/\/\/[^/?#]*@/, "//").replace(/\?.*$/s, "?…"), 2048),
    steps: [step],
    timings: { totalMs: 0 },
    ...nothingYet(),
    credentialUsed: false,
    certificate: null,
  };
}
