// What a sink's form refuses, and what holds when one of three layers is missing: the code, row security, the structure.
import { randomBytes, randomUUID } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLog } from "#lib/adapters/log";
import { secrets } from "#lib/adapters/secrets";
import { sender } from "#lib/adapters/send";
import { type Actor, execute } from "#lib/commands/command";
import type { Notice } from "#lib/domain/notice";
import { SINKS } from "#lib/sinks/index";
import type { RenderContext, SinkBases } from "#lib/sinks/sink";
import { Outbox } from "../../../worker/delivery/outbox.ts";
import { type TestClock, testClock } from "../../testing/clock.ts";
import { type TestDatabase, testDatabase } from "../../testing/database.ts";
import { makeSink, makeTenant } from "../../testing/make.ts";
import { testSettings } from "../../testing/settings.ts";
import { aNotice } from "../../testing/sinks/fixtures.ts";
import { changeSink } from "./change.ts";
import { createSink } from "./create.ts";
import { testSend } from "./test-send.ts";

const START = new Date("2026-11-21T12:00:00Z");
const SECRET = `whsec_${randomBytes(32).toString("base64")}`;
let db: TestDatabase;
let clock: TestClock;
let putAway = () => {};
beforeAll(async () => {
  db = await testDatabase();
  putAway = testSettings(db);
  process.env.TOCSIN_URL = "https://console.example.com";
  clock = testClock(START);
});
afterAll(async () => {
  clock.restore();
  putAway();
  await db.close();
});

const operator = async (): Promise<Actor> => ({
  ...{ personId: randomUUID(), name: "Olga", tenantId: (await makeTenant(db)).id, layers: ["operator"] },
});
const hook = (url: string) => ({ kind: "webhook", name: "Tickets", config: { url, secret: SECRET } });
const mail = (recipients: string) => ({ kind: "email", name: "Mail", config: { recipients } });

describe("S1: a webhook's address that may not be reached is refused when it is entered, with the class of its fault", () => {
  test.each([
    ["http://127.0.0.1/hook", "private_address"],
    ["http://10.1.2.3/hook", "private_address"],
    ["http://[::1]/hook", "private_address"],
    ["http://2130706433/hook", "private_address"],
    ["http://169.254.169.254/latest/meta-data/", "private_address"],
    ["http://metadata.google.internal/", "local_name"],
    ["https://localhost/hook", "local_name"],
    ["unix:/var/run/docker.sock", "scheme"],
    ["file:///etc/passwd", "scheme"],
    ["gopher://hooks.example.com/", "scheme"],
    ["https://user:pass@hooks.example.com/", "userinfo"],
    ["https://hooks.example.com:6379/", "port"],
    ["https://console.example.com/api/hooks", "own_console"],
  ])("%s", async (url, why) => {
    const who = await operator();
    const refusal = { code: "E_URL_BLOCKED", httpStatus: 422, detail: why, field: "config.url" };
    await expect(execute(db.appDb, createSink, who, hook(url))).rejects.toMatchObject(refusal);
    const { sinkId } = await execute(db.appDb, createSink, who, hook("https://hooks.example.com/a"));
    const changed = { sinkId, name: "Tickets", config: { url, secret: "" } };
    await expect(execute(db.appDb, changeSink, who, changed)).rejects.toMatchObject(refusal);
    expect(await db.sql("SELECT config->>'url' AS url FROM sink WHERE tenant_id = $1", [who.tenantId])).toEqual([
      { url: "https://hooks.example.com/a" },
    ]);
  });
});

test("a form with a character that cannot be kept is refused beside its field, and is no fault of ours", async () => {
  const who = await operator();
  const url = "https://hooks.example.com/a";
  for (const [field, value] of [
    ["url", `${url}\u0000`],
    ["url", `${url}\ud83d`],
    ["titleTemplate", "{{ server }}\u0007!"],
  ] as const) {
    const config = { url, secret: SECRET, [field]: value };
    const refusal = { code: "E_INVALID", httpStatus: 422, field: `config.${field}` };
    await expect(execute(db.appDb, createSink, who, { ...hook(url), config })).rejects.toMatchObject(refusal);
  }
});

/** Public when the form was saved, and this machine from then on. */
const inside = async () => [{ address: "127.0.0.1", family: 4 }];

test("S2: a name that leads inside is blocked when it connects: tried again, dead after a day, and seen", async () => {
  const who = await operator();
  const { sinkId } = await execute(db.appDb, createSink, who, hook("https://rebinding.example.com/hook"));
  await db.sql("UPDATE sink SET proven_at = now(), proof = 'webhook', proof_due_at = '2036-01-01' WHERE id = $1", [
    sinkId,
  ]);
  const { deliveryId } = await execute(db.appDb, testSend, who, { sinkId });
  const parts = {
    db: db.workerDb,
    box: secrets(),
    bases: {} as SinkBases,
    send: sender(() => undefined, inside),
    random: () => 0.5,
  };
  const outbox = new Outbox(parts, db.sweeper, "rebinding", createLog("test", "fatal"));
  const state = async () =>
    (await db.sql("SELECT state, reason FROM delivery WHERE id = $1", [deliveryId]))[0] as {
      state: string;
      reason: string;
    };
  await outbox.settleAll();
  expect(await state()).toMatchObject({ state: "pending", reason: expect.stringContaining("private or reserved") });
  clock.set(new Date(START.getTime() + 25 * 3_600_000));
  await outbox.settleAll();
  expect(await state()).toMatchObject({ state: "dead", reason: expect.stringContaining("E_URL_BLOCKED") });
  clock.set(START);
});

