// The rules over streams made here: what a lawful log looks like, and that each kind of change is said by its name.
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { findings } from "./finding.ts";
import { type AuditEvent, contentHash, genesis, linkHash, piiCommitment } from "./hash.ts";
import type { Head } from "./merkle.ts";
import { type SealedRow, verifyChain } from "./verify.ts";

const TENANT = "22222222-2222-4222-8222-222222222222";
const SALT = "ab".repeat(32);

function sealed(
  n: number,
  change: (event: AuditEvent, seq: number) => AuditEvent = (e) => e,
): { rows: SealedRow[]; head: Head } {
  const rows: SealedRow[] = [];
  let prev = genesis(TENANT);
  for (let seq = 1; seq <= n; seq++) {
    const event = change(
      {
        id: randomUUID(),
        tenantId: TENANT,
        at: "2026-11-21T07:00:00.000000Z",
        actor: TENANT,
        actAs: null,
        grantId: null,
        action: "server.register",
        target: `server:${seq}`,
        body: "{}",
        piiCommit: piiCommitment(SALT, "{}"),
      },
      seq,
    );
    const content = contentHash(event);
    const hash = linkHash(prev, seq, content);
    rows.push({ seq, eventId: event.id, contentHash: content, prev, hash, event, pii: event.piiCommit });
    prev = hash;
  }
  return { rows, head: { tenantId: TENANT, seq: n, hash: prev } };
}

async function* batches(rows: SealedRow[], size: number) {
  for (let i = 0; i < rows.length; i += size) yield rows.slice(i, i + size);
}
async function* none() {}

async function codes({ rows, head }: { rows: SealedRow[]; head: Head | null }, size = 2): Promise<string[]> {
  const found = findings();
  await verifyChain({ tenantId: TENANT, rows: batches(rows, size), head, loose: none() }, found);
  return found.list.map((f) => f.code);
}

test.each([1, 2, 7, 100])("a lawful chain is clean whatever the size of a batch: %i", async (size) => {
  expect(await codes(sealed(9), size)).toEqual([]);
});

test("an empty log without a head is clean; one with a head is not", async () => {
  expect(await codes({ rows: [], head: null })).toEqual([]);
  expect(await codes({ rows: [], head: sealed(1).head })).toEqual(["head-mismatch"]);
});

const row = (rows: SealedRow[], seq: number) => rows[seq - 1] as SealedRow;
describe("a change is said by its name", () => {
  test.each<[string, (s: { rows: SealedRow[]; head: Head }) => { rows: SealedRow[]; head: Head | null }, string[]]>([
    [
      "a missing event",
      (s) => ({ ...s, rows: s.rows.map((r) => (r.seq === 3 ? { ...r, event: null } : r)) }),
      ["event-missing"],
    ],
    [
      "a body with one more character",
      (s) => ({
        ...s,
        rows: s.rows.map((r) => (r.seq === 3 && r.event ? { ...r, event: { ...r.event, body: "{} " } } : r)),
      }),
      ["event-altered"],
    ],
    [
      "a character moved to the next field",
      (s) => ({
        ...s,
        rows: s.rows.map((r) =>
          r.seq === 3 && r.event ? { ...r, event: { ...r.event, action: "server.registers", target: "erver:3" } } : r,
        ),
      }),
      ["event-altered"],
    ],
    [
      "a link with another hash",
      (s) => ({ ...s, rows: s.rows.map((r) => (r.seq === 3 ? { ...r, hash: "00".repeat(32) } : r)) }),
      ["link-altered", "link-altered"],
    ],
    ["a beginning of its own", (s) => ({ ...s, rows: s.rows.slice(1) }), ["chain-gap"]],
    [
      "a chain that goes on beyond its head",
      (s) => ({ ...s, head: { ...s.head, seq: 4, hash: row(s.rows, 4).hash } }),
      ["head-mismatch"],
    ],
    ["a head that is gone", (s) => ({ ...s, head: null }), ["head-mismatch"]],
    [
      "personal data of somebody else",
      (s) => ({ ...s, rows: s.rows.map((r) => (r.seq === 2 ? { ...r, pii: piiCommitment(SALT, '{"a":1}') } : r)) }),
      ["pii-altered"],
    ],
    [
      "personal data that is gone",
      (s) => ({ ...s, rows: s.rows.map((r) => (r.seq === 2 ? { ...r, pii: null } : r)) }),
      ["pii-missing"],
    ],
  ])("%s", async (_what, change, expected) => {
    expect(await codes(change(sealed(5)))).toEqual(expected);
  });
});

test("an erasure explains only what it names, and only when it comes later", async () => {
  const before = sealed(4);
  const victims = [row(before.rows, 2), row(before.rows, 3)];
  const ids = victims.map((r) => r.eventId);
  const again = (order: number) =>
    sealed(4, (e, seq) =>
      seq === order
        ? { ...e, action: "gdpr.erased", body: JSON.stringify({ events: [ids[0]] }), piiCommit: null }
        : { ...e, id: seq === 2 ? (ids[0] ?? "") : seq === 3 ? (ids[1] ?? "") : e.id },
    );
  const gone = (s: ReturnType<typeof sealed>) => ({
    ...s,
    rows: s.rows.map((r) => (r.seq === 2 || r.seq === 3 ? { ...r, pii: null } : r)),
  });
  expect(await codes(gone(again(4)))).toEqual(["pii-missing"]);
  expect(await codes(gone(again(1)))).toEqual(["pii-missing", "pii-missing"]);
});

test("a body that is no JSON explains nothing and breaks nothing", async () => {
  const s = sealed(2, (e, seq) =>
    seq === 2 ? { ...e, action: "gdpr.erased", body: '{"__proto__":{"events":1},"events":"all' } : e,
  );
  expect(await codes({ ...s, rows: s.rows.map((r) => (r.seq === 1 ? { ...r, pii: null } : r)) })).toEqual([
    "pii-missing",
  ]);
});

test("the list of findings is bounded and its count is not", async () => {
  const found = findings();
  const s = sealed(1_500);
  await verifyChain(
    {
      tenantId: TENANT,
      rows: batches(
        s.rows.map((r) => ({ ...r, event: null })),
        500,
      ),
      head: s.head,
      loose: none(),
    },
    found,
  );
  expect([found.list.length, found.count]).toEqual([1_000, 1_500]);
});
