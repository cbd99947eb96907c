// A vendor's own sign-in as proof: real HTTP, real keys, and each way in which an answer may be wrong.
import { createHash, generateKeyPairSync, randomBytes, randomUUID, sign } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Actor, execute } from "#lib/commands/command";
import { type TestDatabase, testDatabase } from "../../testing/database.ts";
import { makeTenant } from "../../testing/make.ts";
import { testSettings } from "../../testing/settings.ts";
import { createSink } from "./create.ts";
import { openHidden } from "./input.ts";
import { rotateSecret } from "./rotate.ts";
import { endSignIn, startSignIn } from "./sign-in.ts";

const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
const others = generateKeyPairSync("rsa", { modulusLength: 2048 });
let db: TestDatabase;
let vendor: Server;
let base: string;
let putAway = () => {};
let who: Actor;
/** What the vendor says next. */
let says: {
  claims: Record<string, unknown>;
  key?: typeof keys;
  integrations: string[];
  challenge: string;
  asked: string[];
};

beforeAll(async () => {
  db = await testDatabase();
  vendor = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://vendor");
    let text = "";
    request.on("data", (part) => {
      text += part;
    });
    request.on("end", () => {
      says.asked.push(url.pathname);
      const form = new URLSearchParams(text);
      const answer = (body: unknown, status = 200) => response.writeHead(status).end(JSON.stringify(body));
      if (url.pathname === "/global/oauth/anonymous/jwks")
        return answer({ keys: [{ ...keys.publicKey.export({ format: "jwk" }), kid: "one" }] });
      if (url.pathname === "/services")
        return answer({
          more: false,
          services: [{ integrations: says.integrations.map((k) => ({ integration_key: k })) }],
        });
      if (form.get("code") !== "good" || form.get("client_id") !== "app")
        return answer({ error: "invalid_grant" }, 400);
      if (url.pathname === "/oauth/token") {
        const verifier = createHash("sha256")
          .update(form.get("code_verifier") ?? "")
          .digest("base64url");
        if (verifier !== says.challenge) return answer({ error: "invalid_grant" }, 400);
        return answer({ access_token: "t", id_token: idToken() });
      }
      if (url.pathname === "/slack/oauth.v2.access")
        return answer({
          ok: true,
          team: { id: "T0ACME", name: "Acme" },
          incoming_webhook: { url: `https://hooks.slack.com/services/T0ACME12/B0ACME12/${"x".repeat(24)}` },
        });
      if (url.pathname === "/discord/oauth2/token")
        return answer({ webhook: { id: "1".repeat(19), token: "a".repeat(68), guild_id: "42", channel_id: "43" } });
      return answer({}, 404);
    });
  });
  await new Promise<void>((done) => vendor.listen(0, "127.0.0.1", done));
  base = `http://127.0.0.1:${(vendor.address() as AddressInfo).port}`;
  putAway = testSettings(db);
  Object.assign(process.env, {
    TOCSIN_PAGERDUTY_OAUTH_ISSUER: base,
    TOCSIN_SLACK_URL: `${base}/slack`,
    TOCSIN_DISCORD_URL: `${base}/discord`,
  });
  for (const vendorName of ["PAGERDUTY", "SLACK", "DISCORD"]) {
    process.env[`TOCSIN_${vendorName}_CLIENT_ID`] = "app";
    process.env[`TOCSIN_${vendorName}_CLIENT_SECRET`] = "secret-of-the-app";
  }
});
afterAll(async () => {
  for (const name of Object.keys(process.env))
    if (/^TOCSIN_(PAGERDUTY|SLACK|DISCORD)_(OAUTH_ISSUER|URL|CLIENT_)/.test(name)) delete process.env[name];
  putAway();
  await new Promise<void>((done) => vendor.close(() => done()));
  await db.close();
});
beforeEach(async () => {
  const claims = { iss: base, aud: base, exp: Date.now() / 1000 + 300, account_id: "PACME01", subdomain: "acme" };
  says = { claims, integrations: [], challenge: "", asked: [] };
  who = await person();
});

async function person(): Promise<Actor> {
  const { id } = await makeTenant(db);
  return { personId: randomUUID(), name: "Olga", tenantId: id, layers: ["operator"], sessionId: randomUUID() };
}
function idToken(): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const head = `${part({ alg: "RS256", kid: "one" })}.${part(says.claims)}`;
  return `${head}.${sign("sha256", Buffer.from(head), (says.key ?? keys).privateKey).toString("base64url")}`;
}
const FORMS = {
  pagerduty: () => ({ region: "us", routingKey: randomBytes(16).toString("hex") }),
  slack: () => ({ mode: "bot", botToken: `xoxb-${randomBytes(20).toString("hex")}`, channel: "C0123456789" }),
  discord: () => ({ webhookUrl: `https://discord.com/api/webhooks/${"9".repeat(19)}/${"b".repeat(68)}` }),
};
async function begun(kind: keyof typeof FORMS, of = who) {
  const form = FORMS[kind]();
  const { sinkId } = await execute(db.appDb, createSink, of, { kind, name: kind, config: form });
  const { url } = await execute(db.appDb, startSignIn, of, { sinkId });
  const asked = new URL(url);
  says.challenge = asked.searchParams.get("code_challenge") ?? "";
  if ("routingKey" in form) says.integrations = [form.routingKey];
  return { sinkId, state: asked.searchParams.get("state") ?? "", asked };
}
const sinkRow = async (id: string) => (await db.sql("SELECT * FROM sink WHERE id = $1", [id]))[0];
const end = (kind: string, state: string, code = "good", of = who) => endSignIn(db.appDb, of, kind, { state, code });

