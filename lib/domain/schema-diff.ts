// What changed between two JSON Schemas, for whoever depends on them. Pure. A caller must satisfy an input schema, so
// what narrows it breaks; a reader must understand an output schema, so what widens it breaks. What is not worked out
// counts as breaking. docs/tools.md has the table.
import { canonicalJson } from "./canonical-json.ts";
import { isRecord } from "./surface.ts";
import { rewording, visibleLine } from "./visible.ts";

/** in: what a caller sends. out: what it gets back. */
export type Side = "in" | "out";
export type Effect = "breaking" | "safe" | "words";
export interface SchemaChange {
  text: string;
  effect: Effect;
}
type Schema = Record<string, unknown>;

const MAX_DEPTH = 12;
const MAX_CHANGES = 200;
/** Places that are looked at: a schema that refers to itself has no end. */
const MAX_PLACES = 3_000;
const TYPES = ["string", "number", "integer", "boolean", "object", "array", "null"];
const AT_LEAST = ["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"];
const AT_MOST = ["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"];
const FORMS = ["pattern", "format", "multipleOf", "contentEncoding", "contentMediaType"];
const WORDS = ["title", "description", "examples", "example", "$comment"];
const KINDS = ["anyOf", "oneOf"];
/** Their meaning hangs on each other: any change of them is taken as one that breaks. */
const OPAQUE = [
  ...["allOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas", "patternProperties"],
  ...["propertyNames", "contains", "minContains", "maxContains", "prefixItems", "unevaluatedItems", "dependencies"],
];

interface Walk {
  side: Side;
  roots: [before: Schema, after: Schema];
  found: SchemaChange[];
  places: number;
  /** Canonical text and followed references, once per part. */
  texts: WeakMap<object, string>;
  followed: WeakMap<object, Schema>;
}

/** @param what how the whole is called in a sentence, e.g. "the input" */
export function schemaDiff(before: unknown, after: unknown, side: Side, what: string): SchemaChange[] {
  const b = schemaOf(before);
  const a = schemaOf(after);
  const walk: Walk = { side, roots: [b, a], found: [], places: 0, texts: new WeakMap(), followed: new WeakMap() };
  compare(walk, b, a, what, 0);
  return walk.found;
}

/** true allows everything, false nothing. */
function schemaOf(value: unknown): Schema {
  if (value === false) return { not: {} };
  return isRecord(value) ? value : {};
}

function say(walk: Walk, text: string, effect: Effect): void {
  if (walk.found.length < MAX_CHANGES) walk.found.push({ text, effect });
}
const narrower = (walk: Walk): Effect => (walk.side === "in" ? "breaking" : "safe");
const wider = (walk: Walk): Effect => (walk.side === "in" ? "safe" : "breaking");

function compare(walk: Walk, rawBefore: Schema, rawAfter: Schema, at: string, depth: number): void {
  const b = resolved(walk, rawBefore, walk.roots[0]);
  const a = resolved(walk, rawAfter, walk.roots[1]);
  if (same(walk, b, a) && (same(walk, ...walk.roots) || !textOf(walk, b).includes('"$ref"'))) return;
  if (depth > MAX_DEPTH || ++walk.places > MAX_PLACES) {
    if (!same(walk, b, a)) say(walk, `${at} changed deep inside`, "breaking");
    return;
  }
  types(walk, b, a, at);
  values(walk, b, a, at);
  for (const key of AT_LEAST) limit(walk, b[key], a[key], key, at, 1);
  for (const key of AT_MOST) limit(walk, b[key], a[key], key, at, -1);
  for (const key of FORMS) form(walk, b[key], a[key], key, at);
  if (b.uniqueItems !== a.uniqueItems && (b.uniqueItems === true || a.uniqueItems === true))
    say(
      walk,
      `${at} ${a.uniqueItems === true ? "takes" : "no longer asks for"} different items only`,
      narrow(walk, a.uniqueItems === true),
    );
  properties(walk, b, a, at, depth);
  others(walk, b, a, at, depth);
  if (b.items !== undefined || a.items !== undefined) items(walk, b.items, a.items, at, depth);
  for (const key of KINDS) kinds(walk, b[key], a[key], key, at);
  for (const key of OPAQUE)
    if (!same(walk, bare(b[key]), bare(a[key]))) say(walk, `${at} changed its ${key}`, "breaking");
  if (!same(walk, b.default, a.default)) say(walk, `${at} ${was("has the default", b.default, a.default)}`, "safe");
  if (a.deprecated === true && b.deprecated !== true) say(walk, `${at} is marked as deprecated`, "safe");
  for (const key of WORDS)
    if (!same(walk, b[key], a[key])) say(walk, `${at}: the ${key} ${rewording(b[key], a[key])}`, "words");
}

