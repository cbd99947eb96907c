// Four layers, four threat models: no layer may everything that another may, and whoever only reads writes nothing.
import { describe, expect, test } from "vitest";
import { type Binding, bindingFault, memberships } from "./bindings.ts";
import { ACTIONS, LAYERS, layersIn, may, ruleOf } from "./permissions.ts";

const pairs = LAYERS.flatMap((one) => LAYERS.filter((other) => other !== one).map((other) => [one, other] as const));

describe("no layer contains another", () => {
  test.each(pairs)("%s may something that %s may not", (one, other) => {
    expect(ACTIONS.filter((action) => may([one], action) && !may([other], action))).not.toEqual([]);
  });
});

test("an auditor changes nothing", () => {
  expect(ACTIONS.filter((action) => may(["auditor"], action) && ruleOf(action).writes)).toEqual([]);
});

test("every action has a sentence of its own and somebody who may do it", () => {
  expect(new Set(ACTIONS.map((action) => ruleOf(action).sentence)).size).toBe(ACTIONS.length);
  expect(ACTIONS.filter((action) => ruleOf(action).layers.length === 0)).toEqual([]);
});

test("what needs two people needs a reason and a fresh sign-in, and is never done as somebody else", () => {
  for (const action of ACTIONS.filter((a) => ruleOf(a).two)) {
    expect(ruleOf(action), action).toMatchObject({ fresh: true, why: true, writes: true });
    expect(ruleOf(action).notAsAnother === true || !ruleOf(action).layers.includes("customer"), action).toBe(true);
  }
});

describe("groups to memberships", () => {
  const bound: Binding[] = [
    { pattern: "acme-inc/sre-*", layer: "operator", tenantSlug: null },
    { pattern: "5f1b0c9e-0000-4000-8000-1234567890ab", layer: "customer", tenantSlug: "acme" },
    { pattern: "ops-root", layer: "root", tenantSlug: null },
    { pattern: "watchers", layer: "auditor", tenantSlug: null },
  ];
  test.each([
    ["a star is the tenant's slug", ["acme-inc/sre-beta"], [{ layer: "operator", tenantSlug: "beta" }]],
    ["a star is no other text", ["acme-inc/sre-", "acme-inc/sre-Beta", "acme-inc/sre-a/b", "acme-inc/sre-*"], []],
    [
      "an exact group names its tenant",
      ["5f1b0c9e-0000-4000-8000-1234567890ab"],
      [{ layer: "customer", tenantSlug: "acme" }],
    ],
    ["root is matched whole", ["ops-root2", "OPS-ROOT", "xops-root"], []],
    [
      "an auditor is nothing else beside it",
      ["watchers", "ops-root", "acme-inc/sre-beta"],
      [{ layer: "auditor", tenantSlug: null }],
    ],
    ["the same by two ways is one", ["ops-root", "ops-root"], [{ layer: "root", tenantSlug: null }]],
  ])("%s", (_, groups, expected) => expect(memberships(groups, bound)).toEqual(expected));

  test("root stands where an operator stands, on the installation's own tenant and nowhere else", () => {
    const root = memberships(["ops-root"], bound);
    expect(layersIn(root, { slug: "tocsin", isPlatform: true })).toEqual(["root", "operator"]);
    expect(layersIn(root, { slug: "acme", isPlatform: false })).toEqual([]);
  });
});

test.each<[string, Binding, RegExp | null]>([
  ["root by a star", { pattern: "root-*", layer: "root", tenantSlug: null }, /exactly/],
  ["an auditor of one tenant", { pattern: "watch", layer: "auditor", tenantSlug: "acme" }, /no tenant/],
  ["two stars", { pattern: "*-*", layer: "operator", tenantSlug: null }, /only one/],
  ["a star alone", { pattern: "*", layer: "customer", tenantSlug: null }, /alone/],
  ["a star and a tenant", { pattern: "a-*", layer: "customer", tenantSlug: "acme" }, /already/],
  ["neither", { pattern: "acme-team", layer: "customer", tenantSlug: null }, /which tenant/],
  ["an exact group", { pattern: "acme-team", layer: "customer", tenantSlug: "acme" }, null],
  ["a star in the middle", { pattern: "mcp-*-ops", layer: "operator", tenantSlug: null }, null],
])("a binding of %s", (_, binding, fault) => {
  const said = bindingFault(binding);
  if (fault === null) expect(said).toBeNull();
  else expect(said).toMatch(fault);
});
