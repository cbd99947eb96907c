// A session over time. An earlier look opened one; this look asks it again, ends it, tries one that nobody was given,
// and opens the next. Only the era that has sessions is asked.
import { randomUUID } from "node:crypto";
import { extraResult, fine, moot, unseen } from "#lib/checks/extra";
import { judgeDead, judgeHeld } from "#lib/checks/session-held";
import type { ExtraCheck } from "#lib/domain/extra-check/index";
import type { Era, ExtraResult } from "#lib/domain/outcome";
import type { Step } from "#lib/domain/transcript";
import { resultOf } from "../found.ts";
import { endSession, headerSafe, initializeCall } from "../legacy.ts";
import { LEGACY_VERSIONS } from "../era.ts";
import type { Wire } from "../wire.ts";
import type { AgedSession, HeldSession, Looking } from "./looking.ts";

const BOUND_MS = 5_000;
/** Four requests at most. */
const LEAST_MS = 8_000;

export async function askSession(
  check: Extract<ExtraCheck, { kind: "session" }>,
  wire: Wire,
  era: Era | null,
  held: AgedSession | undefined,
  looking: Looking,
): Promise<{ result: ExtraResult; held: HeldSession | null }> {
  const say = (look: Parameters<typeof extraResult>[1], step?: Step) =>
    extraResult(check, look, looking.now(), step === undefined ? {} : { step, latencyMs: step.durationMs });
  if (era === null)
    return {
      result: extraResult(check, unseen("The server was not reached."), null),
      held: held === undefined ? null : { id: held.id, version: held.version },
    };
  if (era !== "legacy" && era !== "dual")
    return { result: say(moot("This server's era has no sessions to hold.")), held: null };
  if (looking.leftMs() < LEAST_MS)
    return {
      result: extraResult(check, unseen("No time was left for it in this look."), null),
      held: held === undefined ? null : { id: held.id, version: held.version },
    };
  let asked: { look: ReturnType<typeof judgeHeld>; step: Step } | null = null;
  if (held !== undefined) {
    const step = await ping(wire, held.id, held.version, "ping in the held session");
    asked = { look: judgeHeld(step, held.heldS), step };
    if (asked.look.cause === null) await endSession(wire, held.id, held.version);
  }
  const opened = await openSession(wire);
  if (opened === "none")
    return { result: say(fine("It serves without sessions: there is nothing to hold.")), held: null };
  const version = opened === null ? LEGACY_VERSIONS[0] : opened.version;
  if (asked !== null && asked.look.cause !== null) return { result: say(asked.look, asked.step), held: opened };
  if (opened !== null) {
    const step = await ping(wire, randomUUID(), version, "ping in a session that nobody was given");
    const dead = judgeDead(step);
    if (dead.cause !== null) return { result: say(dead, step), held: opened };
  }
  if (asked === null)
    return {
      result: say(
        unseen(opened === null ? "No session could be opened." : "A session is open and is asked again later."),
      ),
      held: opened,
    };
  return { result: say(asked.look, asked.step), held: opened };
}

async function ping(wire: Wire, id: string, version: string, title: string): Promise<Step> {
  const exchange = await wire.send({
    phase: "session",
    title,
    method: "POST",
    headers: { "mcp-protocol-version": version, "mcp-session-id": id },
    body: { jsonrpc: "2.0", id: `ping-${title.length}`, method: "ping" },
    aside: true,
    boundMs: BOUND_MS,
  });
  wire.keep(exchange, { aside: true });
  return exchange.step;
}

/** @returns "none" for a server that gives no session id; null when no handshake came about */
async function openSession(wire: Wire): Promise<HeldSession | "none" | null> {
  const exchange = await wire.send({
    ...initializeCall("hold-1"),
    phase: "session",
    title: "POST initialize (a session to hold)",
    aside: true,
    boundMs: BOUND_MS,
  });
  wire.keep(exchange, { aside: true });
  const result = resultOf(exchange);
  if (!result) return null;
  const id = exchange.sessionId === null ? null : headerSafe(exchange.sessionId);
  if (id === null) return "none";
  const version = LEGACY_VERSIONS.find((v) => v === result.protocolVersion) ?? LEGACY_VERSIONS[0];
  const note = await wire.send({
    phase: "session",
    title: "POST notifications/initialized",
    method: "POST",
    headers: { "mcp-protocol-version": version, "mcp-session-id": id },
    body: { jsonrpc: "2.0", method: "notifications/initialized" },
    aside: true,
    boundMs: BOUND_MS,
  });
  wire.keep(note, { aside: true });
  return { id, version };
}
