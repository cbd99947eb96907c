// The door's answers: the sign-in library only knows redirects, an answer here also says by its status what went wrong.
import "server-only";
import { now } from "#lib/adapters/clock";
import { identityProvider } from "#lib/adapters/oidc";
import { recordRefusedSignIn } from "#lib/commands/session/refused";
import { TocsinError } from "#lib/domain/error";
import { askedAt, askedMark } from "./asked.ts";
import { authOptions, type Flow } from "./auth.ts";
import { callAuth } from "./auth-call.ts";
import { cookieName, sessionCookieName, setCookie } from "./cookie.ts";
import { db } from "./db.ts";
import { sourceAddress } from "./from.ts";
import { addressKey, limitBefore } from "./limit.ts";
import { log } from "./log.ts";
import { problem } from "./problem.ts";

export type DoorContext = { params: Promise<{ nextauth: string[] }> };

const ASKED_FOR_S = 900;
/** What the library offers besides (a way to write into the log, what a session holds) nobody here asks for. */
const OFFERED = new Set(["csrf", "signin", "callback", "signout", "error"]);

export async function door(request: Request, context: DoorContext): Promise<Response> {
  const { nextauth } = await context.params;
  const action = nextauth[0] ?? "";
  if (!OFFERED.has(action)) return problem(new TocsinError("E_NOT_FOUND", "There is nothing here."));
  const cookies = cookiesOf(request);
  const begins = action === "signin" && request.method === "POST";
  const comesBack = action === "callback";
  const flow: Flow = {
    userAgent: (request.headers.get("user-agent") ?? "").replace(/[^\x20-\x7e]/g, "").slice(0, 200),
    from: sourceAddress(request.headers),
    previousToken: cookies[sessionCookieName()]?.slice(0, 500) ?? null,
    again: begins && new URL(request.url).searchParams.get("again") === "1",
    askedAt: comesBack ? askedAt(cookies[cookieName("asked")]) : null,
    proof: null,
    failed: null,
  };
  try {
    if (begins || comesBack) await limitBefore(begins ? "sign_in" : "callback", addressKey(request.headers));
    const provider = begins || comesBack ? await identityProvider() : null;
    // When a sign-in begins, what stands in the address would go before our own words to the provider.
    const query = begins ? {} : Object.fromEntries(new URL(request.url).searchParams);
    const answer = await callAuth(request, nextauth, cookies, authOptions(flow, provider), query);
    answer.headers.set("cache-control", "no-store");
    return begins ? begun(answer, flow) : comesBack ? await back(answer, flow) : answer;
  } catch (error) {
    if (!(error instanceof TocsinError)) throw error;
    log().warn({ code: error.code, detail: error.detail }, "sign-in failed");
    return comesBack ? refusedPage(error) : problem(error);
  }
}

function begun(answer: Response, flow: Flow): Response {
  if (flow.failed) return problem(flow.failed);
  answer.headers.append("set-cookie", setCookie("asked", flow.again ? askedMark(now()) : "", ASKED_FOR_S));
  return answer;
}

async function back(answer: Response, flow: Flow): Promise<Response> {
  const failed = flow.failed ?? libraryRefusal(answer.headers.get("location") ?? "");
  if (failed === null) {
    answer.headers.append("set-cookie", setCookie("asked", "", 0));
    return answer;
  }
  if (failed.code === "E_OIDC_CHECK" || failed.code === "E_ID_TOKEN")
    await recordRefusedSignIn(db(), { code: failed.code, at: "callback", from: flow.from });
  return refusedPage(failed);
}

function cookiesOf(request: Request): Record<string, string> {
  const pairs = (request.headers.get("cookie") ?? "").split(";").map((pair) => pair.split(/=(.*)/s, 2));
  return Object.fromEntries(pairs.map(([name = "", value = ""]) => [name.trim(), decode(value.trim())]));
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function libraryRefusal(to: string): TocsinError | null {
  const error = /\/api\/auth\/error\?error=([^&]*)/.exec(to)?.[1] ?? (/\/api\/auth\/signin$/.test(to) ? "" : null);
  if (error === null) return null;
  return error === "AccessDenied"
    ? new TocsinError("E_FORBIDDEN", "Your account is disabled here. Ask whoever runs this console to enable it.")
    : new TocsinError("E_UNAVAILABLE", "Sign-in did not work, and nothing was changed. Try again in a moment.");
}

/** A browser goes on to the sign-in page, which says the sentence; a program sees the status and the code. */
function refusedPage(error: TocsinError): Response {
  const to = `/sign-in?error=${error.code}`;
  return new Response(
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>${error.code}</title><p>${error.message} <a href="${to}">Go to the sign-in page</a></p></html>`,
    {
      status: error.httpStatus,
      headers: {
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-store",
        "x-tocsin-code": error.code,
        refresh: `0; url=${to}`,
        ...(error.retryAfterS === undefined ? {} : { "retry-after": String(error.retryAfterS) }),
      },
    },
  );
}
