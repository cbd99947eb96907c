// Where a server says that one signs in: RFC 9728 for the resource, RFC 8414 and OpenID Connect for its authorization
// servers, and what 2025-03-26 did before them. Reads only, shows no credential, believes nothing unchecked.
import { bearerOf, parseChallenges } from "#lib/domain/challenge";
import { cleanText } from "#lib/domain/text";
import type { AuthServer, Findings } from "#lib/domain/wall";
import { Door, type DoorOptions, type NoJson } from "./door.ts";

/** Two for the resource or three, and three for each of two authorization servers. */
const MAX_REQUESTS = 9;
const BOUND_MS = 10_000;
const MAX_SERVERS = 2;

const WORDS: Record<NoJson, string> = {
  blocked: "its address is private or not allowed",
  unreachable: "it does not answer",
  not_found: "there is nothing at its well-known addresses",
  status: "it answers with an error",
  too_large: "its answer is larger than 256 KiB",
  not_json: "its answer is no JSON object",
  too_many: "too many addresses had to be asked",
};

/**
 * Never throws.
 * @param challenge all WWW-Authenticate values of the server's 401
 * @param now epoch milliseconds
 */
export async function discover(
  url: string,
  challenge: string,
  options: Omit<DoorOptions, "most" | "signal">,
  now: number,
): Promise<Findings> {
  const door = new Door({ ...options, most: MAX_REQUESTS, signal: AbortSignal.timeout(BOUND_MS) });
  try {
    const found = await findResource(door, new URL(url), bearerOf(parseChallenges(challenge)).metadata);
    const base = { at: now, resource: found.resource };
    if (found.problem !== "")
      return { ...base, cause: "prm_invalid", problem: found.problem, servers: [], requests: door.requests };
    if (found.resource === null) {
      // Before 2025-06-18 a server's own origin was its issuer; most that publish nothing have no OAuth at all.
      const own = await readAuthServer(door, new URL(url).origin);
      const servers = own.problem === "" ? [own] : [];
      return { ...base, cause: "without_prm", problem: "", servers, requests: door.requests };
    }
    const servers: AuthServer[] = [];
    for (const issuer of found.resource.servers.slice(0, MAX_SERVERS)) servers.push(await readAuthServer(door, issuer));
    const good = servers.some((s) => s.problem === "");
    return {
      ...base,
      cause: good ? "with_prm" : "as_unreachable",
      problem: good ? "" : cleanText(servers.map((s) => s.problem).join(" "), 300),
      servers,
      requests: door.requests,
    };
  } finally {
    await door.close();
  }
}

interface Resource {
  resource: Findings["resource"];
  problem: string;
}

async function findResource(door: Door, server: URL, named: string): Promise<Resource> {
  const path = server.pathname === "/" ? "" : server.pathname;
  const wellKnown = `${server.origin}/.well-known/oauth-protected-resource`;
  const places = [...new Set(named === "" ? [`${wellKnown}${path}`, wellKnown] : [named])];
  for (const url of places) {
    const answer = await door.json(url);
    if ("json" in answer) return judged(answer.json, url, server);
    if (named !== "")
      return { resource: null, problem: `The metadata that the 401 names cannot be read: ${WORDS[answer.no]}.` };
    if (answer.no === "blocked" || answer.no === "unreachable") break;
  }
  return { resource: null, problem: "" };
}

function judged(json: Record<string, unknown>, url: string, server: URL): Resource {
  const servers = strings(json.authorization_servers, 5, 2048);
  const resource = typeof json.resource === "string" ? cleanText(json.resource, 2048) : "";
  const kept = { url: cleanText(url, 2048), resource, servers, scopes: strings(json.scopes_supported, 20, 100) };
  if (servers.length === 0)
    return { resource: kept, problem: "The protected resource's metadata names no authorization server." };
  if (!isPrefix(resource, server))
    return {
      resource: kept,
      problem: cleanText(
        resource === ""
          ? "The protected resource's metadata names no resource."
          : `The protected resource's metadata is about another resource: ${resource}`,
        300,
      ),
    };
  return { resource: kept, problem: "" };
}

/** Same origin, and a path that the server's begins with, segment by segment. */
function isPrefix(resource: string, server: URL): boolean {
  const url = URL.parse(resource);
  if (url === null || url.origin !== server.origin) return false;
  const [ours, theirs] = [`${server.pathname.replace(/\/$/, "")}/`, `${url.pathname.replace(/\/$/, "")}/`];
  return ours.startsWith(theirs);
}

/** Its metadata by any of the published ways. `problem` is empty when it can be used. Never throws. */
export async function readAuthServer(door: Door, issuer: string): Promise<AuthServer> {
  const none: AuthServer = {
    issuer,
    url: "",
    tokenEndpoint: "",
    dcr: false,
    cimd: false,
    s256: false,
    clientCredentials: false,
    problem: "",
  };
  const url = URL.parse(issuer);
  if (url === null) return { ...none, problem: "The authorization server's address is none." };
  const path = url.pathname.replace(/\/$/, "");
  const places = [
    `${url.origin}/.well-known/oauth-authorization-server${path}`,
    `${url.origin}/.well-known/openid-configuration${path}`,
    ...(path === "" ? [] : [`${url.origin}${path}/.well-known/openid-configuration`]),
  ];
  let why: NoJson = "not_found";
  for (const place of places) {
    const answer = await door.json(place);
    if ("no" in answer) {
      why = answer.no;
      if (why === "blocked" || why === "unreachable" || why === "too_many") break;
      continue;
    }
    const { json } = answer;
    // String for string, as RFC 8414 says: a server that answers for another one could take its place.
    const called = typeof json.issuer === "string" ? json.issuer : "no text";
    if (called !== issuer)
      return {
        ...none,
        url: place,
        problem: `The authorization server ${cleanText(issuer, 100)} calls itself by another name: ${cleanText(called, 100)}.`,
      };
    const endpoint = typeof json.token_endpoint === "string" ? cleanText(json.token_endpoint, 2048) : "";
    const grants = json.grant_types_supported;
    return {
      ...none,
      url: place,
      tokenEndpoint: endpoint,
      dcr: typeof json.registration_endpoint === "string",
      cimd: json.client_id_metadata_document_supported === true,
      s256:
        Array.isArray(json.code_challenge_methods_supported) && json.code_challenge_methods_supported.includes("S256"),
      clientCredentials: Array.isArray(grants) && grants.includes("client_credentials"),
      problem: endpoint === "" ? `The authorization server ${cleanText(issuer, 100)} names no token endpoint.` : "",
    };
  }
  return { ...none, problem: `The authorization server ${cleanText(issuer, 100)} cannot be read: ${WORDS[why]}.` };
}

function strings(value: unknown, most: number, chars: number): string[] {
  const all = Array.isArray(value) ? value : [];
  return all
    .flatMap((v) => (typeof v === "string" && v !== "" && v.length <= chars ? [cleanText(v, chars)] : []))
    .slice(0, most);
}
