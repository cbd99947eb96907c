// One request of the directory to one answer (RFC 7644). The route in app/api/scim only carries it here.
import { audit } from "#lib/adapters/audit";
import { now as clockNow } from "#lib/adapters/clock";
import { type Db, PLATFORM_TENANT, WORKER_ACTOR } from "#lib/adapters/db";
import { isOutage } from "#lib/adapters/outage";
import { TocsinError } from "#lib/domain/error";
import { scimTokenOf } from "#lib/queries/scim";
import { scimGroups, scimUsers } from "#lib/queries/scim-list";
import type { ScimCaller } from "./caller.ts";
import { about } from "./about.ts";
import { equalities } from "./filter.ts";
import { createGroup, deleteGroup, patchGroup, replaceGroup } from "./groups.ts";
import { type Body, sane } from "./input.ts";
import { groupResource, userResource } from "./resource.ts";
import { ScimError } from "./schema.ts";
import { createUser, deleteUser, patchUser, replaceUser } from "./users.ts";

export interface ScimRequest {
  method: string;
  /** After /scim/v2. */
  path: readonly string[];
  query: URLSearchParams;
  /** null where there is none. */
  body: string | null;
  bearer: string;
  from: string;
  /** Counts a stranger before there is a row of them in the log: the log is not for anybody to fill. @throws TocsinError */
  stranger?(): Promise<void>;
}

export interface ScimSettings {
  issuer: string;
  groupsFrom: "token" | "scim";
  /** Where this is: https://tocsin.example.com/api/scim/v2 */
  base: string;
}

