// Against a service of our own that checks signature and context as AWS KMS documents them; not against AWS.
import { randomBytes, randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { sender } from "#lib/adapters/send";
import { type FakeKms, fakeKms, KMS_ACCESS } from "../../testing/fake-kms.ts";
import { kmsStore } from "./kms-store.ts";

const REGION = "eu-central-1";
let kms: FakeKms;
beforeAll(async () => {
  kms = await fakeKms(REGION, ["one", "two"]);
});
afterAll(() => kms.close());

const store = (over: Partial<Parameters<typeof kmsStore>[0]> = {}) =>
  kmsStore(
    { region: REGION, keyId: "one", formerKeyIds: [], endpoint: kms.url, ...KMS_ACCESS, ...over },
    sender(() => undefined),
  );
const name = () => ({ tenantId: randomUUID(), keyId: randomUUID() });

test("wraps and unwraps with signed calls, whose context names tenant and key and nothing else", async () => {
  const [key, to] = [randomBytes(32), name()];
  const wrapped = await store().wrap(key, to);
  expect(wrapped.kekId).toBe("aws-kms:one");
  expect((await store().unwrap(wrapped, to)).equals(key)).toBe(true);
  const context = { app: "tocsin", tenant: to.tenantId, key: to.keyId };
  expect(kms.calls.splice(0)).toEqual([
    { action: "Encrypt", keyId: "one", context },
    { action: "Decrypt", keyId: "one", context },
  ]);
  await store().health();
});

test("opens for no other tenant and no other key, and says that the blob is wrong", async () => {
  const to = name();
  const wrapped = await store().wrap(randomBytes(32), to);
  const wrong = expect.objectContaining({ code: "E_CONFIG" });
  await expect(store().unwrap(wrapped, { ...to, tenantId: randomUUID() })).rejects.toEqual(wrong);
  await expect(store().unwrap(wrapped, { ...to, keyId: randomUUID() })).rejects.toEqual(wrong);
  await expect(store({ keyId: "two" }).unwrap(wrapped, to)).rejects.toEqual(wrong);
});

test("a former key is still read, and the current one wraps", async () => {
  const [key, to] = [randomBytes(32), name()];
  const before = await store().wrap(key, to);
  const now = store({ keyId: "two", formerKeyIds: ["one"] });
  expect((await now.unwrap(before, to)).equals(key)).toBe(true);
  expect((await now.wrap(key, to)).kekId).toBe("aws-kms:two");
  expect(await now.known()).toEqual(["aws-kms:two", "aws-kms:one"]);
});

test("a service that is away, or does not know the signature, is no fault of the secret", async () => {
  const to = name();
  const wrapped = await store().wrap(randomBytes(32), to);
  const away = expect.objectContaining({ code: "E_UNAVAILABLE" });
  await expect(store({ secretAccessKey: "another" }).unwrap(wrapped, to)).rejects.toEqual(away);
  kms.away = true;
  await expect(store().unwrap(wrapped, to)).rejects.toEqual(away);
  kms.away = false;
  await expect(store({ endpoint: "http://127.0.0.1:1" }).unwrap(wrapped, to)).rejects.toEqual(away);
  await expect(store({ endpoint: "http://127.0.0.1:1" }).unwrap(wrapped, to)).rejects.not.toThrow(/a-secret/);
});

test("a service that does not answer is not waited for by everybody, and is asked again soon", async () => {
  const to = name();
  const asked: string[] = [];
  const silent = kmsStore({ region: REGION, keyId: "one", formerKeyIds: [], endpoint: kms.url, ...KMS_ACCESS }, (r) => {
    asked.push(r.label ?? "");
    return Promise.resolve({ kind: "failure", code: "ETIMEDOUT" } as never);
  });
  const away = expect.objectContaining({ code: "E_UNAVAILABLE" });
  for (let n = 0; n < 3; n++) await expect(silent.wrap(randomBytes(32), to)).rejects.toEqual(away);
  expect(asked).toEqual(["Encrypt"]);
  const jump = vi.spyOn(performance, "now").mockReturnValue(performance.now() + 2_000);
  await expect(silent.wrap(randomBytes(32), to)).rejects.toEqual(away);
  jump.mockRestore();
  expect(asked).toEqual(["Encrypt", "Encrypt"]);
});
