// Asks a health address, through a line of its own: what happens there says nothing of the MCP endpoint.
import { request } from "undici";
import { failing, extraResult, type Look, unseen } from "#lib/checks/extra";
import { judgeHealth } from "#lib/checks/health";
import { assertUrlAllowed, ConnectError, guardedDispatcher } from "#lib/adapters/http";
import { TocsinError } from "#lib/domain/error";
import { limitMs } from "#lib/domain/extra-check/health-url";
import type { ExtraCheck } from "#lib/domain/extra-check/index";
import type { ExtraResult } from "#lib/domain/outcome";
import { cleanText } from "#lib/domain/text";
import { withoutSecrets } from "../shown.ts";
import type { Looking } from "./looking.ts";

export const MAX_HEALTH_BYTES = 256 * 1024;
const SPARE_MS = 1_000;

export async function askHealth(
  check: Extract<ExtraCheck, { kind: "health_url" }>,
  looking: Looking,
): Promise<ExtraResult> {
  const wanted = limitMs(check.settings) + SPARE_MS;
  const boundMs = Math.min(wanted, looking.leftMs());
  if (boundMs < SPARE_MS) return extraResult(check, unseen("No time was left for it in this look."), null);
  const bound = AbortSignal.timeout(boundMs);
  const started = looking.monotonic();
  const agent = guardedDispatcher(looking.policy, {
    ca: looking.ca,
    headersTimeoutMs: boundMs,
    bodyTimeoutMs: boundMs,
  });
  try {
    const url = assertUrlAllowed(check.settings.url, looking.policy);
    const answer = await request(url, {
      method: "GET",
      headers: {
        "user-agent": "Tocsin-Probe/0.1 (MCP monitor)",
        accept: "application/json, */*;q=0.5",
        "accept-encoding": "identity",
        ...(url.origin === looking.origin && looking.headers),
      },
      dispatcher: agent,
      signal: AbortSignal.any([looking.signal, bound]),
    });
    const { text: heard, cut } = await readUpTo(answer.body, MAX_HEALTH_BYTES);
    // Before a word of it is quoted: a quotation that is cut in the middle of a credential could not be cleaned.
    const text = String(withoutSecrets({ text: heard }, looking.headers).text);
    const latencyMs = looking.monotonic() - started;
    // A coding that nobody asked for is not undone: the body is then no JSON.
    const look = judgeHealth(check.settings, { status: answer.statusCode, body: text, cut, latencyMs }, looking.now());
    const clean = withoutSecrets({ detail: look.detail }, looking.headers);
    const result = extraResult(check, { ...look, detail: String(clean.detail) }, looking.now(), { latencyMs });
    return { ...result, evidence: { ...result.evidence, httpStatus: answer.statusCode } };
  } catch (err) {
    const latencyMs = looking.monotonic() - started;
    const cutShort = looking.signal.aborted || (bound.aborted && boundMs < wanted);
    const look = cutShort ? unseen("No time was left for it in this look.") : lookOf(err, bound, wanted - SPARE_MS);
    return extraResult(check, look, looking.now(), { latencyMs });
  } finally {
    void agent.destroy().catch(() => {});
  }
}

function lookOf(err: unknown, bound: AbortSignal, limit: number): Look {
  // Our own guard: said as it is, and not as the server's failure.
  if (err instanceof TocsinError) return unseen(`The address is not asked: ${err.message}`);
  if (bound.aborted) return failing("health_unreachable", `No answer within ${limit} ms.`);
  const code = err instanceof ConnectError ? err.code : String((err as { code?: unknown }).code ?? "no code");
  return failing("health_unreachable", `No answer (${cleanText(code, 60)}).`);
}

async function readUpTo(body: AsyncIterable<Buffer>, max: number): Promise<{ text: string; cut: boolean }> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of body) {
    parts.push(part);
    size += part.length;
    if (size > max) break;
  }
  return { text: Buffer.concat(parts).subarray(0, max).toString("utf8"), cut: size > max };
}
