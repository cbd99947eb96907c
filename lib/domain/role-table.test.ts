import { describe, expect, test } from "vitest";
import type { Rule } from "./permissions.ts";
import { asks, type RoleTable, roleTable, roleTableDiff, roleTableHash } from "./role-table.ts";

const rule = (more: Partial<Rule> = {}): Rule => ({ sentence: "Do it", layers: ["root", "auditor"], ...more });
const table = (more: Partial<Rule> = {}): RoleTable => ({ "a.do": rule(more), "b.do": rule() });

describe("the hash", () => {
  test("is the same for the same table, whatever the order it is written in", () => {
    const turned: RoleTable = { "b.do": rule(), "a.do": { layers: ["auditor", "root"], sentence: "Do it" } };
    expect(roleTableHash(turned)).toBe(roleTableHash(table()));
  });

  test.each<[string, Partial<Rule>]>([
    ["a layer more", { layers: ["root", "auditor", "operator"] }],
    ["a layer less", { layers: ["root"] }],
    ["no second person any more", { two: true }],
    ["a reason asked", { why: true }],
    ["a fresh sign-in asked", { fresh: true }],
    ["that it writes", { writes: true }],
    ["never as another", { notAsAnother: true }],
    ["another sentence", { sentence: "Do it twice" }],
  ])("differs by %s, and the difference has its line", (_, more) => {
    expect(roleTableHash(table(more))).not.toBe(roleTableHash(table()));
    expect(roleTableDiff(table(), table(more))).toHaveLength(1);
    expect(roleTableDiff(table(more), table())).toHaveLength(1);
  });

  test("differs by an action more", () => {
    const more = { ...table(), "c.do": rule() };
    expect(roleTableHash(more)).not.toBe(roleTableHash(table()));
    expect(roleTableDiff(table(), more)).toEqual(["+ c.do: new, for root, auditor, reads only: Do it"]);
    expect(roleTableDiff(more, table())).toEqual(["- c.do: gone, was for root, auditor"]);
  });
});

test("a difference reads as a sentence about who may", () => {
  expect(roleTableDiff(table(), table({ layers: ["auditor", "customer"], two: true }))).toEqual([
    "~ a.do: root may no longer",
    "~ a.do: customer may now",
    "~ a.do: now asks: a second person",
  ]);
});

test("the installed table has no difference to itself, and says what its actions ask", () => {
  expect(roleTableDiff(roleTable(), roleTable())).toEqual([]);
  expect(asks(roleTable()["role.change"] as Rule)).toEqual(["a fresh sign-in", "a reason", "a second person"]);
});
