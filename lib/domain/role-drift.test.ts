import { expect, test } from "vitest";
import { INSTALLED } from "./bindings.ts";
import { type Drift, type DriftInput, roleDrift } from "./role-drift.ts";

const NOW = Date.parse("2026-11-23T06:00:00Z");
const DAY = 86_400_000;
type Person = DriftInput["people"][number];
const person = (id: string, groups: string[], more: Partial<Person> = {}): Person => ({
  ...{ id, groups, disabled: false, lastSeenAt: NOW - DAY, directory: null, emergency: false },
  ...more,
});
const acted = (personId: string, slug: string) => ({ personId, slug, isPlatform: slug === "tocsin" });
/** Two roots who work, an auditor and an operator of Acme who works: nothing to say. */
const base = (): DriftInput => ({
  now: NOW,
  people: [
    person("r1", ["tocsin-root"]),
    person("r2", ["tocsin-root"]),
    person("aud", ["tocsin-auditor"]),
    person("op", ["tocsin-operator-acme"]),
  ],
  bindings: INSTALLED,
  tenants: [
    { slug: "tocsin", isPlatform: true },
    { slug: "acme", isPlatform: false },
  ],
  signedIn: new Set(),
  acts: [acted("r1", "tocsin"), acted("r2", "tocsin"), acted("op", "acme")],
});
const plus =
  (...people: Person[]) =>
  (given: DriftInput) => ({ ...given, people: [...given.people, ...people] });

test.each<[what: string, change: (given: DriftInput) => DriftInput, found: Drift[]]>([
  ["all as it should be", (g) => g, []],
  [
    "one root operator left",
    (g) => ({ ...g, people: g.people.filter((p) => p.id !== "r2") }),
    [{ kind: "few_roots", what: "1" }],
  ],
  [
    "an emergency account is no second one, and not being used is its work",
    (g) =>
      plus(person("glass", ["tocsin-root"], { emergency: true, lastSeenAt: 0 }))({
        ...g,
        people: g.people.filter((p) => p.id !== "r2"),
      }),
    [{ kind: "few_roots", what: "1" }],
  ],
  [
    "a disabled root operator does not count either",
    (g) => ({ ...g, people: g.people.map((p) => (p.id === "r2" ? { ...p, disabled: true } : p)) }),
    [{ kind: "few_roots", what: "1" }],
  ],
  [
    "disabled with a session",
    (g) => plus(person("x", ["tocsin-operator-acme"], { disabled: true }))({ ...g, signedIn: new Set(["x", "op"]) }),
    [{ kind: "disabled_session", personId: "x" }],
  ],
  [
    "not here for thirty days",
    plus(person("x", ["tocsin-customer-acme"], { lastSeenAt: NOW - 30 * DAY - 1 })),
    [{ kind: "not_seen", personId: "x", what: "customer of acme" }],
  ],
  ["here on the thirtieth day", plus(person("x", ["tocsin-customer-acme"], { lastSeenAt: NOW - 30 * DAY })), []],
  [
    "an operator who changed nothing",
    plus(person("x", ["tocsin-operator-acme"])),
    [{ kind: "not_used", personId: "x", what: "operator of acme" }],
  ],
  [
    "an operator of two who works in one",
    (g) => {
      const given = plus(person("x", ["tocsin-operator-acme", "tocsin-operator-beta"]))(g);
      return {
        ...given,
        tenants: [...g.tenants, { slug: "beta", isPlatform: false }],
        acts: [...g.acts, acted("x", "beta")],
      };
    },
    [{ kind: "not_used", personId: "x", what: "operator of acme" }],
  ],
  [
    "acted there and holds nothing now",
    (g) => plus(person("x", []))({ ...g, acts: [...g.acts, acted("x", "acme"), acted("x", "tocsin")] }),
    [{ kind: "used_not_held", personId: "x", what: "acme" }],
  ],
  ["a root operator on a visit", (g) => ({ ...g, acts: [...g.acts, acted("r1", "acme")] }), []],
  [
    "both sides",
    (g) =>
      plus(person("x", ["tocsin-operator-acme", "tocsin-customer-acme"]))({
        ...g,
        acts: [...g.acts, acted("x", "acme")],
      }),
    [{ kind: "both_sides", personId: "x", what: "operator of acme, customer of acme" }],
  ],
  [
    "a group of a tenant that is not there",
    plus(person("x", ["tocsin-customer-gone"])),
    [{ kind: "unknown_tenant", what: "tocsin-customer-gone" }],
  ],
  [
    "a binding that nobody is in",
    (g) => ({ ...g, bindings: [...INSTALLED, { pattern: "ops-berlin", layer: "operator", tenantSlug: "acme" }] }),
    [{ kind: "nobody", what: "ops-berlin" }],
  ],
  [
    "the emergency accounts' own group, which nobody should be in",
    (g) => ({ ...g, bindings: [...INSTALLED, { pattern: "tocsin:break-glass", layer: "root", tenantSlug: null }] }),
    [],
  ],
  [
    "the directory says otherwise",
    plus(person("x", ["tocsin-customer-acme"], { directory: ["everybody"] })),
    [{ kind: "directory_differs", personId: "x", what: "none" }],
  ],
  [
    "the directory says the same, in other groups",
    plus(person("x", ["tocsin-customer-acme", "a"], { directory: ["b", "tocsin-customer-acme"] })),
    [],
  ],
])("%s", (_, change, found) => expect(roleDrift(change(base()))).toEqual(found));
