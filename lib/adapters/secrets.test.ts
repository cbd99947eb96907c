import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { places, readKeyFile, secretBox } from "./secrets.ts";

const key = Buffer.alloc(32, 7);
const box = secretBox(key);
const place = places.sink("tenant-a", "sink-1");

test("what is sealed opens again, and never twice to the same bytes", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (secret) => box.open(place, box.seal(place, secret)) === secret),
  );
  expect(Buffer.from(box.seal(place, "x")).equals(Buffer.from(box.seal(place, "x")))).toBe(false);
});

test.each([
  ["another tenant", { ...place, tenantId: "tenant-b" }],
  ["another row", { ...place, rowId: "sink-2" }],
  ["another column", { ...place, column: "config" }],
  ["another table", { ...place, table: "server_credential" }],
  ["fields that shift a character", { ...place, table: "sin", column: "ksealed" }],
])("a value moved to %s does not open", (_what, other) => {
  expect(() => box.open(other, box.seal(place, "secret"))).toThrow(/could not be opened/);
});

test("a value with any one byte changed does not open, and neither does a cut one", () => {
  const sealed = box.seal(place, "secret");
  for (let i = 0; i < sealed.length; i++) {
    const bent = Uint8Array.from(sealed);
    bent[i] = (bent[i] ?? 0) ^ 1;
    expect(() => box.open(place, bent)).toThrow();
  }
  for (let n = 0; n < sealed.length; n++) expect(() => box.open(place, sealed.subarray(0, n))).toThrow();
});

test("another installation's key says so and does not try", () => {
  expect(() => secretBox(Buffer.alloc(32, 8)).open(place, box.seal(place, "secret"))).toThrow(/another key/);
});

test("the sealed bytes do not hold the secret", () => {
  expect(Buffer.from(box.seal(place, "correct horse battery")).includes("horse")).toBe(false);
});

test("a key file others may read is refused, and so is one of the wrong length", () => {
  const dir = mkdtempSync(join(tmpdir(), "key-"));
  const file = join(dir, "key");
  writeFileSync(file, key.toString("base64"), { mode: 0o400 });
  expect(readKeyFile(file).equals(key)).toBe(true);
  chmodSync(file, 0o444);
  expect(() => readKeyFile(file)).toThrow(/chmod 0400/);
  expect(() => readKeyFile(join(dir, "none"))).toThrow(/cannot be read/);
  expect(() => secretBox(Buffer.alloc(16))).toThrow(/32 bytes/);
});
