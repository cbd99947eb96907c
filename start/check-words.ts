// What `tocsin check` prints: for people, and as JSON whose fields are a promise (docs/check.md).
import type { Judgement } from "#lib/checks/index";
import type { Looked } from "#lib/checks/look";
import { adviceFor, asCause, CAUSES } from "#lib/domain/cause";
import type { ExtraResult } from "#lib/domain/outcome";
import { type Reason, REASONS } from "#lib/domain/reason";
import type { Transcript } from "#lib/domain/transcript";

/** A test call that fails says more than a handshake that works; anything worse about the server itself comes first. */
export function lookOf(transcript: Transcript, judgement: Judgement): Looked {
  const call = transcript.extras?.[0];
  if (call === undefined || call.status === "up" || judgement.status !== "up") return { transcript, judgement };
  const { status, reason, phase, evidence } = call;
  return { transcript, judgement: { ...judgement, status, reason, phase, evidence } };
}

const ERAS = {
  legacy: "legacy (initialize)",
  modern: "modern (2026-07-28)",
  dual: "both eras (initialize and 2026-07-28)",
  sse: "HTTP+SSE (2024-11-05)",
};
const MARK = { up: "UP", degraded: "DEGRADED", down: "DOWN", unknown: "UNKNOWN" };

export function asText({ transcript, judgement }: Looked): string {
  const { status, reason, phase, evidence, auth } = judgement;
  const cause = asCause(evidence.cause);
  const fine = status === "up" ? "works as clients expect" : (evidence.detail ?? "could not be looked at");
  const label = reason === null ? fine : (cause && CAUSES[cause].label) || REASONS[reason].label;
  const facts: [string, string | null][] = [
    ["server", transcript.serverName],
    ["era", transcript.era && ERAS[transcript.era]],
    ["version", transcript.protocolVersion],
    ["sign-in", { open: "open to everybody", protected: "protected", unknown: null }[auth]],
    ["tools", judgement.tools && String(judgement.tools.count)],
    ["test call", transcript.extras?.[0]?.evidence.detail ?? null],
    ["certificate", transcript.certificate && `ends in ${transcript.certificate.daysLeft} days`],
  ];
  const why: [string, string | null][] =
    reason === null
      ? []
      : [
          ["reason", reason],
          ["cause", cause],
          ["step", phase],
          ["seen", seen(evidence)],
          ["to do", toDo(judgement, reason)],
        ];
  const lines = (pairs: [string, string | null][]) =>
    pairs.flatMap(([name, value]) => (value ? [`  ${name.padEnd(12)}${value}`] : []));
  const steps = transcript.steps.map((step) => {
    const said = step.error?.code ?? (step.response ? `HTTP ${step.response.status}` : "");
    return `  ${`${step.durationMs.toFixed(1)} ms`.padStart(11)}  ${step.title}${said && `: ${said}`}${step.aside ? " (in passing)" : ""}`;
  });
  return [
    `${MARK[status]}  ${transcript.url}: ${label}`,
    ...lines(facts),
    ...lines(why),
    "",
    ...steps,
    `  ${`${transcript.timings.totalMs.toFixed(1)} ms`.padStart(11)}  in all`,
  ].join("\n");
}

/** Here nobody asks an operator: who typed the command may say that the address is theirs. */
function toDo({ evidence }: Judgement, reason: Reason): string {
  const own = reason === "blocked_address" && /^(private_address|local_name)$/.test(evidence.detail ?? "");
  return own
    ? "The address is private or reserved: add --allow-private if it is yours."
    : adviceFor(reason, evidence.cause);
}

function seen({ httpStatus, jsonrpcCode, errorCode, detail, bodyHead }: Judgement["evidence"]): string {
  const parts = [
    httpStatus === undefined ? null : `HTTP ${httpStatus}`,
    jsonrpcCode === undefined ? null : `JSON-RPC ${jsonrpcCode}`,
    errorCode,
    detail ?? bodyHead,
  ];
  return parts.filter(Boolean).join(", ");
}

const callOf = ({ name, status, reason, latencyMs, evidence }: ExtraResult) => ({
  tool: name,
  ...{ status, reason, latencyMs, evidence },
});

/** Tenths of a millisecond: what follows is the clock's noise. */
const tenth = (ms: number) => Math.round(ms * 10) / 10;

export function asJson({ transcript, judgement }: Looked): string {
  const { status, auth, reason, phase, evidence, tools } = judgement;
  const { cause = null, ...seenThere } = evidence;
  const { url, era, protocolVersion, serverName, certificate } = transcript;
  const timings = Object.fromEntries(Object.entries(transcript.timings).map(([part, ms]) => [part, tenth(ms ?? 0)]));
  const steps = transcript.steps.map((step) => ({
    phase: step.phase,
    title: step.title,
    ms: step.durationMs,
    httpStatus: step.response?.status ?? null,
    error: step.error?.code ?? null,
    aside: step.aside === true,
  }));
  return JSON.stringify(
    {
      ...{ version: 1, url, status, auth, reason, cause, phase, evidence: seenThere },
      advice: reason === null ? null : toDo(judgement, reason),
      call: transcript.extras?.[0] ? callOf(transcript.extras[0]) : null,
      ...{ era, protocolVersion, serverName, timings, certificate, tools, steps },
    },
    null,
    2,
  );
}