const narrow = (walk: Walk, now: boolean): Effect => (now ? narrower(walk) : wider(walk));

function types(walk: Walk, b: Schema, a: Schema, at: string): void {
  const before = typesOf(b);
  const after = typesOf(a);
  const allows = (set: Set<string>, type: string) => set.has(type) || (type === "integer" && set.has("number"));
  const lost = [...before].filter((t) => !allows(after, t));
  const won = [...after].filter((t) => !allows(before, t));
  if (lost.length === 0 && won.length === 0) return;
  const words = `${at} was ${named(before)} and is ${named(after)}`;
  if (lost.length > 0 && won.length > 0) say(walk, words, "breaking");
  else say(walk, words, narrow(walk, lost.length > 0));
}

function typesOf(schema: Schema): Set<string> {
  const { type } = schema;
  const given = (Array.isArray(type) ? type : [type]).filter((t): t is string => typeof t === "string");
  return new Set(given.length === 0 ? TYPES : given);
}
const named = (types: Set<string>) =>
  types.size >= TYPES.length
    ? "anything"
    : [...types]
        .sort()
        .map((t) => visibleLine(t, 20))
        .join(" or ");

function values(walk: Walk, b: Schema, a: Schema, at: string): void {
  const before = valuesOf(b);
  const after = valuesOf(a);
  if (before === null && after === null) return;
  if (before === null || after === null) {
    if (before === null) say(walk, `${at} takes only ${list(after ?? [])}`, narrower(walk));
    else say(walk, `${at} takes more than ${list(before)}`, wider(walk));
    return;
  }
  const [lost, won] = [without(before, after), without(after, before)];
  if (lost.length > 0) say(walk, `${at} no longer takes ${list(lost)}`, narrower(walk));
  if (won.length > 0) say(walk, `${at} also takes ${list(won)}`, wider(walk));
}

/** Of tens of thousands of values too: a list of them must not hold up everybody's verdicts. */
function without(values: readonly string[], others: readonly string[]): string[] {
  const there = new Set(others);
  return values.filter((v) => !there.has(v));
}

function valuesOf(schema: Schema): string[] | null {
  if (Object.hasOwn(schema, "const")) return [spell(schema.const)];
  return Array.isArray(schema.enum) ? schema.enum.map((v) => spell(v)) : null;
}

/** @param way 1: a higher limit allows less. -1: a lower one does. */
function limit(walk: Walk, b: unknown, a: unknown, key: string, at: string, way: 1 | -1): void {
  if (same(walk, b, a)) return;
  const of = (v: unknown) => (typeof v === "number" ? v * way : Number.NEGATIVE_INFINITY);
  say(walk, `${at} ${was(`has the ${key}`, b, a)}`, narrow(walk, of(a) > of(b)));
}

function form(walk: Walk, b: unknown, a: unknown, key: string, at: string): void {
  if (same(walk, b, a)) return;
  const effect = b !== undefined && a !== undefined ? "breaking" : narrow(walk, a !== undefined);
  say(walk, `${at} ${was(`has the ${key}`, b, a)}`, effect);
}

function properties(walk: Walk, b: Schema, a: Schema, at: string, depth: number): void {
  const before = isRecord(b.properties) ? b.properties : {};
  const after = isRecord(a.properties) ? a.properties : {};
  const must = (s: Schema) => new Set(Array.isArray(s.required) ? s.required.filter((v) => typeof v === "string") : []);
  const [had, has] = [must(b), must(a)];
  const sends = walk.side === "in";
  for (const name of new Set([...Object.keys(before), ...Object.keys(after), ...had, ...has])) {
    const there = place(at, name);
    const [old, now] = [Object.hasOwn(before, name), Object.hasOwn(after, name)];
    if (old && !now) say(walk, `${there} was removed`, "breaking");
    else if (!old && now && has.has(name) && !had.has(name))
      say(walk, `${there} was added and is required`, sends ? "breaking" : "safe");
    else if (!old && now) say(walk, `${there} was added, optional`, "safe");
    else {
      if (has.has(name) && !had.has(name)) say(walk, `${there} became required`, narrower(walk));
      if (!has.has(name) && had.has(name)) say(walk, `${there} became optional`, wider(walk));
    }
    if (old && now) compare(walk, schemaOf(before[name]), schemaOf(after[name]), there, depth + 1);
  }
}

