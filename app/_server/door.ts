// The door's answers: the sign-in library only knows redirects, an answer here also says by its status what went wrong.
import "server-only";
import NextAuth from "next-auth";
import { NextRequest } from "next/server";
import { now } from "#lib/adapters/clock";
import { identityProvider, type Provider } from "#lib/adapters/oidc";
import { recordRefusedSignIn } from "#lib/commands/session/refused";
import { TocsinError } from "#lib/domain/error";
import { askedAt, askedMark } from "./asked.ts";
import { authOptions, type Flow } from "./auth.ts";
import { cookieName, sessionCookieName, setCookie } from "./cookie.ts";
import { db } from "./db.ts";
import { sourceAddress } from "./from.ts";
import { addressKey, limitBefore } from "./limit.ts";
import { log } from "./log.ts";
import { problem } from "./problem.ts";

export type DoorContext = { params: Promise<{ nextauth: string[] }> };

const ASKED_FOR_S = 900;

export async function door(request: Request, context: DoorContext): Promise<Response> {
  const action = (await context.params).nextauth[0] ?? "";
  const cookies = new NextRequest(request.url, { headers: request.headers }).cookies;
  const begins = action === "signin" && request.method === "POST";
  const comesBack = action === "callback";
  const flow: Flow = {
    userAgent: (request.headers.get("user-agent") ?? "").replace(/[^\x20-\x7e]/g, "").slice(0, 200),
    from: sourceAddress(request.headers),
    previousToken: cookies.get(sessionCookieName())?.value.slice(0, 500) ?? null,
    again: begins && new URL(request.url).searchParams.get("again") === "1",
    askedAt: comesBack ? askedAt(cookies.get(cookieName("asked"))?.value) : null,
    proof: null,
    failed: null,
  };
  try {
    if (begins || comesBack) await limitBefore(begins ? "sign_in" : "callback", addressKey(request.headers));
    const provider = begins || comesBack ? await identityProvider() : null;
    return await answer(request, context, flow, provider, begins, comesBack);
  } catch (error) {
    if (!(error instanceof TocsinError)) throw error;
    log().warn({ code: error.code, detail: error.detail }, "sign-in failed");
    return comesBack ? refusedPage(error) : problem(error);
  }
}

async function answer(
  request: Request,
  context: DoorContext,
  flow: Flow,
  provider: Provider | null,
  begins: boolean,
  comesBack: boolean,
): Promise<Response> {
  // Whatever stands in the address would become part of the question to the provider, and go before ours.
  const asked = begins ? withoutQuery(request) : request;
  const given = await NextAuth(asked as never, context as never, authOptions(flow, provider));
  const response = new Response(given.body, given);
  response.headers.set("cache-control", "no-store");
  if (begins) {
    if (flow.failed) return problem(flow.failed);
    response.headers.append("set-cookie", setCookie("asked", flow.again ? askedMark(now()) : "", ASKED_FOR_S));
    return response;
  }
  if (!comesBack) return response;
  const to = response.headers.get("location") ?? "";
  const failed = flow.failed ?? libraryRefusal(to);
  if (failed === null) {
    response.headers.append("set-cookie", setCookie("asked", "", 0));
    return response;
  }
  if (failed.code === "E_OIDC_CHECK" || failed.code === "E_ID_TOKEN")
    await recordRefusedSignIn(db(), { code: failed.code, at: "callback", from: flow.from });
  return refusedPage(failed);
}

function libraryRefusal(to: string): TocsinError | null {
  const error = /\/api\/auth\/error\?error=([^&]*)/.exec(to)?.[1] ?? (/\/api\/auth\/signin$/.test(to) ? "" : null);
  if (error === null) return null;
  return error === "AccessDenied"
    ? new TocsinError("E_FORBIDDEN", "Your account is disabled here. Ask whoever runs this console to enable it.")
    : new TocsinError("E_UNAVAILABLE", "Sign-in did not work, and nothing was changed. Try again in a moment.");
}

function withoutQuery(request: Request): NextRequest {
  const url = new URL(request.url);
  url.search = "";
  return new NextRequest(url, {
    method: request.method,
    headers: request.headers,
    body: request.body,
    ...{ duplex: "half" },
  });
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
