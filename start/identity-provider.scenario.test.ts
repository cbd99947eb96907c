import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PEOPLE } from "./identity-provider/people.ts";
import { keeper } from "./keeper.ts";
import { identityProviderPart } from "./parts.ts";
import { freePort } from "./ports.ts";
import { rememberedSecrets } from "./secrets.ts";

const CONSOLE = "http://127.0.0.1:3000";
const CALLBACK = `${CONSOLE}/api/auth/callback/oidc`;
const dataDir = mkdtempSync(join(tmpdir(), "tocsin-idp-"));
const secrets = rememberedSecrets(dataDir);
const parts = keeper(() => {});
let issuer = "";

/** A browser's part of the flow: follows redirects on the provider with its cookies, up to the console's door. */
function browser() {
  const jar = new Map<string, string>();
  return async function visit(url: string, form?: Record<string, string>): Promise<{ url: string; body: string }> {
    let at = new URL(url, issuer).href;
    let body: URLSearchParams | undefined = form && new URLSearchParams(form);
    for (let hop = 0; hop < 10; hop++) {
      if (!at.startsWith(issuer)) return { url: at, body: "" };
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
      const response = await fetch(at, {
        method: body ? "POST" : "GET",
        redirect: "manual",
        headers: { cookie },
        ...(body ? { body } : {}),
      });
      for (const set of response.headers.getSetCookie()) {
        const [name = "", value = ""] = (set.split(";")[0] ?? "").split(/=(.*)/s);
        if (value === "") jar.delete(name);
        else jar.set(name, value);
      }
      const location = response.headers.get("location");
      if (!location) return { url: at, body: await response.text() };
      at = new URL(location, at).href;
      body = undefined;
    }
    throw new Error("too many redirects");
  };
}

function authorization(challenge: string | null): string {
  const query = new URLSearchParams({
    client_id: "tocsin",
    response_type: "code",
    scope: "openid profile email groups",
    redirect_uri: CALLBACK,
    state: "s",
    nonce: "n",
  });
  if (challenge !== null) {
    query.set("code_challenge", challenge);
    query.set("code_challenge_method", "S256");
  }
  return `${issuer}/auth?${query}`;
}

async function signIn(person: string): Promise<Record<string, unknown>> {
  const verifier = randomBytes(32).toString("base64url");
  const visit = browser();
  const page = await visit(authorization(createHash("sha256").update(verifier).digest("base64url")));
  const back = await visit(/action="([^"]+)"/.exec(page.body)?.[1] ?? "", { person });
  const code = new URL(back.url).searchParams.get("code") ?? "";
  const authorizationHeader = `Basic ${Buffer.from(`tocsin:${secrets.oidcClientSecret}`).toString("base64")}`;
  const body = new URLSearchParams({
    grant_type: "authorization_code",
    code,
    redirect_uri: CALLBACK,
    code_verifier: verifier,
  });
  const answer = (await (
    await fetch(`${issuer}/token`, { method: "POST", headers: { authorization: authorizationHeader }, body })
  ).json()) as { id_token: string };
  return JSON.parse(Buffer.from(answer.id_token.split(".")[1] ?? "", "base64url").toString()) as Record<
    string,
    unknown
  >;
}

describe("the development identity provider", () => {
  beforeAll(async () => {
    const port = await freePort();
    issuer = `http://127.0.0.1:${port}`;
    await parts.add(identityProviderPart({ dataDir, say: () => {} }, port, CONSOLE, secrets));
  });
  afterAll(async () => {
    await parts.stopAll();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it.each(PEOPLE.map((p) => [p.name, p] as const))(
    "signs %s in with the groups in the id token",
    async (_name, person) => {
      expect(await signIn(person.id)).toMatchObject({
        iss: issuer,
        aud: "tocsin",
        sub: person.id,
        name: person.name,
        email: person.email,
        nonce: "n",
        groups: person.groups,
      });
    },
  );

  it("asks who it is each time, and offers every person", async () => {
    const page = await browser()(authorization("a".repeat(43)));
    for (const person of PEOPLE) expect(page.body).toContain(person.name);
  });

  const refused: [string, string][] = [
    ["a sign-in without PKCE", "pkce"],
    ["a person it does not know", "unknown"],
    ["a console that is not ours", "redirect"],
  ];
  it.each(refused)("refuses %s", async (_title, what) => {
    const visit = browser();
    if (what === "pkce") return expect((await visit(authorization(null))).url).toContain("error=invalid_request");
    if (what === "redirect")
      return expect(
        (
          await visit(
            authorization("a".repeat(43)).replace(
              encodeURIComponent(CALLBACK),
              encodeURIComponent("https://evil.example/"),
            ),
          )
        ).body,
      ).toContain("Sign-in did not work");
    const page = await visit(authorization("a".repeat(43)));
    const back = await visit(/action="([^"]+)"/.exec(page.body)?.[1] ?? "", { person: "__proto__" });
    return expect(back.body).toContain("Who are you today?");
  });

  it("signs with the same key after a restart", async () => {
    const keys = async () => (await fetch(`${issuer}/jwks`)).json();
    const before = await keys();
    await parts.stop("identity-provider");
    await parts.start("identity-provider");
    expect(await keys()).toEqual(before);
  });
});
