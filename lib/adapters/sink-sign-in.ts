// The vendor's own sign-in as proof of a sink: OAuth 2.0 with a code and, where the vendor takes it, PKCE. PagerDuty names
// the account in a signed token, and the sink's key has to be one of that account's; at Slack and Discord a person picks
// the channel, and the vendor hands over the webhook for it.
import { createHash, createPublicKey, verify } from "node:crypto";
import { z } from "zod";
import { TocsinError } from "../domain/error.ts";
import type { SinkRequest } from "../sinks/sink.ts";
import { now } from "./clock.ts";
import { env } from "./env.ts";
import { send } from "./send.ts";

export const SIGN_IN_KINDS = ["pagerduty", "slack", "discord"] as const;
export type SignInKind = (typeof SIGN_IN_KINDS)[number];

interface App {
  id: string;
  secret: string | undefined;
}

function appOf(kind: string): App | null {
  const e = env();
  const apps: Record<SignInKind, [string | undefined, string | undefined]> = {
    pagerduty: [e.TOCSIN_PAGERDUTY_CLIENT_ID, e.TOCSIN_PAGERDUTY_CLIENT_SECRET],
    slack: [e.TOCSIN_SLACK_CLIENT_ID, e.TOCSIN_SLACK_CLIENT_SECRET],
    discord: [e.TOCSIN_DISCORD_CLIENT_ID, e.TOCSIN_DISCORD_CLIENT_SECRET],
  };
  const [id, secret] = Object.hasOwn(apps, kind) ? apps[kind as SignInKind] : [];
  // PagerDuty's PKCE does without a secret; the other two do not.
  return id === undefined || (secret === undefined && kind !== "pagerduty") ? null : { id, secret };
}

/** Whether this installation is registered at the vendor of this kind of sink. */
export const hasSignIn = (kind: string): kind is SignInKind => appOf(kind) !== null;

const returnsTo = (kind: SignInKind): string => new URL(`/api/sink-oauth/${kind}`, env().TOCSIN_URL).href;

/** Where the browser goes. @param verifier of PKCE, kept until the code comes back */
export function signInUrl(kind: SignInKind, state: string, verifier: string): string {
  const e = env();
  const at: Record<SignInKind, [string, Record<string, string>]> = {
    pagerduty: [
      `${e.TOCSIN_PAGERDUTY_OAUTH_ISSUER.replace(/\/$/, "")}/oauth/authorize`,
      {
        scope: "openid read",
        code_challenge: createHash("sha256").update(verifier).digest("base64url"),
        code_challenge_method: "S256",
      },
    ],
    slack: [new URL("/oauth/v2/authorize", e.TOCSIN_SLACK_URL).href, { scope: "incoming-webhook" }],
    discord: [new URL("/oauth2/authorize", e.TOCSIN_DISCORD_URL).href, { scope: "webhook.incoming" }],
  };
  const [base, more] = at[kind];
  const url = new URL(base);
  const asked = {
    client_id: appOf(kind)?.id ?? "",
    redirect_uri: returnsTo(kind),
    response_type: "code",
    state,
    ...more,
  };
  for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
  return url.href;
}

export interface SignedIn {
  /** The vendor's own name of the account. */
  account: string;
  /** Fields of the sink's form that the vendor handed over. */
  form?: Record<string, string>;
}

/**
 * @param form of the sink, secrets included
 * @throws TocsinError E_CODE_WRONG when the vendor does not confirm it, E_UNAVAILABLE when it does not answer
 */
export async function finishSignIn(
  kind: SignInKind,
  given: { code: string; verifier: string },
  form: Record<string, string>,
): Promise<SignedIn> {
  return { pagerduty, slack, discord }[kind](given, form);
}

async function pagerduty(given: { code: string; verifier: string }, form: Record<string, string>): Promise<SignedIn> {
  const issuer = env().TOCSIN_PAGERDUTY_OAUTH_ISSUER.replace(/\/$/, "");
  const answer = z
    .object({ access_token: z.string().max(4_000), id_token: z.string().max(8_000) })
    .safeParse(await token("pagerduty", `${issuer}/oauth/token`, { ...given, code_verifier: given.verifier }));
  if (!answer.success) throw refused("no id_token in the answer");
  const claims = await readIdToken(issuer, answer.data.id_token);
  const key = form["routingKey"] ?? "";
  if (!(await keysOf(claims.aud, answer.data.access_token)).has(key))
    throw new TocsinError(
      "E_CODE_WRONG",
      "This integration key is none of the account that you signed in to: sign in to the account that it belongs to.",
    );
  return { account: `${claims.subdomain === undefined ? "" : `${claims.subdomain} `}(${claims.account_id})` };
}

const claimsSchema = z.object({
  iss: z.string(),
  exp: z.number(),
  aud: z.union([z.string(), z.array(z.string()).min(1)]).transform((a) => (typeof a === "string" ? a : (a[0] ?? ""))),
  account_id: z.string().regex(/^\w{1,40}$/),
  subdomain: z
    .string()
    .regex(/^[\w-]{1,80}$/)
    .optional(),
});

