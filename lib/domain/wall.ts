// The wall before a server: what stands there for somebody without a credential, what is published about signing in, and
// the eight steps of a probe with a credential as one walk through it. PURE.
import { z } from "zod";
import { isFilled, parseChallenges } from "./challenge.ts";
import { type CredentialStep, type CredentialWalk, type ExtraResult, PHASES, type ToolSurface } from "./outcome.ts";
import { type Reason, REASONS, type Status } from "./reason.ts";
import { cleanText } from "./text.ts";
import type { StoredTranscript, Transcript } from "./transcript.ts";

/** The unauthenticated request is made so often, and never more than once a minute: limiters count what they refuse. */
export const WALL_EVERY_MS = 15 * 60_000;
/** What is published changes rarely; it is read again sooner when the last reading or the last walk failed. */
export const FINDINGS_EVERY_MS = 24 * 3_600_000;

export const wallSchema = z.object({
  /** Epoch milliseconds. */
  at: z.number().int(),
  /** How somebody without a credential is met; tls: the handshake wants a client certificate. */
  met: z.enum(["challenge", "forbidden", "jsonrpc", "tls", "open", "limited", "other"]),
  phase: z.enum(PHASES).nullable(),
  status: z.number().int().nullable(),
  /** All WWW-Authenticate values, as far as a transcript keeps them. */
  challenge: z.string().max(500),
});
export type Wall = z.infer<typeof wallSchema>;

const text = (max: number) => z.string().max(max);
export const authServerSchema = z.object({
  issuer: text(2048),
  /** Where its metadata was read; empty: nowhere. */
  url: text(2048),
  tokenEndpoint: text(2048),
  /** Dynamic client registration, client id metadata documents, PKCE with S256. */
  dcr: z.boolean(),
  cimd: z.boolean(),
  s256: z.boolean(),
  clientCredentials: z.boolean(),
  problem: text(300),
});
export type AuthServer = z.infer<typeof authServerSchema>;

export const FINDINGS_CAUSES = ["with_prm", "without_prm", "prm_invalid", "as_unreachable"] as const;
export const findingsSchema = z.object({
  at: z.number().int(),
  cause: z.enum(FINDINGS_CAUSES),
  /** One sentence; empty: all is as it should be. */
  problem: text(300),
  /** The protected resource's metadata; null: none is published. */
  resource: z
    .object({
      url: text(2048),
      resource: text(2048),
      servers: z.array(text(2048)).max(5),
      scopes: z.array(text(100)).max(20),
    })
    .nullable(),
  servers: z.array(authServerSchema).max(2),
  requests: z.number().int(),
});
export type Findings = z.infer<typeof findingsSchema>;

/** What one look brings home. */
export const lookSchema = z.object({ wall: wallSchema.nullable(), findings: findingsSchema.nullable() });
export type Look = z.infer<typeof lookSchema>;

/** The token of an OAuth client, as it may be shown. */
export const tokenStateSchema = z.object({
  /** Epoch milliseconds. */
  at: z.number().int(),
  expiresAt: z.number().int().nullable(),
  /** One sentence; empty: a token was given. */
  problem: text(300),
  code: text(40),
});
export type TokenState = z.infer<typeof tokenStateSchema>;

/**
 * What one conversation without a credential shows of the wall; null when it did not get that far.
 * @param certificate a client certificate is stored: many servers hang up on whoever shows none, and send no alert
 */
export function wallOf(transcript: Pick<Transcript, "steps" | "tools">, at: number, certificate = false): Wall | null {
  const told = transcript.steps.filter((s) => s.aside !== true);
  const wall = (met: Wall["met"], step?: (typeof told)[number]): Wall => ({
    at,
    met,
    phase: step?.phase ?? null,
    status: step?.response?.status ?? null,
    challenge: (step?.response?.headers["www-authenticate"] ?? "").slice(0, 500),
  });
  const refused = told.find((s) => s.response?.status === 401 || s.response?.status === 403);
  if (refused) return wall(refused.response?.status === 401 ? "challenge" : "forbidden", refused);
  const limited = told.find((s) => s.response?.status === 429);
  if (limited) return wall("limited", limited);
  const secured = told.some((s) => s.phase === "tls" && s.error === undefined);
  const hungUp = certificate && secured && !told.some((s) => s.response !== undefined);
  const tls = told.find((s) => wantsCertificate(s.error?.code) || (hungUp && HANGS_UP.has(s.error?.code ?? "")));
  if (tls) return wall("tls", tls);
  if (transcript.tools !== null) return wall("open");
  const list = told.findLast((s) => s.phase === "list" && codeOf(s.message) === -32001);
  if (list) return wall("jsonrpc", list);
  const early = told.some((s) => s.error !== undefined && ["address", "dns", "connect", "tls"].includes(s.phase));
  return early || told.at(-1)?.response === undefined ? null : wall("other", told.at(-1));
}

