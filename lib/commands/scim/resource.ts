// Rows as the directory sees them, and back.
import { exact, invalid, shown } from "./input.ts";
import { GROUP_URN, USER_URN } from "./schema.ts";

export interface UserFields {
  externalId: string;
  userName: string;
  displayName: string;
  givenName: string;
  familyName: string;
  email: string;
  active: boolean;
}
export interface UserRow extends UserFields {
  id: string;
  createdAt: Date;
  updatedAt: Date;
}
export interface GroupFields {
  displayName: string;
  externalId: string | null;
  members: string[];
}
export interface GroupRow extends GroupFields {
  id: string;
  createdAt: Date;
  updatedAt: Date;
}

type Typed = Record<string, unknown>;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const MAX_MEMBERS = 10_000;

export function userResource(row: UserRow, base: string): Typed {
  const { givenName, familyName } = row;
  return {
    schemas: [USER_URN],
    id: row.id,
    externalId: row.externalId,
    userName: row.userName,
    active: row.active,
    ...(row.displayName === "" ? {} : { displayName: row.displayName }),
    ...(givenName === "" && familyName === ""
      ? {}
      : { name: { ...(givenName ? { givenName } : {}), ...(familyName ? { familyName } : {}) } }),
    ...(row.email === "" ? {} : { emails: [{ value: row.email, type: "work", primary: true }] }),
    meta: meta("User", `${base}/Users/${row.id}`, row),
  };
}

export function groupResource(row: GroupRow, base: string, withMembers = true): Typed {
  return {
    schemas: [GROUP_URN],
    id: row.id,
    ...(row.externalId === null ? {} : { externalId: row.externalId }),
    displayName: row.displayName,
    ...(withMembers
      ? { members: row.members.map((value) => ({ value, $ref: `${base}/Users/${value}`, type: "User" })) }
      : {}),
    meta: meta("Group", `${base}/Groups/${row.id}`, row),
  };
}

const meta = (resourceType: string, location: string, row: { createdAt: Date; updatedAt: Date }) => ({
  resourceType,
  created: row.createdAt.toISOString(),
  lastModified: row.updatedAt.toISOString(),
  location,
});

/** The library lets a null stand in a list: it names nothing. */
const listed = (values: unknown): Typed[] => ((values ?? []) as (Typed | null)[]).filter((value) => value !== null);

/** @param given a resource that the library has typed */
export function userFields(given: Typed): UserFields {
  const name = (given.name ?? {}) as Typed;
  const emails = listed(given.emails);
  const email = emails.find((e) => e.primary === true) ?? emails[0];
  return {
    externalId: exact(given.externalId, "externalId", 255),
    userName: exact(given.userName, "userName", 255),
    displayName: shown(given.displayName, 120),
    givenName: shown(name.givenName, 80),
    familyName: shown(name.familyName, 80),
    email: shown(email?.value, 254),
    active: given.active !== false,
  };
}

export function groupFields(given: Typed): GroupFields {
  const displayName = exact(given.displayName, "displayName", 200);
  if (displayName.startsWith("tocsin:")) throw invalid("Names that begin with tocsin: are kept for Tocsin itself.");
  const members = listed(given.members);
  if (members.length > MAX_MEMBERS) throw invalid(`A group has at most ${MAX_MEMBERS} members.`);
  const ids = members.map(({ value, type }) => {
    if (typeof type === "string" && type.toLowerCase() === "group")
      throw invalid("A group in a group is not taken: send its people.");
    // Any id is looked up as text among the directory's own people, and nowhere else.
    if (typeof value !== "string" || !UUID.test(value)) throw invalid("A member is named by the id that we gave it.");
    return value.toLowerCase();
  });
  return {
    displayName,
    externalId:
      given.externalId === undefined || given.externalId === null ? null : exact(given.externalId, "externalId", 255),
    members: [...new Set(ids)],
  };
}
