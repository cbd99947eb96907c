import { expect, test } from "vitest";
import { cityOf, tokenOf, tokenPrefix } from "./region.ts";

test.each([
  ["fra", "Frankfurt"],
  ["fra2", "Frankfurt 2"],
  ["fra-12", "Frankfurt 12"],
  ["local", "local"],
  ["frankfurt", "frankfurt"],
  ["con", "con"],
])("a region called %s is shown as %s until somebody renames it", (name, city) => {
  expect(cityOf(name)).toBe(city);
});

test("a token is found by a part of it that is no secret, and nothing else is taken for one", () => {
  const token = tokenOf("0123456789ab", "A".repeat(43));
  expect(tokenPrefix(token)).toBe("0123456789ab");
  for (const other of [
    "",
    "scim_x",
    token.slice(1),
    `${token} `,
    token.toUpperCase(),
    `${token}\n`,
    token.slice(0, -1),
  ])
    expect(tokenPrefix(other)).toBeNull();
});