const HANGS_UP = new Set(["ECONNRESET", "UND_ERR_SOCKET", "EPIPE"]);

/** OpenSSL's word for a handshake that ended because no certificate, or none that was liked, was shown. */
export const wantsCertificate = (code: string | undefined): boolean =>
  code !== undefined &&
  /ALERT_(CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_\w+|HANDSHAKE_FAILURE)/.test(code);

export interface Walked {
  transcript: Pick<StoredTranscript, "steps" | "era" | "toolCount" | "url">;
  judgement: { status: Status; reason: Reason | null; phase: string | null; tools: ToolSurface | null; detail: string };
  wall: Wall | null;
  findings: Findings | null;
  /** Null: none is stored. */
  kind: string | null;
  /** The designated read-only call, where there is one. */
  call: ExtraResult | null;
  /** SHA-256 (hex) of the accepted list; null: none yet. */
  expectedHash: string | null;
}

type Line = CredentialWalk["steps"][number];

/** The walk of one probe: each step with what was seen, the first that failed, and what that makes of the whole. */
export function walkOf(seen: Walked): CredentialWalk {
  const steps = [
    nameStep(seen),
    tlsStep(seen),
    challengeStep(seen),
    discoveryStep(seen),
    handshakeStep(seen),
    toolsStep(seen),
    callStep(seen),
    compareStep(seen),
  ].map((s) => ({ ...s, detail: cleanText(s.detail, 300) }));
  const failed = steps.find((s) => s.state === "failed") ?? null;
  return { result: resultOf(steps, failed, seen), failedStep: failed?.step ?? null, steps };
}

/** Walled: the wall stands as it should, and what lies behind it was not seen at all. */
function resultOf(steps: Line[], failed: Line | null, seen: Walked): CredentialWalk["result"] {
  if (failed && ["dns", "tls", "challenge"].includes(failed.step)) return "broken";
  const behind = steps.find((s) => s.step === "tools")?.state === "passed";
  if (seen.kind === null) return "auth_walled";
  if (!failed) return behind || seen.judgement.status === "up" ? "healthy" : "auth_walled";
  return behind ? "broken" : "auth_walled";
}

const line = (step: CredentialStep, state: Line["state"], detail: string): Line => ({ step, state, detail });
const failure = (seen: Walked, phase: string) =>
  seen.transcript.steps.find((s) => s.phase === phase && s.error !== undefined && s.aside !== true)?.error?.code;

function nameStep(seen: Walked): Line {
  const code = failure(seen, "dns") ?? failure(seen, "address");
  if (code) return line("dns", "failed", `The name could not be used: ${code}.`);
  const looked = seen.transcript.steps.some((s) => s.phase === "dns");
  return line("dns", "passed", looked ? "The name resolves." : "The address needs no look-up.");
}

function tlsStep(seen: Walked): Line {
  const connect = failure(seen, "connect");
  if (connect) return line("tls", "failed", `No connection: ${connect}.`);
  const code = failure(seen, "tls");
  if (code) return line("tls", "failed", `TLS could not be started: ${code}.`);
  if (failure(seen, "dns") ?? failure(seen, "address")) return line("tls", "skipped", "Not reached.");
  if (seen.transcript.url.startsWith("http:"))
    return line("tls", "skipped", "Plain HTTP: nothing protects the credential on its way.");
  return line("tls", "passed", "The certificate is good.");
}