/** Properties that the schema does not name. */
function others(walk: Walk, b: Schema, a: Schema, at: string, depth: number): void {
  for (const key of ["additionalProperties", "unevaluatedProperties"]) {
    if (same(walk, b[key] ?? true, a[key] ?? true)) continue;
    if (a[key] === false) say(walk, `${at} takes no parameters that it does not name`, narrower(walk));
    else if (b[key] === false) say(walk, `${at} also takes parameters that it does not name`, wider(walk));
    else compare(walk, schemaOf(b[key]), schemaOf(a[key]), place(at, "*"), depth + 1);
  }
}

function items(walk: Walk, b: unknown, a: unknown, at: string, depth: number): void {
  if (Array.isArray(b) || Array.isArray(a)) {
    if (!same(walk, bare(b), bare(a))) say(walk, `${at} changed its items`, "breaking");
  } else compare(walk, schemaOf(b), schemaOf(a), `${at}[]`, depth + 1);
}

function kinds(walk: Walk, b: unknown, a: unknown, key: string, at: string): void {
  const of = (v: unknown) => (Array.isArray(v) ? v.map((x) => spell(bare(x), Number.MAX_SAFE_INTEGER)) : null);
  const [before, after] = [of(b), of(a)];
  if (same(walk, before, after)) return;
  if (before === null || after === null) {
    const now = before === null;
    say(walk, `${at} ${now ? "has to be" : "is no longer"} one of several kinds`, narrow(walk, now));
    return;
  }
  if (without(before, after).length > 0) say(walk, `${at} no longer takes one of its kinds (${key})`, narrower(walk));
  if (without(after, before).length > 0) say(walk, `${at} takes a further kind (${key})`, wider(walk));
}

/** Local references only; of others the text itself is compared. */
function resolved(walk: Walk, schema: Schema, root: Schema): Schema {
  const known = walk.followed.get(schema);
  if (known !== undefined) return known;
  let here = schema;
  for (let hops = 0; hops < 8 && typeof here.$ref === "string" && here.$ref.startsWith("#/"); hops += 1) {
    let target: unknown = root;
    for (const part of here.$ref.slice(2).split("/")) {
      const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
      target = isRecord(target) && Object.hasOwn(target, key) ? target[key] : undefined;
    }
    if (!isRecord(target)) break;
    const { $ref: _ref, ...beside } = here;
    here = { ...target, ...beside };
  }
  walk.followed.set(schema, here);
  return here;
}

/** Without the words, so that a better description is no other kind. */
function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !WORDS.includes(key))
      .map(([key, v]) => [key, bare(v)]),
  );
}

function same(walk: Walk, a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  return textOf(walk, a) === textOf(walk, b);
}

function textOf(walk: Walk, value: unknown): string {
  if (typeof value !== "object" || value === null) return canonicalJson(value);
  const known = walk.texts.get(value);
  const text = known ?? canonicalJson(value);
  if (known === undefined) walk.texts.set(value, text);
  return text;
}
const spell = (value: unknown, max = 60): string => visibleLine(canonicalJson(value ?? null), max);
const list = (all: readonly string[]) =>
  all
    .slice(0, 8)
    .map((v) => visibleLine(v, 60))
    .join(", ") + (all.length > 8 ? ` and ${all.length - 8} more` : "");
const place = (at: string, name: string) => `${at}.${visibleLine(name, 60)}`;

function was(what: string, b: unknown, a: unknown): string {
  if (b === undefined) return `now ${what} ${spell(a)}`;
  if (a === undefined) return `no longer ${what} ${spell(b)}`;
  return `${what} ${spell(a)}, which was ${spell(b)}`;
}