export interface ScimAnswer {
  status: number;
  /** null: no content. */
  body: unknown;
  location?: string;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const PAGE = 100;
const LARGEST_PAGE = 200;
const TOUCH_MS = 60_000;

export async function serveScim(db: Db, settings: ScimSettings, request: ScimRequest): Promise<ScimAnswer> {
  try {
    const token = await scimTokenOf(db, request.bearer, clockNow());
    if (token === null) {
      await request.stranger?.();
      await refused(db, request);
      throw new ScimError(401, "", "This token is unknown, over or taken back.");
    }
    await touch(db, token.id);
    const caller = { tokenId: token.id, from: request.from, issuer: settings.issuer, groupsFrom: settings.groupsFrom };
    return await route(db, settings, caller, request);
  } catch (error) {
    if (error instanceof ScimError) return failed(error);
    // Also when another act that takes roles away holds the line: the directory sends it again.
    if (!(error instanceof TocsinError) && isOutage(error))
      throw new TocsinError("E_UNAVAILABLE", "The database did not take this, so nothing was changed: send it again.", {
        cause: error,
        retryAfterS: 30,
      });
    throw error;
  }
}

export function failed(error: { status: number; scimType?: string | undefined; message: string }): ScimAnswer {
  const { status, scimType, message: detail } = error;
  const schemas = ["urn:ietf:params:scim:api:messages:2.0:Error"];
  return { status, body: { schemas, status: String(status), ...(scimType ? { scimType } : {}), detail } };
}

async function route(db: Db, settings: ScimSettings, caller: ScimCaller, request: ScimRequest): Promise<ScimAnswer> {
  const [collection, id, ...rest] = request.path;
  const { method } = request;
  if (rest.length > 0) throw none();
  const page = about(settings.base, collection ?? "", id);
  if (page !== null) {
    if (method !== "GET") throw notAllowed();
    return { status: 200, body: page };
  }
  if (collection !== "Users" && collection !== "Groups") throw none();
  if (id !== undefined && !UUID.test(id)) throw none();
  const verbs = collection === "Users" ? USERS : GROUPS;
  if (id === undefined && method === "GET") return list(db, settings, collection, request.query);
  if (id === undefined && method === "POST") {
    const made = await verbs.create(db, caller, bodyOf(request));
    const body = verbs.show(made as never, settings.base);
    return { status: 201, body, location: `${settings.base}/${collection}/${made.id}` };
  }
  if (id === undefined) throw notAllowed();
  switch (method) {
    case "GET":
      return get(db, settings, collection, id, request.query);
    case "PUT":
      return {
        status: 200,
        body: verbs.show((await verbs.replace(db, caller, id, bodyOf(request))) as never, settings.base),
      };
    case "PATCH":
      return {
        status: 200,
        body: verbs.show((await verbs.patch(db, caller, id, bodyOf(request))) as never, settings.base),
      };
    case "DELETE":
      await verbs.remove(db, caller, id);
      return { status: 204, body: null };
    default:
      throw notAllowed();
  }
}

const USERS = { create: createUser, replace: replaceUser, patch: patchUser, remove: deleteUser, show: userResource };
const GROUPS = {
  create: createGroup,
  replace: replaceGroup,
  patch: patchGroup,
  remove: deleteGroup,
  show: groupResource,
};

const none = () => new ScimError(404, "", "There is nothing here.");
const notAllowed = () => new ScimError(405, "", "That method is not for this address.");
const bodyOf = (request: ScimRequest): Body => sane(request.body ?? "");

async function list(
  db: Db,
  settings: ScimSettings,
  kind: "Users" | "Groups",
  query: URLSearchParams,
): Promise<ScimAnswer> {
  const startIndex = Math.max(1, whole(query.get("startIndex"), 1));
  const take = Math.min(LARGEST_PAGE, Math.max(0, whole(query.get("count"), PAGE)));
  const page = { skip: startIndex - 1, take };
  const allowed = ["id", "externalId", "displayName", ...(kind === "Users" ? ["userName", "active"] : [])];
  const equal = equalities(query.get("filter"), allowed);
  const members = !without(query, "members");
  const { total, resources } = await db.global(async (tx) => {
    if (kind === "Users") {
      const users = await scimUsers(tx, equal, page);
      return { total: users.total, resources: users.rows.map((row) => userResource(row, settings.base)) };
    }
    const groups = await scimGroups(tx, equal, page);
    return { total: groups.total, resources: groups.rows.map((row) => groupResource(row, settings.base, members)) };
  });
  return {
    status: 200,
    body: {
      schemas: ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
      totalResults: total,
      startIndex,
      itemsPerPage: resources.length,
      Resources: resources,
    },
  };
}

async function get(
  db: Db,
  settings: ScimSettings,
  kind: "Users" | "Groups",
  id: string,
  query: URLSearchParams,
): Promise<ScimAnswer> {
  const equal = new Map([["id", id]]);
  const one = { skip: 0, take: 1 };
  const body = await db.global(async (tx) => {
    if (kind === "Users") {
      const [row] = (await scimUsers(tx, equal, one)).rows;
      return row === undefined ? null : userResource(row, settings.base);
    }
    const [row] = (await scimGroups(tx, equal, one)).rows;
    return row === undefined ? null : groupResource(row, settings.base, !without(query, "members"));
  });
  if (body === null) throw new ScimError(404, "", `There is no such ${kind === "Users" ? "user" : "group"}.`);
  return { status: 200, body };
}

function whole(text: string | null, otherwise: number): number {
  if (text === null) return otherwise;
  if (!/^-?\d{1,9}$/.test(text)) throw new ScimError(400, "invalidValue", "startIndex and count are whole numbers.");
  return Number(text);
}

/** Entra ID leaves a large group's members out when it only looks for the group. */
function without(query: URLSearchParams, attribute: string): boolean {
  const excluded = (query.get("excludedAttributes") ?? "").split(",").map((a) => a.trim().toLowerCase());
  const wanted = query
    .get("attributes")
    ?.split(",")
    .map((a) => a.trim().toLowerCase());
  return (
    excluded.includes(attribute) ||
    (wanted !== undefined && !wanted.some((a) => a === attribute || a.startsWith(`${attribute}.`)))
  );
}

function touch(db: Db, id: string): Promise<unknown> {
  const now = clockNow();
  return db.global(
    (tx) => tx.$executeRaw`UPDATE scim_token SET last_used_at = ${now}
      WHERE id = ${id}::uuid AND (last_used_at IS NULL OR last_used_at < ${new Date(now.getTime() - TOUCH_MS)})`,
  );
}

/** Who it was is not known: nobody has been proven. */
async function refused(db: Db, { method, path, from }: ScimRequest): Promise<void> {
  const context = { tenantId: PLATFORM_TENANT, actorId: WORKER_ACTOR, ...(from ? { trace: { from } } : {}) };
  const on = path[0] === "Users" || path[0] === "Groups" ? path[0] : "other";
  await db.withTenant(context, (tx) =>
    audit(tx, context, {
      action: "scim.refused",
      target: "scim_token:none",
      body: { code: "E_SIGNED_OUT", method: method.slice(0, 10), on },
    }),
  );
}
