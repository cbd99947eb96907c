import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { leaseHolder, leaseKeeper } from "#lib/adapters/secrets/lease";
import { holdsSecrets, openBatch, sealBatch } from "./leased.ts";
import type { Batch } from "./prober.ts";
import type { ProbeTarget } from "./transcript.ts";

const tenantId = randomUUID();
const target = (over: Partial<ProbeTarget> = {}): ProbeTarget => ({
  serverId: randomUUID(),
  tenantId,
  url: "https://mcp.example.com/mcp",
  headers: {},
  knownEra: null,
  ...over,
});
const batch = (...targets: ProbeTarget[]): Batch => ({
  id: 1,
  targets,
  policy: { allow: [] },
  steps: false,
  softMs: 1_000,
});
const CERTIFICATE = { certificate: "canary-certificate", key: "canary-key" };

test("what goes to a prober process holds no credential in clear, and is whole again inside it", () => {
  const [keeper, holder] = [leaseKeeper(), leaseHolder()];
  const given = batch(
    target({ headers: { Authorization: "Bearer canary-token" } }),
    target(),
    target({ clientCertificate: CERTIFICATE as never }),
    target({ extras: { checks: [], allowedTools: ["read"], held: { check: { id: "canary-session" } as never } } }),
  );
  const sealed = sealBatch(given, keeper, holder.publicKey, "fra");
  expect(JSON.stringify(sealed)).not.toContain("canary");
  // As it comes over the process boundary.
  expect(openBatch(JSON.parse(JSON.stringify(sealed)), holder)).toEqual(given.targets);
});

test("a batch without credentials travels as it is", () => {
  const given = batch(target(), target());
  expect(holdsSecrets(given)).toBe(false);
  expect(openBatch(given, leaseHolder())).toBe(given.targets);
});

test("a process opens no batch of another process, and no credential moved to another server or tenant", () => {
  const [keeper, holder] = [leaseKeeper(), leaseHolder()];
  const [one, two] = [target({ headers: { a: "1" } }), target({ headers: { b: "2" } })];
  const sealed = sealBatch(batch(one, two), keeper, holder.publicKey, "fra");
  const refused = expect.objectContaining({ code: "E_FORBIDDEN" });
  expect(() => openBatch(sealed, leaseHolder())).toThrow(refused);
  const values = sealed.sealed?.lease.sealed ?? {};
  const swapped = { [one.serverId]: values[two.serverId] ?? "", [two.serverId]: values[one.serverId] ?? "" };
  const lease = { ...(sealed.sealed?.lease as NonNullable<typeof sealed.sealed>["lease"]), sealed: swapped };
  expect(() => openBatch({ ...sealed, sealed: { lease, keeper } }, holder)).toThrow(refused);
  const elsewhere = sealed.targets.map((t) => ({ ...t, tenantId: randomUUID() }));
  expect(() => openBatch({ ...sealed, targets: elsewhere }, holder)).toThrow(refused);
});
