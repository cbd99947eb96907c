import "server-only";
import { randomBytes } from "node:crypto";
import { cookies, headers } from "next/headers";
import { now } from "#lib/adapters/clock";
import { enterByBreakGlass } from "#lib/commands/break-glass/use";
import { endSession } from "#lib/commands/session/end";
import { BREAK_GLASS_SESSION_MS } from "#lib/domain/break-glass";
import { TocsinError } from "#lib/domain/error";
import { secureCookies, sessionCookieName } from "./cookie.ts";
import { db } from "./db.ts";
import { sourceAddress } from "./from.ts";
import { addressKey, limitBefore } from "./limit.ts";
import { log } from "./log.ts";
import { assertOwnOrigin } from "./origin.ts";

/**
 * In by the emergency door: five tries in a quarter of an hour from one address. Not from all addresses together: then
 * anybody could keep the door shut in an emergency, and 160 random bits are not found by trying.
 * @throws TocsinError E_ORIGIN, E_RATE_LIMITED, E_INVALID; the cookie is set when it returns
 */
export async function enterByDoor(given: { name: string; secret: string }): Promise<void> {
  const sent = await headers();
  await assertOwnOrigin(sent);
  const from = sourceAddress(sent);
  try {
    await limitBefore("break_glass", addressKey(sent));
    const userAgent = (sent.get("user-agent") ?? "").replace(/[^\x20-\x7e]/g, "").slice(0, 200);
    const token = randomBytes(32).toString("base64url");
    await enterByBreakGlass(db(), { ...given, token, from, userAgent }, now());
    const jar = await cookies();
    const before = jar.get(sessionCookieName())?.value;
    if (before !== undefined && before.length <= 500) await endSession(db(), before, now(), from);
    jar.set(sessionCookieName(), token, {
      httpOnly: true,
      sameSite: "lax",
      path: "/",
      secure: secureCookies(),
      maxAge: BREAK_GLASS_SESSION_MS / 1000,
    });
  } catch (error) {
    if (error instanceof TocsinError) log().warn({ code: error.code, from }, "emergency sign-in refused");
    throw error;
  }
}
