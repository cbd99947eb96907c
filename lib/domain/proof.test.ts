import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  codeFrom,
  codeHash,
  dnsToken,
  holdsUntil,
  nextOf,
  readCode,
  renewalNow,
  sameHash,
  secretOverdue,
  secretsFor,
  withNext,
} from "./proof.ts";

const NOW = new Date("2026-11-21T12:00:00Z");
const DAY = 86_400_000;
const days = (n: number) => new Date(NOW.getTime() + n * DAY);

test("a code has no letter that is taken for another, is read however it was typed, and no two are alike", () => {
  const codes = new Set(Array.from({ length: 500 }, () => codeFrom(randomBytes(128))));
  expect(codes.size).toBe(500);
  for (const code of codes) {
    expect(code).toMatch(/^[2-9B-DF-HJKMNP-TV-XZ]{4}(-[2-9B-DF-HJKMNP-TV-XZ]{4}){2}$/);
    expect(readCode(` ${code.toLowerCase().replaceAll("-", " ")}\n`)).toBe(code.replaceAll("-", ""));
  }
});
test("the same code has another hash at another attempt", () => {
  expect(sameHash(codeHash("a", "2222-3333-4444"), codeHash("a", "222233334444"))).toBe(true);
  expect(sameHash(codeHash("a", "2222-3333-4444"), codeHash("b", "2222-3333-4444"))).toBe(false);
  expect(sameHash(null, codeHash("a", "x"))).toBe(false);
});
test("a record's token is 32 characters of base32, and all of them are chance", () => {
  const tokens = Array.from({ length: 50 }, () => dnsToken(randomBytes(20)));
  for (const token of tokens) expect(token).toMatch(/^[a-z2-7]{32}$/);
  for (let i = 0; i < 32; i++) expect(new Set(tokens.map((t) => t[i])).size).toBeGreaterThan(5);
});

describe("what is to be done about a proof", () => {
  const proof = (over: object) => ({ proof: "code", personAt: NOW, dueAt: days(7), askedAt: null, ...over });
  test.each([
    ["five days before its end nothing", proof({}), days(2), "none"],
    ["two days before its end it renews itself", proof({}), days(5), "by_itself"],
    ["tried less than six hours ago, it waits", proof({ askedAt: days(4.9) }), days(5), "none"],
    ["tried before that, it is tried again", proof({ askedAt: days(4.7) }), days(5), "by_itself"],
    ["at its end it lapses, whenever it was tried", proof({ askedAt: days(6.99) }), days(7), "lapse"],
    ["after three months a person is asked", proof({ personAt: days(-83) }), days(5), "by_a_person"],
    ["a webhook never asks one", proof({ proof: "webhook", personAt: null }), days(5), "by_itself"],
    ["a sink from before the rule asks one at once", proof({ proof: "before_this_rule" }), days(5), "by_a_person"],
  ] as const)("%s", (_, given, now, what) => {
    expect(renewalNow(given, now)).toBe(what);
  });
  test("renewed, it holds for a week, and never longer than the person's three months", () => {
    expect(holdsUntil("code", NOW, days(5))).toEqual(days(12));
    expect(holdsUntil("code", NOW, days(88))).toEqual(days(90));
    expect(holdsUntil("echo", null, days(500))).toEqual(days(507));
  });
});

test("a new secret is used by its challenge alone until it is proven", () => {
  const hidden = withNext({ routingKey: "old" }, { routingKey: "new" });
  expect(secretsFor(hidden, "trigger")).toEqual({ routingKey: "old" });
  expect(secretsFor(hidden, "challenge")).toEqual({ routingKey: "new" });
  expect(nextOf(withNext(hidden, { routingKey: "newer" }))).toEqual({ routingKey: "newer" });
});
test("a secret is overdue at ninety days, and what has none never", () => {
  expect(secretOverdue(NOW, days(89.9))).toBe(false);
  expect(secretOverdue(NOW, days(90))).toBe(true);
  expect(secretOverdue(null, days(900))).toBe(false);
});