function challengeStep({ wall, kind }: Walked): Line {
  if (wall === null) return line("challenge", "skipped", "Not looked at yet.");
  const { met, status, challenge } = wall;
  if (met === "open")
    return line("challenge", "failed", "Not protected: the tools are listed for anybody, without a credential.");
  if (met === "limited") return line("challenge", "skipped", "Rate limited (429): looked at again later.");
  if (met === "tls")
    return line("challenge", "passed", "Whoever shows no client certificate is refused by TLS or hung up on.");
  if (kind === "mtls" && (status === 400 || met === "forbidden" || met === "challenge"))
    return line("challenge", "passed", `Refused without a client certificate (HTTP ${status}).`);
  if (met === "jsonrpc")
    return line(
      "challenge",
      "failed",
      "Refused by a JSON-RPC error in a 200: clients need 401 with WWW-Authenticate to know where to sign in.",
    );
  if (met === "forbidden")
    return line("challenge", "failed", "403 instead of 401: clients do not learn that they may sign in.");
  if (met === "other")
    return line("challenge", "failed", `Neither refused nor served${status === null ? "" : ` (HTTP ${status})`}.`);
  return isFilled(parseChallenges(challenge))
    ? line("challenge", "passed", `401 with ${challenge}`)
    : line(
        "challenge",
        "failed",
        `401 ${challenge === "" ? "without WWW-Authenticate" : `with a bare "${challenge}"`}: it does not say how to sign in.`,
      );
}

function discoveryStep({ findings, wall }: Walked): Line {
  if (findings === null || wall?.met === "open" || wall?.met === "tls")
    return line("discovery", "skipped", findings === null ? "Not looked for yet." : "Nothing to sign in to.");
  if (findings.cause === "without_prm" && findings.servers.length === 0)
    return line("discovery", "skipped", "No OAuth metadata is published.");
  return findings.problem === ""
    ? line("discovery", "passed", `Signs in at ${findings.servers.map((s) => s.issuer).join(", ")}.`)
    : line("discovery", "failed", findings.problem);
}

const HANDSHAKE = ["token", "metadata", "discover", "initialize", "initialized"];

function handshakeStep(seen: Walked): Line {
  const { judgement, kind, transcript } = seen;
  if (kind === null) return line("handshake", "skipped", "No credential is stored.");
  const bad = judgement.status !== "up" || judgement.reason === "auth_required";
  if (bad && judgement.phase !== null && HANDSHAKE.includes(judgement.phase))
    return line("handshake", "failed", because(judgement));
  if (transcript.era === null) return line("handshake", bad ? "skipped" : "failed", "Not reached.");
  return line("handshake", "passed", "The handshake with the credential is answered.");
}

function toolsStep({ judgement, kind, transcript }: Walked): Line {
  if (kind === null) return line("tools", "skipped", "No credential is stored.");
  const bad = judgement.status !== "up" || judgement.reason === "auth_required";
  if (bad && judgement.phase === "list") return line("tools", "failed", because(judgement));
  if (transcript.toolCount === null) return line("tools", "skipped", "No tool list was read.");
  return line("tools", "passed", `${transcript.toolCount} tool${transcript.toolCount === 1 ? "" : "s"} listed.`);
}

function callStep({ call, kind, transcript }: Walked): Line {
  if (call === null) return line("call", "skipped", "No read-only test call is designated.");
  if (kind === null || transcript.toolCount === null) return line("call", "skipped", "Not reached.");
  if (call.status === "unknown") return line("call", "skipped", `"${call.name}" was not due or could not be made.`);
  return call.status === "up"
    ? line("call", "passed", `"${call.name}" gave the agreed answer.`)
    : line(
        "call",
        "failed",
        `"${call.name}": ${call.evidence.detail ?? (call.reason ? REASONS[call.reason].label : "failed")}`,
      );
}

function compareStep({ judgement, expectedHash, kind }: Walked): Line {
  if (kind === null || judgement.tools === null) return line("compare", "skipped", "No tool list was read.");
  if (expectedHash === null) return line("compare", "skipped", "No list has been accepted yet: this one is the first.");
  return judgement.tools.fullHash === expectedHash
    ? line("compare", "passed", "The tools are those that were accepted.")
    : line("compare", "failed", "The tools differ from those that were accepted.");
}

const because = ({ reason, detail }: Walked["judgement"]): string =>
  [reason === null ? "" : `${REASONS[reason].label}.`, detail].filter(Boolean).join(" ");

function codeOf(message: unknown): number | null {
  const error = (message as { error?: { code?: unknown } } | null | undefined)?.error;
  return typeof error?.code === "number" ? error.code : null;
}
