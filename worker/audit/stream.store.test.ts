// Copies of the log at real receivers: everything arrives, in the order of its chain, signed or locked as its kind asks;
// what breaks in between repeats and never skips; and who is away for a day finds all of it afterwards.
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { audit } from "#lib/adapters/audit";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { secretBox } from "#lib/adapters/secrets";
import { sender } from "#lib/adapters/send";
import { type SendBatch, streamSender } from "#lib/adapters/send-stream";
import { addAuditStream } from "#lib/commands/audit-stream/add";
import { changeAuditStream } from "#lib/commands/audit-stream/change";
import { removeAuditStream } from "#lib/commands/audit-stream/remove";
import { testAuditStream } from "#lib/commands/audit-stream/test-send";
import { type Actor, execute } from "#lib/commands/command";
import { contentHash, genesis, linkHash } from "#lib/domain/audit/hash";
import type { StreamedEvent, StreamRecord } from "#lib/domain/audit/stream";
import { auditStreams } from "#lib/queries/audit-streams";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeTenant } from "#lib/testing/make";
import { type Got, testReceiver } from "#lib/testing/receiver";
import { testBucket } from "#lib/testing/s3";
import { testSettings } from "#lib/testing/settings";
import { testSyslog } from "#lib/testing/syslog";
import { certificate } from "#lib/testing/vendors/certificate";
import { secrets } from "#lib/adapters/secrets";
import { checkpoint } from "./checkpoint.ts";
import { type Streamer, streamLog } from "./stream.ts";

const quiet = pino({ level: "silent" });
const WHY = "The auditors want a copy that we do not own";
const SECRET = `whsec_${randomBytes(32).toString("base64")}`;
let db: TestDatabase;
let folder: string;
let forget: () => void;
let acme: string;
let globex: string;
let now: Date;
let ca: string | undefined;
const open: { close(): Promise<void> }[] = [];
const kept = <T extends { close(): Promise<void> }>(receiver: T): T => {
  open.push(receiver);
  return receiver;
};

const root = (): Actor => ({
  ...{ personId: randomUUID(), name: "Rosa", tenantId: PLATFORM_TENANT, layers: ["root", "operator"] },
  authTime: new Date(),
});

beforeEach(async () => {
  db = await testDatabase();
  forget = testSettings(db);
  folder = mkdtempSync(join(tmpdir(), "tocsin-stream-"));
  acme = (await makeTenant(db)).id;
  globex = (await makeTenant(db)).id;
  now = new Date(); // The receivers' libraries hold a signature to the real clock.
  ca = undefined;
  await allow("127.0.0.0/8");
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((r) => r.close()));
  await db.close();
  forget();
  rmSync(folder, { recursive: true, force: true });
});

const allow = (cidr: string) =>
  db.sql(
    "INSERT INTO address_allowance (tenant_id, id, cidr, reason, created_at) VALUES ($1, gen_random_uuid(), $2, 'For the test only', now())",
    [PLATFORM_TENANT, cidr],
  );
async function write(tenantId: string, count: number, name = "Ann") {
  const context = { tenantId, actorId: tenantId };
  for (let n = 0; n < count; n++)
    await db.appDb.withTenant(context, (tx) =>
      audit(tx, context, {
        action: "server.register",
        target: `server:${n}`,
        body: { n, text: "line\u2028two\u001b[31m — größer" },
        personal: { subject: "person:1", body: { name } },
      }),
    );
}
const sign = () =>
  checkpoint(db.workerDb, { keyFile: join(folder, "checkpoint.pem"), dir: join(folder, "saved") }, quiet, now);
const send: SendBatch = streamSender(sender(() => ca));
const streamer = (with_: Partial<Streamer> = {}): Streamer => ({
  ...{ db: db.workerDb, box: secrets(), send, ca: () => ca, log: quiet },
  ...with_,
});
const run = (with_?: Partial<Streamer>) => streamLog(streamer(with_), now);
const add = async (kind: string, config: Record<string, string>) =>
  (await execute(db.appDb, addAuditStream, root(), { kind, name: `to ${kind}`, config }, WHY)).streamId;
const state = async () =>
  (await db.appDb.withTenant({ tenantId: PLATFORM_TENANT, actorId: acme }, (tx) => auditStreams(tx, now)))[0];

