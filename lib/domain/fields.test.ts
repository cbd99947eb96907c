import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { fieldsAsMarkdown, linesOf, show, THINGS, thing } from "./fields.ts";

describe("show keeps exactly what the surface may see", () => {
  const row = {
    id: "1",
    number: 7,
    silenced: true,
    policy: { steps: [] },
    dedupKey: "k",
    tenantId: "t",
    acknowledgedBy: "Omar",
  };

  test("in the portal", () => {
    expect(show("portal", "incident", row)).toEqual({ id: "1", number: 7, silenced: true, acknowledgedBy: "Omar" });
  });
  test("in the console the staff's fields as well, and still not what nobody sees", () => {
    expect(show("console", "incident", row)).toEqual({
      id: "1",
      number: 7,
      silenced: true,
      acknowledgedBy: "Omar",
      policy: { steps: [] },
      dedupKey: "k",
    });
  });
  test("a field that the table does not name never leaves, nor one that was inherited", () => {
    const hostile = Object.create({ name: "inherited" });
    Object.assign(hostile, { id: "1", somethingNew: "secret", constructor: "own" });
    hostile.toString = "own";
    expect(show("portal", "server", hostile)).toEqual({ id: "1" });
  });
});

test("each field stands in one column of its thing only, and each that is withheld says why", () => {
  for (const name of THINGS) {
    const lines = linesOf(name);
    expect(new Set(lines.map((l) => l.field)).size, name).toBe(lines.length);
    for (const line of lines.filter((l) => !l.portal)) expect(line.remark, `${name}.${line.field}`).not.toBe("");
    if (thing(name).whole !== undefined) expect(lines, name).toEqual([]);
  }
});

test("docs/fields.md prints the table as it is", () => {
  const printed = readFileSync(new URL("../../docs/fields.md", import.meta.url), "utf8");
  expect(printed.slice(printed.indexOf("## "))).toBe(fieldsAsMarkdown());
});
