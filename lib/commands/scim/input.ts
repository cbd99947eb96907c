// What a directory sends, made fit: hostile shapes refused, the spellings of Entra ID and Okta understood, and only what
// we keep let through. The library then checks types and applies patches by the RFC.
import { excess } from "#lib/domain/canonical-json";
import { cleanText } from "#lib/domain/text";
import { GROUP_URN, knownAttribute, ScimError, USER_URN } from "./schema.ts";

export type Kind = "User" | "Group";
export type Body = Record<string, unknown>;
export interface Operation {
  op: "add" | "remove" | "replace";
  path?: string;
  value?: unknown;
}

const MAX_OPERATIONS = 1_000;
const POISON = new Set(["__proto__", "constructor", "prototype"]);
// NUL never reaches the database, and nobody's name needs the others.
const CONTROL = /[\u0000-\u001f\u007f]/;

export const invalid = (detail: string): Error => new ScimError(400, "invalidValue", detail);

const isObject = (value: unknown): value is Body =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** @throws ScimError for what is no JSON object of a sane size */
export function sane(text: string): Body {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new ScimError(400, "invalidSyntax", "The body is not JSON.");
  }
  if (!isObject(body)) throw new ScimError(400, "invalidSyntax", "The body is not a JSON object.");
  if (excess(body, 12, 60_000) !== null)
    throw new ScimError(400, "invalidSyntax", "The body is too deep or too large.");
  refusePoison(body);
  return body;
}

function refusePoison(value: unknown): void {
  if (typeof value === "string" && value.includes("\u0000")) throw invalid("A value has a NUL character in it.");
  if (Array.isArray(value)) for (const v of value) refusePoison(v);
  else if (isObject(value))
    for (const [key, v] of Object.entries(value)) {
      if (POISON.has(key)) throw new ScimError(400, "invalidSyntax", "The body names a part of every object.");
      refusePoison(v);
    }
}

/** Only the attributes that we keep, spelled as we spell them. */
export function kept(kind: Kind, body: Body): Body {
  const pairs = Object.entries(body).flatMap(([key, value]) => {
    const name = knownAttribute(kind, bare(kind, key));
    return name === undefined || name === "id" ? [] : [[name, truth(name, value)] as const];
  });
  return { schemas: [kind === "User" ? USER_URN : GROUP_URN], ...Object.fromEntries(pairs) };
}

/** Entra ID writes booleans as "True" and "False". */
function truth(name: string, value: unknown): unknown {
  if (name === "active" && typeof value === "string" && /^(true|false)$/i.test(value))
    return value.toLowerCase() === "true";
  return value;
}

const bare = (kind: Kind, path: string): string => {
  const urn = `${kind === "User" ? USER_URN : GROUP_URN}:`;
  return path.toLowerCase().startsWith(urn.toLowerCase()) ? path.slice(urn.length) : path;
};

/** @returns the operations on what we keep; empty when none is @throws ScimError */
export function operations(kind: Kind, body: Body): Operation[] {
  const given = body.Operations ?? body.operations;
  if (!Array.isArray(given) || given.length === 0) throw invalid("A patch has at least one operation.");
  if (given.length > MAX_OPERATIONS) throw invalid(`A patch has at most ${MAX_OPERATIONS} operations.`);
  return given.flatMap((raw: unknown): Operation[] => {
    if (!isObject(raw) || typeof raw.op !== "string") throw invalid("An operation has no op.");
    const op = raw.op.toLowerCase();
    if (op !== "add" && op !== "remove" && op !== "replace")
      throw new ScimError(400, "invalidSyntax", "An op is add, remove or replace.");
    if (raw.path !== undefined && typeof raw.path !== "string")
      throw new ScimError(400, "invalidPath", "A path is text.");
    if (raw.path === undefined || raw.path === "") return whole(kind, op, raw.value);
    return one(kind, op, bare(kind, raw.path), raw.value);
  });
}

/** Without a path the value is an object; Okta and Entra ID also put dotted paths into its keys. */
function whole(kind: Kind, op: Operation["op"], value: unknown): Operation[] {
  if (op === "remove") throw new ScimError(400, "noTarget", "A remove names its path.");
  if (!isObject(value)) throw invalid("Without a path the value is an object.");
  return Object.entries(value).flatMap(([key, v]) => one(kind, op, bare(kind, key), v, true));
}

function one(kind: Kind, op: Operation["op"], path: string, value: unknown, implied = false): Operation[] {
  const [, head = "", rest = ""] = /^([A-Za-z$_-]+)(.*)$/s.exec(path) ?? [];
  const name = knownAttribute(kind, head);
  // What we do not keep is no error: directories map more than a role needs.
  if (name === undefined) return head === "" && !path.startsWith("urn:") ? badPath() : [];
  if (name === "id") {
    if (implied) return []; // Okta repeats the id beside what it changes.
    throw new ScimError(400, "mutability", "An id is given once, by us.");
  }
  // Entra ID names the one address of e-mail by its type.
  if (name === "emails" && /^\[[^\]]*\](\.value)?$/i.test(rest))
    return op === "remove" ? [{ op, path: name }] : [{ op: "replace", path: name, value: [{ value, primary: true }] }];
  if (op === "remove" && value === undefined) return [{ op, path: `${name}${rest}` }];
  return [{ op, path: `${name}${rest}`, value: rest === "" ? truth(name, value) : value }];
}

function badPath(): never {
  throw new ScimError(400, "invalidPath", "That path is not understood.");
}

/** A key that has to come back as it was sent: refused rather than cleaned. */
export function exact(value: unknown, what: string, max: number): string {
  if (typeof value !== "string" || value.trim() === "") throw invalid(`${what} is missing.`);
  if (value.length > max) throw invalid(`${what} has at most ${max} characters.`);
  if (CONTROL.test(value) || cleanText(value, max) !== value.trim().replace(/ +/g, " "))
    throw invalid(`${what} has control characters in it.`);
  return value.trim();
}

/** Words to show: cleaned. */
export const shown = (value: unknown, max: number): string => (typeof value === "string" ? cleanText(value, max) : "");
