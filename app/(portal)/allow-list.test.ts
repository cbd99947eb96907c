// The allow-list and the source say the same: no page and no action of the portal stands beside it.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { type Action, may } from "#lib/domain/permissions";
import { OWN_ACTS } from "#lib/domain/own-acts";
import { PORTAL_ACTIONS, PORTAL_PAGES } from "./allow-list.ts";

const HERE = import.meta.dirname;
const files = readdirSync(HERE, { recursive: true, encoding: "utf8" });
const textOf = (file: string) => readFileSync(join(HERE, file), "utf8");

describe("pages", () => {
  const pages = files
    .filter((f) => /(^|\/)page\.tsx$/.test(f))
    .map((f) => `/${relative(".", f).replace(/\/?page\.tsx$/, "")}`);

  test("each page of the source is listed, and each listed page is there", () => {
    expect(pages.toSorted()).toEqual(Object.keys(PORTAL_PAGES).toSorted());
  });
  test.each(pages)("%s asks the allow-list under its own address", (page) => {
    const text = textOf(`${page.slice(1)}/page.tsx`);
    expect(text).toContain(`await enter("${page}");`);
    expect(text.match(/\benter\(/g)).toHaveLength(1);
  });
  test("there is no route handler: what answers a customer is a page or a listed action", () => {
    expect(files.filter((f) => /(^|\/)route\.tsx?$/.test(f))).toEqual([]);
  });
  test("no page reads around the allow-list", () => {
    for (const page of pages)
      expect(textOf(`${page.slice(1)}/page.tsx`), page).not.toMatch(/\b(seated|viewer|allowed|staff)\(/);
  });
});

describe("actions", () => {
  const modules = files.filter(
    (f) => /\.tsx?$/.test(f) && /^\s*["']use server["']/m.test(textOf(f)) && !f.includes(".test."),
  );
  const exported = modules.flatMap((f) =>
    [...textOf(f).matchAll(/export async function (\w+)/g)].map((m) => m[1] ?? ""),
  );

  test("each action of the source is listed, and each listed action is there", () => {
    expect(exported.toSorted()).toEqual(Object.keys(PORTAL_ACTIONS).toSorted());
  });
  test("each goes by the portal's road under its own name", () => {
    for (const name of exported)
      expect(modules.map(textOf).join("\n"), name).toMatch(
        new RegExp(`export async function ${name}\\([^]*?\\{\\s*return actInPortal\\("${name}",`),
      );
  });
  test("no file of the portal takes an action of the console", () => {
    const taking = files.filter((f) => /\.tsx?$/.test(f) && /from "[./]*\(console\)/.test(textOf(f)));
    expect(taking).toEqual([]);
  });
});

test("every permission that is asked is one that customers hold, or about oneself alone", () => {
  for (const permission of [...Object.values(PORTAL_PAGES), ...Object.values(PORTAL_ACTIONS)])
    expect(Object.hasOwn(OWN_ACTS, permission) || may(["customer"], permission as Action), permission).toBe(true);
});

test("every page of the console asks who of the staff it is, which sends a customer to the portal", () => {
  const there = join(HERE, "..", "(console)");
  const pages = readdirSync(there, { recursive: true, encoding: "utf8" }).filter((f) => /(^|\/)page\.tsx$/.test(f));
  expect(pages.length).toBeGreaterThan(10);
  expect(pages.filter((f) => !/await (allowed|staff)\(/.test(readFileSync(join(there, f), "utf8")))).toEqual([]);
});