/** The receiver's own library over the bytes as they were sent: JSON in ASCII. */
function verified(g: Got): void {
  const bytes = JSON.stringify(g.body).replace(
    /[\u007f-\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  new Webhook(SECRET).verify(bytes, g.headers);
}

/** Each log's events follow one another by their own hashes, from the first, none missing. @returns how many per log */
function chained(records: StreamRecord[]): Record<string, number> {
  const seen: Record<string, { seq: number; hash: string }> = {};
  for (const r of records) {
    if (r.kind !== "event") continue;
    const { link, event } = r as StreamedEvent;
    const before = seen[link.tenantId] ?? { seq: 0, hash: genesis(link.tenantId) };
    if (link.seq <= before.seq) continue; // A repeat.
    expect(link.seq).toBe(before.seq + 1);
    expect(link.prev).toBe(before.hash);
    expect(event && contentHash(event)).toBe(link.contentHash);
    expect(linkHash(link.prev, link.seq, link.contentHash)).toBe(link.hash);
    seen[link.tenantId] = { seq: link.seq, hash: link.hash };
  }
  return Object.fromEntries(Object.entries(seen).map(([id, { seq }]) => [id, seq]));
}

describe("everything arrives, of every tenant and in the order of its chain, and nothing personal", () => {
  async function fill() {
    await write(acme, 5);
    await write(globex, 2);
    await sign();
  }
  /** What is written while it is sent is in it too: the stream's own making is an event of the platform. */
  function complete(records: StreamRecord[]) {
    expect(chained(records)).toEqual({ [acme]: 5, [globex]: 2, [PLATFORM_TENANT]: 1 });
    expect(records.filter((r) => r.kind === "checkpoint").map((r) => r.checkpoint.no)).toEqual([1]);
    expect(JSON.stringify(records)).not.toContain("Ann");
  }

  test.each(["tcp", "tls"])("syslog over %s", async (transport) => {
    const cert = await certificate(folder);
    ca = cert.ca;
    const syslog = kept(await testSyslog(transport === "tls" ? cert : undefined));
    await fill();
    await add("syslog", { host: "127.0.0.1", port: String(syslog.port), transport });
    await run();
    expect(await state()).toMatchObject({ state: "current", waiting: 0, lastError: null });
    complete(syslog.got.map((l) => l.message as StreamRecord));
    expect(syslog.got[0]).toMatchObject({ pri: 110, app: "tocsin", msgId: "event", host: "127.0.0.1:3000" });
    const count = syslog.got.length;
    await run();
    expect(syslog.got).toHaveLength(count);
  });

  test("a webhook, whose signature holds", async () => {
    const receiver = kept(await testReceiver());
    await fill();
    const id = await add("webhook", { url: `${receiver.url}/audit`, secret: SECRET });
    await run();
    const records = receiver.got.flatMap((g) => {
      verified(g);
      return (g.body.data as { records: StreamRecord[] }).records;
    });
    complete(records);
    expect(receiver.got[0]?.headers["webhook-id"]).toMatch(new RegExp(`^${id}\\.`));
  });

  test("a bucket, under a lock of seven years that nobody can lift", async () => {
    const bucket = kept(await testBucket());
    await fill();
    await add("s3", {
      ...bucket.keys,
      endpoint: bucket.url,
      region: bucket.region,
      bucket: bucket.bucket,
      prefix: "tocsin/a",
    });
    await run();
    expect(bucket.refused).toEqual([]);
    expect([...bucket.objects.keys()].sort()).toEqual(
      [
        `tocsin/a/${acme}/0000000001-0000000005.ndjson`,
        `tocsin/a/${globex}/0000000001-0000000002.ndjson`,
        `tocsin/a/${PLATFORM_TENANT}/0000000001-0000000001.ndjson`,
        "tocsin/a/checkpoints/0000000001-0000000001.ndjson",
      ].sort(),
    );
    complete(
      [...bucket.objects.values()].flat().flatMap((text) =>
        text
          .trimEnd()
          .split("\n")
          .map((l) => JSON.parse(l)),
      ),
    );
  });
});

describe("a copy that breaks", () => {
  test("between its arrival and the note of it is sent again, and nothing is left out", async () => {
    const receiver = kept(await testReceiver());
    await write(acme, 450);
    await add("webhook", { url: receiver.url, secret: SECRET });
    let calls = 0;
    const dying: SendBatch = async (...args) => {
      await send(...args);
      if (++calls === 2) throw new Error("killed here");
      return null;
    };
    await run({ send: dying });
    expect(await state()).toMatchObject({ state: "failing", lastError: expect.stringMatching(/fault on our side/) });
    now = new Date(now.getTime() + 10_000);
    await run();
    const records = receiver.got.flatMap((g) => (g.body.data as { records: StreamRecord[] }).records);
    expect(chained(records)[acme]).toBe(450);
    expect(records.filter((r) => r.kind === "event").length).toBe(450 + 1 + 200);
    expect(await state()).toMatchObject({ state: "current", lastError: null });
  });

  test("in the middle of the lines is sent again from the last position", async () => {
    const syslog = kept(await testSyslog());
    await write(acme, 30);
    await add("syslog", { host: "127.0.0.1", port: String(syslog.port), transport: "tcp" });
    syslog.breakAfter = 3_000;
    await run();
    expect(await state()).toMatchObject({ state: "failing", caughtUpAt: null });
    syslog.breakAfter = null;
    now = new Date(now.getTime() + 10_000);
    await run();
    expect(chained(syslog.got.map((l) => l.message as StreamRecord))[acme]).toBe(30);
  });

  test("for a day catches up from the log itself, and says meanwhile what is wrong and how much waits", async () => {
    const receiver = kept(await testReceiver());
    await write(acme, 3);
    await add("webhook", { url: `${receiver.url}/audit`, secret: SECRET });
    receiver.on("/audit", () => ({ status: 503, body: `${SECRET} is what I will not say` }));
    for (let hour = 0; hour < 24; hour++) {
      await write(acme, 1);
      await sign();
      await run();
      now = new Date(now.getTime() + 3_600_000);
    }
    const away = await state();
    expect(away).toMatchObject({ state: "failing", lastError: "The receiver answered 503.", caughtUpAt: null });
    expect(away?.waiting).toBeGreaterThanOrEqual(27);
    receiver.on("/audit", () => ({ status: 200 }));
    receiver.got.length = 0;
    await run();
    const records = receiver.got.flatMap((g) => (g.body.data as { records: StreamRecord[] }).records);
    expect(chained(records)[acme]).toBe(27);
    expect(records.filter((r) => r.kind === "checkpoint")).toHaveLength(24);
    expect(await state()).toMatchObject({ state: "current", waiting: 0 });
  });

  test("does not hold up another", async () => {
    const silent = kept(await testReceiver());
    const well = kept(await testReceiver());
    silent.on("/", () => "silence");
    await add("webhook", { url: silent.url, secret: SECRET });
    await add("webhook", { url: well.url, secret: SECRET });
    await write(acme, 1);
    const quick: SendBatch = (t, b, o) => send(t, b, { ...o, timeoutMs: 300 });
    await run({ send: quick });
    expect(well.got.length).toBeGreaterThan(0);
    expect(await state()).toMatchObject({ lastError: "The receiver did not answer in time." });
  });

  test("by a private address is not connected to, and says so", async () => {
    const receiver = kept(await testReceiver());
    await db.sql("UPDATE address_allowance SET revoked_at = now()");
    await add("webhook", { url: receiver.url, secret: SECRET });
    await run();
    expect(receiver.got).toEqual([]);
    expect((await state())?.lastError).toMatch(/private or reserved/);
  });

  test("by a wrong key of the bucket names what the service said, and no secret", async () => {
    const bucket = kept(await testBucket());
    await add("s3", {
      ...{ endpoint: bucket.url, region: bucket.region, bucket: bucket.bucket },
      ...{ accessKeyId: bucket.keys.accessKeyId, secretAccessKey: "anotherSecretThatIsWrong" },
    });
    await run();
    expect((await state())?.lastError).toBe("The receiver answered 403 (SignatureDoesNotMatch).");
    expect(JSON.stringify(await db.sql("SELECT * FROM audit_stream"))).not.toContain("anotherSecret");
  });
});

describe("its settings", () => {
  test("a test says whether it arrived, also while the copy waits for its next try", async () => {
    const receiver = kept(await testReceiver());
    const id = await add("webhook", { url: receiver.url, secret: SECRET });
    await execute(db.appDb, testAuditStream, root(), { streamId: id });
    expect((await state())?.test).toEqual({ state: "asked" });
    await run();
    expect(receiver.got.flatMap((g) => (g.body.data as { records: StreamRecord[] }).records)[0]).toMatchObject({
      kind: "test",
    });
    expect((await state())?.test).toMatchObject({ state: "done", result: "Arrived." });
  });

  test("a secret left empty stays, a removed stream sends nothing and keeps none, and each act has its row", async () => {
    const receiver = kept(await testReceiver());
    const id = await add("webhook", { url: receiver.url, secret: SECRET });
    const other = kept(await testReceiver());
    await execute(
      db.appDb,
      changeAuditStream,
      root(),
      { streamId: id, name: "moved", config: { url: other.url, secret: "" } },
      WHY,
    );
    await run();
    expect(receiver.got).toEqual([]);
    for (const g of other.got) verified(g);
    expect(other.got.length).toBeGreaterThan(0);
    other.clear();
    await execute(db.appDb, removeAuditStream, root(), { streamId: id }, WHY);
    await run();
    expect(other.got).toEqual([]);
    expect(await db.sql("SELECT sealed FROM audit_stream")).toEqual([{ sealed: null }]);
    const rows = await db.sql<{ action: string; body: string }>(
      "SELECT action, body FROM audit.event WHERE action LIKE 'audit_stream.%' ORDER BY at",
    );
    expect(rows.map((r) => r.action)).toEqual(["audit_stream.add", "audit_stream.change", "audit_stream.remove"]);
    expect(JSON.stringify(rows)).not.toContain(SECRET.slice(6));
  });

  const wrong: [string, string, Record<string, string>, object][] = [
    ["UDP", "syslog", { host: "logs.example.com", port: "514", transport: "udp" }, { field: "config.transport" }],
    ["a port that is none", "syslog", { host: "h", port: "70000", transport: "tls" }, { field: "config.port" }],
    ["a host with a line break", "syslog", { host: "a\nb", port: "1", transport: "tls" }, { field: "config.host" }],
    ["a URL with a password", "webhook", { url: "https://a:b@c.example", secret: SECRET }, { field: "config.url" }],
    [
      "a secret that is short",
      "webhook",
      { url: "https://c.example", secret: "whsec_abc" },
      { field: "config.secret" },
    ],
    [
      "a bucket in the endpoint",
      "s3",
      { endpoint: "https://s3.example/b", region: "r", bucket: "abc", accessKeyId: "abc", secretAccessKey: "12345678" },
      { field: "config.endpoint" },
    ],
    [
      "a field that is none",
      "syslog",
      { host: "h", port: "1", transport: "tls", via: "x" },
      { code: "E_UNKNOWN_FIELD" },
    ],
    ["a kind that is none", "constructor", {}, { code: "E_INVALID", field: "kind" }],
  ];
  test("what a stream cannot be is refused at its field", async () => {
    for (const [what, kind, config, refusal] of wrong)
      await expect(add(kind, config), what).rejects.toMatchObject({ name: "TocsinError", ...refusal });
    expect(await db.sql("SELECT 1 FROM audit_stream")).toEqual([]);
  });

  test("only a root operator sets it, freshly signed in and with a reason", async () => {
    const config = { host: "h", port: "1", transport: "tls" };
    const attempt = (actor: Actor, why: string) =>
      execute(db.appDb, addAuditStream, actor, { kind: "syslog", name: "x", config }, why);
    await expect(attempt({ ...root(), layers: ["operator"] }, WHY)).rejects.toMatchObject({ code: "E_FORBIDDEN" });
    await expect(attempt({ ...root(), layers: ["auditor"] }, WHY)).rejects.toMatchObject({ code: "E_FORBIDDEN" });
    await expect(attempt({ ...root(), authTime: null }, WHY)).rejects.toMatchObject({ code: "E_STEP_UP" });
    await expect(attempt(root(), "because")).rejects.toMatchObject({ code: "E_REASON" });
  });

  test("a stream whose secret was sealed with another key says so and stops nobody else", async () => {
    const receiver = kept(await testReceiver());
    await add("webhook", { url: receiver.url, secret: SECRET });
    await run({ box: secretBox(randomBytes(32)) });
    expect(receiver.got).toEqual([]);
    expect(await state()).toMatchObject({ state: "failing" });
  });
});
