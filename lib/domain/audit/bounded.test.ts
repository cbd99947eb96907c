import { hash } from "node:crypto";
import { expect, test } from "vitest";
import { boundedBody, boundedTarget, boundedText, MAX_BODY_BYTES } from "./bounded.ts";

test("a name of a megabyte is cut and its digest kept, so that it can be recognised", () => {
  const name = "x".repeat(1_000_000);
  const kept = boundedText(name);
  expect(kept).toBe(`${"x".repeat(2_000)}… [1000000 characters, SHA-256 ${hash("sha256", name, "hex")}]`);
  expect(boundedText("x".repeat(2_000))).toBe("x".repeat(2_000));
  expect(boundedText(`${"x".repeat(1_999)}😀 and more`)).toMatch(/^x{1999}… \[/);
});

test("what no column takes is replaced: NUL and half a character", () => {
  expect(boundedBody({ a: "a\0b", "k\0": [{ b: "\ud800" }] })).toEqual({ a: "a\ufffdb", "k\ufffd": [{ b: "\ufffd" }] });
});

test("a target is one line: line ends, colours and directions are spelled out", () => {
  expect(boundedTarget("server:1\n2026 root deleted all\u001b[31m\u2028\u202e")).toBe(
    "server:1\\u000a2026 root deleted all\\u001b[31m\\u2028\\u202e",
  );
  const long = boundedTarget(`server:${"y".repeat(5_000)}`);
  expect([...long]).toHaveLength(200);
  expect(long).toMatch(/…#[0-9a-f]{16}$/);
});

test("a whole that is too large leaves its size and digest, and depth has an end", () => {
  const many = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`k${i}`, "z".repeat(1_900)]));
  expect(boundedBody(many)).toEqual({
    cut: { bytes: expect.any(Number), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
  });
  expect(JSON.stringify(boundedBody({ a: "é".repeat(1_000) })).length).toBeLessThan(MAX_BODY_BYTES);
  let deep: Record<string, unknown> = {};
  for (let i = 0; i < 100; i++) deep = { deep };
  expect(JSON.stringify(boundedBody(deep))).toContain("[deeper than 12 levels]");
  expect(boundedBody({ at: new Date(0) })).toEqual({ at: "1970-01-01T00:00:00.000Z" });
});