test("PagerDuty's sign-in proves a key that is one of the account's, and the account's id is kept", async () => {
  const { sinkId, state, asked } = await begun("pagerduty");
  expect(Object.fromEntries(asked.searchParams)).toMatchObject({
    ...{ client_id: "app", code_challenge_method: "S256", response_type: "code" },
    redirect_uri: "http://127.0.0.1:3000/api/sink-oauth/pagerduty",
  });
  expect(await end("pagerduty", state)).toEqual({ sinkId });
  expect(await sinkRow(sinkId)).toMatchObject({ proof: "account", proof_account: "acme (PACME01)" });
});

describe("PagerDuty's sign-in proves nothing", () => {
  test.each<[string, () => unknown]>([
    ["when the key is another account's", () => Object.assign(says, { integrations: ["x".repeat(32)] })],
    ["when the token is signed by another key", () => Object.assign(says, { key: others })],
    ["when the token is too old", () => Object.assign(says.claims, { exp: Date.now() / 1000 - 1 })],
    ["when the token is another issuer's", () => Object.assign(says.claims, { iss: "https://evil.example.com" })],
    ["when the token names another API", () => Object.assign(says.claims, { aud: "https://evil.example.com" })],
    ["when the verifier is another's", () => Object.assign(says, { challenge: "another" })],
  ])("%s", async (_, spoil) => {
    const { sinkId, state } = await begun("pagerduty");
    spoil();
    await expect(end("pagerduty", state)).rejects.toMatchObject({ code: "E_CODE_WRONG" });
    expect(await sinkRow(sinkId)).toMatchObject({ proven_at: null });
  });
  test("to another session, another tenant, another kind, twice, or with another state; and the vendor is not asked", async () => {
    const { state } = await begun("pagerduty");
    const gone = { code: "E_CODE_EXPIRED", httpStatus: 410 };
    await expect(end("pagerduty", state, "good", { ...who, sessionId: randomUUID() })).rejects.toMatchObject(gone);
    await expect(end("pagerduty", state, "good", await person())).rejects.toMatchObject(gone);
    await expect(end("slack", state)).rejects.toMatchObject(gone);
    await expect(end("pagerduty", "")).rejects.toMatchObject(gone);
    await expect(end("pagerduty", `${state.slice(0, -4)}AAAA`)).rejects.toMatchObject(gone);
    expect(says.asked).toEqual([]);
    await end("pagerduty", state);
    await expect(end("pagerduty", state)).rejects.toMatchObject(gone);
  });
});

test("a sign-in shows the key in use, never one that waits for its own code to be typed back", async () => {
  const { sinkId, state } = await begun("pagerduty");
  await end("pagerduty", state);
  const mine = says.integrations[0];
  const foreign = randomBytes(16).toString("hex");
  await execute(db.appDb, rotateSecret, who, { sinkId, config: { routingKey: foreign } });
  const { url } = await execute(db.appDb, startSignIn, who, { sinkId });
  const asked = new URL(url);
  says.challenge = asked.searchParams.get("code_challenge") ?? "";
  await end("pagerduty", asked.searchParams.get("state") ?? "");
  const row = await sinkRow(sinkId);
  const hidden = await db.appDb.withTenant({ tenantId: who.tenantId, actorId: who.personId }, (tx) =>
    openHidden(tx, who.tenantId, sinkId, row?.["sealed"] as Uint8Array),
  );
  expect(hidden).toMatchObject({ routingKey: mine, "next:routingKey": foreign });
  const kept = await db.sql("SELECT verifier FROM sink_proof WHERE sink_id = $1 AND kind = 'account'", [sinkId]);
  expect(kept).toEqual([{ verifier: null }, { verifier: null }]);
});

test.each(["slack", "discord"] as const)(
  "%s hands over the webhook of the channel that was picked, and the sink sends there",
  async (kind) => {
    const { sinkId, state } = await begun(kind);
    await end(kind, state);
    const row = await sinkRow(sinkId);
    expect(row).toMatchObject({ proof: "account", proof_account: kind === "slack" ? "Acme (T0ACME)" : "server 42" });
    expect(row?.["place"]).not.toBeNull();
    const thief = await person();
    const stolen = await begun(kind, thief);
    await expect(end(kind, stolen.state, "good", thief)).rejects.toMatchObject({ code: "E_SINK_TAKEN" });
    expect(await sinkRow(stolen.sinkId)).toMatchObject({ proven_at: null });
  },
);
