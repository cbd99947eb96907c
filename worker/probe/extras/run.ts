// The extra checks of one server in one look: calls and families while the conversation is open, the rest after it.
// Loaded only where a server has some: most probers never need it.
import { extraResult, unseen } from "#lib/checks/extra";
import { now } from "#lib/adapters/clock";
import { family } from "#lib/domain/extra-check/families";
import type { ExtraCheck } from "#lib/domain/extra-check/index";
import type { ExtraResult } from "#lib/domain/outcome";
import { shownUrl } from "../shown.ts";
import type { AfterList, Found } from "../found.ts";
import { PROBE_BOUND_MS, type ProbeOptions, type ProbeTarget } from "../transcript.ts";
import type { Wire } from "../wire.ts";
import { callCanary } from "./canary.ts";
import { askFamily } from "./family.ts";
import { askHealth } from "./health.ts";
import type { HeldSession, Looking, TargetExtras } from "./looking.ts";
import { askSession } from "./session.ts";

const CLOSING_MS = 2_000;

export interface ExtraRun {
  during: AfterList;
  /** @returns one result per check, in their order, and the sessions that are open now, by check */
  after(): Promise<{ results: ExtraResult[]; held: Record<string, HeldSession | null> }>;
}

export function extraRun(
  target: ProbeTarget,
  { checks, allowedTools, held }: TargetExtras,
  wire: Wire,
  found: Found,
  options: ProbeOptions & { signal: AbortSignal },
): ExtraRun {
  const results = new Map<string, ExtraResult>();
  const looking: Looking = {
    get tools() {
      return found.tools ?? [];
    },
    allowedTools,
    policy: options.policy,
    ca: target.ca,
    origin: wire.url.origin,
    headers: target.headers,
    signal: options.signal,
    now: () => now().getTime(),
    monotonic: options.monotonic,
    leftMs: () => Math.floor((options.boundMs ?? PROBE_BOUND_MS) - wire.elapsedMs() - CLOSING_MS),
  };
  return {
    async during(speaker, ...rest) {
      await options.afterList?.(speaker, ...rest);
      for (const check of checks) {
        if (check.kind === "canary") results.set(check.id, await callCanary(check, speaker, looking));
        if (isInProtocol(check)) results.set(check.id, await askFamily(check, speaker, looking));
      }
    },
    async after() {
      const asked = await Promise.all(
        checks.flatMap((check) =>
          check.kind === "health_url" && family(check.settings.family).via === "http"
            ? [askHealth(check, looking)]
            : [],
        ),
      );
      for (const result of asked) results.set(result.id, result);
      const open: Record<string, HeldSession | null> = {};
      for (const check of checks) {
        if (check.kind !== "session") continue;
        const looked = await askSession(check, wire, found.era, held[check.id], looking);
        results.set(check.id, looked.result);
        open[check.id] = looked.held;
      }
      return { results: checks.map((c) => results.get(c.id) ?? notReached(c, wire)), held: open };
    },
  };
}

const isInProtocol = (check: ExtraCheck): check is Extract<ExtraCheck, { kind: "health_url" }> =>
  check.kind === "health_url" && family(check.settings.family).via === "mcp";

/** The conversation ended before it: that is the server's own failure and not this check's. */
const notReached = (check: ExtraCheck, wire: Wire): ExtraResult =>
  extraResult(check, unseen(`Not reached: the conversation with ${shownUrl(wire.url)} ended before it.`), null);