/** Signature, times, issuer; nothing in it counts before they hold. */
async function readIdToken(issuer: string, jwt: string): Promise<z.infer<typeof claimsSchema>> {
  const [head = "", body = "", signature = ""] = jwt.split(".");
  const part = (text: string): unknown => JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
  try {
    const { alg, kid } = z.object({ alg: z.literal("RS256"), kid: z.string() }).parse(part(head));
    const keys = z
      .object({ keys: z.array(z.looseObject({ kid: z.string().optional(), kty: z.string() })) })
      .parse(await json({ method: "GET", url: `${issuer}/global/oauth/anonymous/jwks`, headers: {} }));
    const jwk = keys.keys.find((k) => k.kid === kid && k.kty === "RSA");
    if (jwk === undefined) throw refused(`no key ${kid.slice(0, 40)} for ${alg}`);
    const key = createPublicKey({ key: jwk, format: "jwk" });
    if (!verify("sha256", Buffer.from(`${head}.${body}`), key, Buffer.from(signature, "base64url")))
      throw refused("the id_token's signature does not hold");
    const claims = claimsSchema.parse(part(body));
    if (claims.exp * 1000 <= now().getTime()) throw refused("the id_token is too old");
    if (URL.parse(claims.iss)?.origin !== new URL(issuer).origin) throw refused("the id_token is another issuer's");
    return claims;
  } catch (error) {
    throw error instanceof TocsinError ? error : refused("the id_token cannot be read");
  }
}

const MAX_PAGES = 20;

/** Every integration key of the account. @param api the account's regional API, as the signed token names it */
async function keysOf(api: string, accessToken: string): Promise<Set<string>> {
  const base = URL.parse(api);
  const issuer = new URL(env().TOCSIN_PAGERDUTY_OAUTH_ISSUER);
  if (base === null || (base.hostname !== issuer.hostname && !base.hostname.endsWith(".pagerduty.com")))
    throw refused("the id_token names no API of PagerDuty's");
  const page = z.object({
    more: z.boolean().default(false),
    services: z.array(
      z.object({ integrations: z.array(z.object({ integration_key: z.string().nullish() })).default([]) }),
    ),
  });
  const found = new Set<string>();
  for (let offset = 0; offset < 100 * MAX_PAGES; offset += 100) {
    const url = new URL("/services", base);
    url.search = `include[]=integrations&limit=100&offset=${offset}`;
    const headers = { authorization: `Bearer ${accessToken}`, accept: "application/vnd.pagerduty+json;version=2" };
    const one = page.safeParse(await json({ method: "GET", url: url.href, headers }));
    if (!one.success) throw refused("the account's services cannot be read");
    for (const { integrations } of one.data.services)
      for (const { integration_key: key } of integrations) if (key) found.add(key);
    if (!one.data.more) break;
  }
  return found;
}

async function slack(given: { code: string }): Promise<SignedIn> {
  const answer = z
    .object({
      ok: z.literal(true),
      team: z.object({ id: z.string().max(40), name: z.string().max(200).optional() }),
      incoming_webhook: z.object({ url: z.string().max(300) }),
    })
    .safeParse(await token("slack", `${env().TOCSIN_SLACK_URL}/oauth.v2.access`, given));
  if (!answer.success) throw refused("no incoming_webhook in the answer");
  const { team, incoming_webhook: hook } = answer.data;
  return {
    account: `${team.name ?? ""} (${team.id})`.trim(),
    form: { mode: "webhook", webhookUrl: hook.url, botToken: "", channel: "" },
  };
}

async function discord(given: { code: string }): Promise<SignedIn> {
  const answer = z
    .object({
      webhook: z.object({
        id: z.string().regex(/^\d{15,25}$/),
        token: z.string().regex(/^[\w-]{20,200}$/),
        guild_id: z.string().regex(/^\d{1,25}$/),
      }),
    })
    .safeParse(await token("discord", `${env().TOCSIN_DISCORD_URL}/oauth2/token`, given));
  if (!answer.success) throw refused("no webhook in the answer");
  const { id, token: secret, guild_id: guild } = answer.data.webhook;
  return {
    account: `server ${guild}`,
    form: { webhookUrl: `https://discord.com/api/webhooks/${id}/${secret}`, threadId: "" },
  };
}

function token(kind: SignInKind, url: string, given: Record<string, string>): Promise<unknown> {
  const app = appOf(kind);
  const { code = "", code_verifier: verifier } = given;
  const body = new URLSearchParams({
    grant_type: "authorization_code",
    code,
    redirect_uri: returnsTo(kind),
    client_id: app?.id ?? "",
    ...(app?.secret === undefined ? {} : { client_secret: app.secret }),
    ...(verifier === undefined ? {} : { code_verifier: verifier }),
  });
  const headers = { "content-type": "application/x-www-form-urlencoded", accept: "application/json" };
  return json({ method: "POST", url, headers, body: body.toString() });
}

/** One request to an address that the operator named; what came back is never repeated to anybody. */
async function json(
  request: Pick<Extract<SinkRequest, { via: "http" }>, "method" | "url" | "headers" | "body">,
): Promise<unknown> {
  const answer = await send(
    { via: "http", label: "sign-in", host: "operator", ...request },
    { policy: { allow: [] }, timeoutMs: 10_000 },
  );
  if (answer.kind === "failure" || answer.status >= 500 || answer.status === 429)
    throw new TocsinError("E_UNAVAILABLE", "The vendor does not answer just now: try again in a minute.", {
      detail: answer.kind === "failure" ? answer.code : String(answer.status),
    });
  if (answer.status !== 200) throw refused(`the vendor answered ${answer.status}`);
  try {
    return JSON.parse(answer.body);
  } catch {
    throw refused("the vendor's answer is no JSON");
  }
}

const refused = (detail: string): TocsinError =>
  new TocsinError("E_CODE_WRONG", "The vendor did not confirm this sign-in: begin again from the sink's page.", {
    detail,
  });