describe("S7: an e-mail sink's recipients and subject carry no header of their own", () => {
  test.each([
    ["a line break", "ops@example.com\r\nBcc: victim@example.com"],
    ["a header in a name", '"Ops\r\nBcc: x@example.com" <ops@example.com>'],
    ["10,000 recipients", Array.from({ length: 10_000 }, (_, i) => `p${i}@e.example`).join(",")],
    ["21 recipients", Array.from({ length: 21 }, (_, i) => `p${i}@example.com`).join(",")],
    ["a look-alike letter", "ops@exаmple.com"],
    ["mixed scripts", "ops@ехample.com"],
  ])("%s is refused beside its field", async (_what, recipients) => {
    const refusal = await execute(db.appDb, createSink, await operator(), mail(recipients)).catch((e: unknown) => e);
    expect(refusal).toMatchObject({ code: "E_INVALID", httpStatus: 422 });
  });
  test("a line break in what a server calls itself stays inside the one subject line", () => {
    const about: Notice = aNotice("trigger");
    const context: RenderContext<unknown> = {
      notice: { ...about, content: { ...about.content, title: "Down\r\nBcc: victim@example.com\r\n\r\nhello" } },
      ...{ deliveryId: randomUUID(), config: { recipients: "ops@example.com" }, memory: {}, mayRepeat: false },
      ...{ bases: { smtp: "smtp://127.0.0.1", mailFrom: "Tocsin <t@example.com>" } as SinkBases, now: START },
    };
    const request = SINKS.email.next(context as never);
    expect(request).toMatchObject({ via: "smtp", message: { to: ["ops@example.com"] } });
    expect(request?.via === "smtp" && request.message.subject).not.toMatch(/[\r\n]/);
  });
});

describe("what may be delivered where: each of three layers alone suffices", () => {
  let bare: TestDatabase;
  let mine: string;
  let theirs: string;
  let unproven: string;
  let foreign: string;
  beforeAll(async () => {
    bare = await testDatabase();
    mine = (await makeTenant(bare)).id;
    theirs = (await makeTenant(bare)).id;
    unproven = await makeSink(bare, mine, {
      kind: "webhook",
      proven: false,
      config: { url: "https://hooks.example.com/" },
    });
    foreign = await makeSink(bare, theirs, { kind: "webhook", config: { url: "https://hooks.example.com/" } });
  });
  afterAll(() => bare.close());

  const write = async (tenantId: string, sinkId: string, url: string, kind = "test") => {
    const noticeId = randomUUID();
    await bare.sql(
      "INSERT INTO notice (tenant_id, id, kind, dedup_key, content, at) VALUES ($1, $2, 'test', 'k', '{}', now())",
      [tenantId, noticeId],
    );
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      await client.query("BEGIN");
      await client.query("SELECT set_config('app.tenant', $1, true), set_config('app.actor', $1, true)", [mine]);
      await client.query(
        `INSERT INTO delivery (tenant_id, id, notice_id, sink_id, kind, due_at, created_at) VALUES ($1, gen_random_uuid(), $2, $3, $4, now(), now())`,
        [tenantId, noticeId, sinkId, kind],
      );
      return "written";
    } catch (error) {
      return (error as { code?: string }).code ?? "?";
    } finally {
      await client.end();
    }
  };
  const who = (): Actor => ({ personId: randomUUID(), name: "Olga", tenantId: mine, layers: ["operator"] });

  test("the structure: the trigger and the keys refuse even the owner of the database", async () => {
    expect(await write(mine, unproven, bare.ownerUrl)).toBe("TG010");
    expect(await write(mine, foreign, bare.ownerUrl)).toMatch(/^(TG010|23503)$/);
    expect(await write(mine, unproven, bare.ownerUrl, "challenge")).toBe("written");
    await bare.sql("ALTER TABLE delivery DISABLE TRIGGER only_to_proven_sinks");
    expect(await write(mine, foreign, bare.ownerUrl)).toBe("23503");
  });
  test("row security: without the trigger, neither the console nor the worker writes it", async () => {
    await bare.sql("ALTER TABLE delivery DISABLE TRIGGER only_to_proven_sinks");
    for (const url of [bare.appUrl, bare.workerUrl]) {
      expect(await write(mine, unproven, url)).toBe("42501");
      expect(await write(theirs, foreign, url)).toBe("42501");
      expect(await write(mine, unproven, url, "challenge")).toBe("written");
    }
  });
  test("the code: without trigger, row security and keys it still refuses", async () => {
    await bare.sql("ALTER TABLE delivery DISABLE TRIGGER only_to_proven_sinks");
    for (const table of ["delivery", "sink", "notice"])
      await bare.sql(`ALTER TABLE ${table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY`);
    await expect(execute(bare.appDb, testSend, who(), { sinkId: unproven })).rejects.toMatchObject({
      code: "E_UNPROVEN",
    });
    await expect(execute(bare.appDb, testSend, who(), { sinkId: foreign })).rejects.toMatchObject({
      code: "E_NOT_FOUND",
    });
    expect(await bare.sql("SELECT 1 FROM delivery WHERE kind = 'test'")).toEqual([]);
  });
});
