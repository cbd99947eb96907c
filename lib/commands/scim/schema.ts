// The two schemas as we keep them: the RFCs' own, cut to what a role can be told from. What else a directory sends is
// accepted and dropped, so that nobody's address or telephone number lies here for nothing.
import SCIMMY from "scimmy";

export const { Messages, Types } = SCIMMY;
export const ScimError = SCIMMY.Types.Error;

const KEPT_USER = ["userName", "externalId", "displayName", "name", "emails", "active"];
const KEPT_GROUP = ["displayName", "externalId", "members"];
// Parts of every resource: not ours to cut.
const COMMON = ["schemas", "id", "externalId", "meta"];

function cut(definition: typeof SCIMMY.Schemas.User.definition, kept: readonly string[]): void {
  const names = definition.attributes.map((a) => String(a.name));
  for (const name of names) if (![...kept, ...COMMON].includes(name)) definition.truncate(name);
}
cut(SCIMMY.Schemas.User.definition, KEPT_USER);
cut(SCIMMY.Schemas.Group.definition, KEPT_GROUP);

export const { User, Group } = SCIMMY.Schemas;
export const USER_URN = "urn:ietf:params:scim:schemas:core:2.0:User";
export const GROUP_URN = "urn:ietf:params:scim:schemas:core:2.0:Group";

/** Attribute names count without regard to case (RFC 7643, 2.1). @returns the name as we spell it */
export function knownAttribute(kind: "User" | "Group", name: string): string | undefined {
  const kept = kind === "User" ? KEPT_USER : KEPT_GROUP;
  return [...kept, "id"].find((k) => k.toLowerCase() === name.toLowerCase());
}
