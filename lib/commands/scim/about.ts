// What this service says about itself: true of what is built, nothing more.
import { Group, GROUP_URN, User, USER_URN } from "./schema.ts";

const LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/** @returns the page of this name, or null when it is none of these */
export function about(base: string, collection: string, id: string | undefined): unknown {
  if (collection === "ServiceProviderConfig" && id === undefined) return provider(base);
  const all = collection === "ResourceTypes" ? types(base) : collection === "Schemas" ? schemas(base) : null;
  if (all === null) return null;
  if (id === undefined)
    return { schemas: [LIST], totalResults: all.length, startIndex: 1, itemsPerPage: all.length, Resources: all };
  return all.find((one) => one.id === id) ?? null;
}

function provider(base: string): unknown {
  const no = { supported: false };
  return {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
    patch: { supported: true },
    bulk: { ...no, maxOperations: 0, maxPayloadSize: 0 },
    filter: { supported: true, maxResults: 200 },
    changePassword: no,
    sort: no,
    etag: no,
    authenticationSchemes: [
      {
        type: "oauthbearertoken",
        name: "Bearer token",
        description: "A token that a root operator made in the console, under Roles.",
        primary: true,
      },
    ],
    meta: { resourceType: "ServiceProviderConfig", location: `${base}/ServiceProviderConfig` },
  };
}

const types = (base: string) =>
  [
    { id: "User", endpoint: "/Users", schema: USER_URN },
    { id: "Group", endpoint: "/Groups", schema: GROUP_URN },
  ].map((type) => ({
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
    ...type,
    name: type.id,
    meta: { resourceType: "ResourceType", location: `${base}/ResourceTypes/${type.id}` },
  }));

const schemas = (base: string): { id: string }[] =>
  [User, Group].map(({ definition }) => definition.describe(`${base}/Schemas`) as unknown as { id: string });
