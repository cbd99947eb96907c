import { generateKeyPairSync, hash } from "node:crypto";
import { expect, test } from "vitest";
import { CHECKPOINT_GENESIS, type Checkpoint, keyIdOf, publicKeys, signCheckpoint } from "./checkpoint.ts";
import { findings } from "./finding.ts";
import { type Head, inclusionPath, leavesOf, merkleRoot } from "./merkle.ts";
import { verifyCheckpoints } from "./verify-checkpoints.ts";

const pair = generateKeyPairSync("ed25519");
const keys = new Map([[keyIdOf(pair.publicKey), pair.publicKey]]);
const tenants = [
  "22222222-2222-4222-8222-222222222222",
  "33333333-3333-4333-8333-333333333333",
  "44444444-4444-4444-8444-444444444444",
];
const head = (tenant: number, seq: number): Head => ({
  tenantId: tenants[tenant] ?? "",
  seq,
  hash: hash("sha256", `${tenant} ${seq}`, "hex"),
});
const at = (no: number) => new Date(Date.parse("2026-11-21T12:00:00Z") + no * 60_000).toISOString();

/** Five checkpoints; the first tenant's head moves in each. */
function line(key = pair.privateKey): Checkpoint[] {
  const made: Checkpoint[] = [];
  for (let no = 1; no <= 5; no++) {
    const heads = [head(0, no), head(1, 1), head(2, 1)];
    const leaves = leavesOf(heads);
    const signed = signCheckpoint(
      { no, at: at(no), treeSize: 3, root: merkleRoot(leaves), prev: made.at(-1)?.hash ?? CHECKPOINT_GENESIS },
      key,
    );
    made.push({ ...signed, heads: no === 1 ? heads : [head(0, no)] });
  }
  return made;
}

async function codes(
  checkpoints: Checkpoint[],
  more: { until?: number; hashesAt?: (claims: readonly Head[]) => Promise<(string | null)[]> } = {},
): Promise<string[]> {
  const found = findings();
  async function* batches() {
    for (let i = 0; i < checkpoints.length; i += 2) yield checkpoints.slice(i, i + 2);
  }
  await verifyCheckpoints(
    { checkpoints: batches(), keys, hashesAt: async (claims) => claims.map((c) => c.hash), ...more },
    found,
  );
  return found.list.map((f) => f.code);
}
const changed = (no: number, change: Partial<Checkpoint>) => line().map((c) => (c.no === no ? { ...c, ...change } : c));

test("a line of checkpoints that follow one another is clean, by all heads and by one tenant's paths", async () => {
  expect(await codes(line(), { until: Date.parse(at(5)) + 180_000 })).toEqual([]);
  const paths = line().map(({ heads: _, ...c }) => {
    const leaves = leavesOf([head(0, c.no), head(1, 1), head(2, 1)]);
    return { ...c, own: { ...head(0, c.no), index: 0, path: inclusionPath(leaves, 0) } };
  });
  expect(await codes(paths)).toEqual([]);
  expect(await codes(paths.map((c) => (c.no === 3 ? { ...c, own: { ...c.own, index: 1 } } : c)))).toEqual([
    "checkpoint-root",
  ]);
});

test.each<[string, Checkpoint[], string[]]>([
  [
    "a time that was changed after signing",
    changed(3, { at: at(3).replace(":00.000Z", ":01.000Z") }),
    ["checkpoint-signature"],
  ],
  [
    "a root that was changed after signing",
    changed(3, { root: "00".repeat(32) }),
    ["checkpoint-root", "checkpoint-signature"],
  ],
  ["a head that is not under the root", changed(3, { heads: [head(0, 4)] }), ["checkpoint-root"]],
  ["one that is missing", line().filter((c) => c.no !== 3), ["checkpoint-link"]],
  ["a file that begins in the middle", line().slice(2), ["unproven"]],
  [
    "a line signed with another key",
    line(generateKeyPairSync("ed25519").privateKey),
    Array(5).fill("checkpoint-signature"),
  ],
])("%s is found", async (_what, checkpoints, expected) => {
  expect((await codes(checkpoints)).sort()).toEqual(expected);
});

test("silence of 180 s is allowed and one second more is a finding, also at the end", async () => {
  expect(await codes(line(), { until: Date.parse(at(5)) + 181_000 })).toEqual(["checkpoint-gap"]);
});

test("a link that is gone or another is found at every checkpoint that saw it", async () => {
  expect(
    await codes(line(), {
      hashesAt: async (claims) => claims.map((c) => (c.tenantId === tenants[0] && c.seq > 3 ? null : c.hash)),
    }),
  ).toEqual(["checkpoint-mismatch", "checkpoint-mismatch"]);
});

test("keys are read from PEM, several in one file, and a key of another kind is refused", () => {
  const pem = (k: typeof pair.publicKey) => k.export({ type: "spki", format: "pem" }) as string;
  expect(publicKeys(pem(pair.publicKey) + pem(generateKeyPairSync("ed25519").publicKey)).size).toBe(2);
  expect(() => publicKeys(pem(generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey))).toThrow(/Ed25519/);
});
