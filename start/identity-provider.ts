// The development identity provider: a real OpenID Connect server on 127.0.0.1 with people of each role and no
// passwords. A process of its own: `node start/identity-provider.ts --port N --data DIR --console URL[,URL]`;
// client id and secret come from OIDC_CLIENT_ID and OIDC_CLIENT_SECRET, as the console has them.
import "./assert-node.ts";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { parseArgs } from "node:util";
import Provider, { type Configuration, interactionPolicy } from "oidc-provider";
import { rememberedKeys } from "./identity-provider/keys.ts";
import { errorPage, logoutPage, peoplePage, signedOutPage } from "./identity-provider/pages.ts";
import { personById } from "./identity-provider/people.ts";
import { makeWritable } from "./places.ts";

const { values } = parseArgs({
  options: { port: { type: "string" }, data: { type: "string" }, console: { type: "string" } },
});
const { OIDC_CLIENT_ID, OIDC_CLIENT_SECRET } = process.env;
if (!values.port || !values.data || !values.console || !OIDC_CLIENT_ID || !OIDC_CLIENT_SECRET) {
  console.error("Give --port, --data and --console, and set OIDC_CLIENT_ID and OIDC_CLIENT_SECRET.");
  process.exit(1);
}
const port = Number(values.port);
const issuer = `http://127.0.0.1:${port}`;
const consoles = values.console.split(",").map((url) => url.replace(/\/$/, ""));
const keys = rememberedKeys(makeWritable(values.data));

// Always asks who it is: whoever leaves the console wants to come back as somebody else.
const policy = interactionPolicy.base();
const { Check } = interactionPolicy;
policy
  .get("login")
  ?.checks.add(
    new Check("person_not_chosen", "a person has to be chosen", (ctx) =>
      ctx.oidc.result?.login === undefined ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT,
    ),
  );

const configuration: Configuration = {
  clients: [
    {
      client_id: OIDC_CLIENT_ID,
      client_secret: OIDC_CLIENT_SECRET,
      redirect_uris: consoles.map((url) => `${url}/api/auth/callback/oidc`),
      post_logout_redirect_uris: consoles.flatMap((url) => [url, `${url}/`, `${url}/sign-in`]),
      response_types: ["code"],
      grant_types: ["authorization_code", "refresh_token"],
      // The first console's: the others are the same one under another name.
      backchannel_logout_uri: `${consoles[0]}/api/back-channel-logout`,
      backchannel_logout_session_required: true,
    },
  ],
  jwks: keys.jwks,
  cookies: { keys: keys.cookies },
  claims: {
    openid: ["sub"],
    profile: ["name", "preferred_username"],
    email: ["email", "email_verified"],
    groups: ["groups"],
  },
  scopes: ["openid", "offline_access"],
  conformIdTokenClaims: false, // Groups belong into the id token: the console asks for nothing else.
  pkce: { required: () => true },
  // Without asking for consent first: the console asks for the groups again with it.
  issueRefreshToken: async (_ctx, client, code) =>
    client.grantTypeAllowed("refresh_token") && code.scopes.has("openid"),
  ttl: {
    AccessToken: 3_600,
    AuthorizationCode: 60,
    Grant: 86_400,
    IdToken: 3_600,
    Interaction: 900,
    RefreshToken: 86_400,
    Session: 86_400,
  },
  features: {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx, form) => {
        ctx.body = logoutPage(form);
      },
      postLogoutSuccessSource: (ctx) => {
        ctx.body = signedOutPage();
      },
    },
  },
  interactions: { policy, url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_ctx, sub) => {
    const person = personById(sub);
    if (person === undefined) return undefined;
    const { id, name, email, groups } = person;
    return {
      accountId: id,
      claims: () => ({ sub: id, name, preferred_username: id, email, email_verified: true, groups }),
    };
  },
  // The library refuses private addresses; the only one that is called here is the console's, on this machine.
  fetch: (url, { dispatcher: _, ...options }: RequestInit & { dispatcher?: unknown } = {}) => fetch(url, options),
  // One client, ours: there is nothing to consent to.
  loadExistingGrant: async (ctx) => {
    const { client, session, params } = ctx.oidc;
    if (!client || !session?.accountId) return undefined;
    const grant = new ctx.oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope(String(params?.scope ?? "openid"));
    await grant.save();
    return grant;
  },
  renderError: (ctx, out) => {
    ctx.type = "html";
    ctx.body = errorPage(out.error, out.error_description ?? "The request was refused.");
  },
};

const provider = new Provider(issuer, configuration);
const standard = provider.callback();

async function choose(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const html = (status: number, body: string) =>
    response.writeHead(status, { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" }).end(body);
  try {
    const { uid } = await provider.interactionDetails(request, response);
    if (request.method !== "POST") return void html(200, peoplePage(`/interaction/${uid}`));
    const person = personById((await form(request)).get("person") ?? "");
    if (person === undefined) return void html(400, peoplePage(`/interaction/${uid}`));
    await provider.interactionFinished(
      request,
      response,
      { login: { accountId: person.id } },
      { mergeWithLastSubmission: false },
    );
  } catch {
    html(400, errorPage("interaction_expired", "This sign-in is too old or was begun in another browser."));
  }
}

async function form(request: IncomingMessage): Promise<URLSearchParams> {
  let body = "";
  for await (const chunk of request) {
    body += String(chunk);
    if (body.length > 4_096) break;
  }
  return new URLSearchParams(body);
}

createServer((request, response) => {
  if (request.url?.startsWith("/interaction/")) void choose(request, response);
  else void standard(request, response);
}).listen(port, "127.0.0.1", () => console.log(JSON.stringify({ issuer })));
