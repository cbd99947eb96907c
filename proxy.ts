// Sets the Content-Security-Policy with a nonce per request, and sends strangers to the sign-in page. It is no
// authorisation: every page and action asks app/_server/session.ts itself, also with this file deleted.
import { type NextRequest, NextResponse } from "next/server";

const SESSION_COOKIES = ["__Host-tocsin.session", "tocsin.session"];
const REPORTS = "/api/csp-report";
const OPEN = /^\/(sign-in|break-glass$|prove$|api\/|live$|ready$)/;

export function proxy(request: NextRequest): NextResponse {
  const { pathname, search } = request.nextUrl;
  const known = SESSION_COOKIES.some((name) => request.cookies.has(name));
  if (!known && !OPEN.test(pathname) && request.method === "GET") {
    const to = request.nextUrl.clone();
    to.pathname = "/sign-in";
    to.search = pathname === "/" ? "" : `?to=${encodeURIComponent(pathname + search)}`;
    return NextResponse.redirect(to, { headers: { "cache-control": "no-store" } });
  }
  const nonce = Buffer.from(crypto.getRandomValues(new Uint8Array(18))).toString("base64");
  const policy = csp(nonce);
  const headers = new Headers(request.headers);
  headers.set("x-nonce", nonce);
  headers.set("content-security-policy", policy);
  const response = NextResponse.next({ request: { headers } });
  response.headers.set("content-security-policy", policy);
  response.headers.set("reporting-endpoints", `csp="${REPORTS}"`);
  // Everything but the built files belongs to one person; pages say so themselves, routes may forget.
  response.headers.set("cache-control", "private, no-store");
  return response;
}

/** Styles may be inline (the dialog library locks scrolling with one); scripts never without the nonce. */
function csp(nonce: string): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}' 'strict-dynamic'`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "object-src 'none'",
    "frame-ancestors 'none'",
    `report-uri ${REPORTS}`,
    "report-to csp",
  ].join("; ");
}

export const config = { matcher: ["/((?!_next/static|icon.svg|favicon.ico).*)"] };
