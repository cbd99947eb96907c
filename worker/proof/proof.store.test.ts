// Over 300 lines: the promises about whose a sink is, over real vendors' ends, a real outbox and a real name server.
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createLog } from "#lib/adapters/log";
import { secrets } from "#lib/adapters/secrets";
import { sender } from "#lib/adapters/send";
import { type Actor, execute } from "#lib/commands/command";
import { resolveIncident } from "#lib/commands/incident/resolve";
import { challengeSink } from "#lib/commands/sink/challenge";
import { changeSink } from "#lib/commands/sink/change";
import { confirmRecipient, invitation } from "#lib/commands/sink/confirm";
import { createSink } from "#lib/commands/sink/create";
import { proveByCode } from "#lib/commands/sink/prove";
import { rotateSecret } from "#lib/commands/sink/rotate";
import { disableSink, enableSink } from "#lib/commands/sink/switch";
import { testSend } from "#lib/commands/sink/test-send";
import { SINKS } from "#lib/sinks/index";
import { SINK_KINDS, type SinkKind } from "#lib/sinks/sink";
import { type TestClock, testClock } from "#lib/testing/clock";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { type TestDns, testDns } from "#lib/testing/dns";
import { makeSink, makeTenant } from "#lib/testing/make";
import { testSettings } from "#lib/testing/settings";
import { startVendors, type Vendors } from "#lib/testing/vendors/index";
import { Outbox } from "../delivery/outbox.ts";
import { escalateDue } from "../pipeline/escalate.ts";
import { forgetFormer } from "./former.ts";
import { watchProofs } from "./incidents.ts";
import { renewProofs } from "./renew.ts";
import { settleWebhookProofs } from "./webhooks.ts";

const START = new Date("2026-11-21T12:00:00Z");
const MINUTE = 60_000;
const DAY = 86_400_000;
let db: TestDatabase;
let dns: TestDns;
let vendors: Vendors;
let clock: TestClock;
let outbox: Outbox;
let forget: () => void;
let folder: string;
let who: Actor;

beforeAll(async () => {
  db = await testDatabase();
  dns = await testDns();
  folder = mkdtempSync(join(tmpdir(), "tocsin-proof-"));
  vendors = await startVendors({ caDir: folder });
  clock = testClock(START);
  process.env.TOCSIN_DNS_SERVER = dns.server;
  forget = testSettings(db);
  const ca = readFileSync(vendors.caFile, "utf8");
  const parts = { db: db.workerDb, box: secrets(), bases: vendors.bases, send: sender(() => ca), random: () => 0 };
  outbox = new Outbox(parts, db.sweeper, "proof", createLog("test", "fatal"));
});
afterAll(async () => {
  await vendors.stop();
  await dns.close();
  clock.restore();
  forget();
  rmSync(folder, { recursive: true, force: true });
  await db.close();
});
beforeEach(async () => {
  clock.set(START);
  who = await person();
});

async function person(): Promise<Actor> {
  const { id } = await makeTenant(db);
  await db.sql(
    "INSERT INTO address_allowance (tenant_id, id, cidr, reason, created_at) VALUES ($1, $2, '127.0.0.1/32', 'receiver of the test', now())",
    [id, randomUUID()],
  );
  return { personId: randomUUID(), name: "Olga Operator", tenantId: id, layers: ["operator"] };
}

const digits = () =>
  String(BigInt(`0x${randomBytes(8).toString("hex")}`))
    .padStart(19, "1")
    .slice(0, 19);
const FORMS: Record<SinkKind, () => Record<string, string>> = {
  pagerduty: () => ({ region: "us", routingKey: randomBytes(16).toString("hex") }),
  opsgenie: () => ({ region: "us", apiKey: randomUUID() }),
  discord: () => ({
    webhookUrl: `https://discord.com/api/webhooks/${digits()}/${randomBytes(34).toString("hex")}`,
    roleId: "",
    threadId: "",
  }),
  slack: () => ({
    mode: "bot",
    botToken: `xoxb-${randomBytes(20).toString("hex")}`,
    channel: `C0${digits().slice(0, 9)}`,
    webhookUrl: "",
  }),
  email: () => ({ recipients: "ana@example.com, bo@example.com" }),
  webhook: () => ({ url: vendors.webhookUrl, secret: vendors.webhookSecret }),
};
const make = async (kind: SinkKind, config = FORMS[kind](), of = who) =>
  (await execute(db.appDb, createSink, of, { kind, name: kind, config })).sinkId;
const ask = (sinkId: string, of = who) => execute(db.appDb, challengeSink, of, { sinkId });
const type = (sinkId: string, code: string, of = who) => proveByCode(db.appDb, of, { sinkId, code });
const codeIn = (text: string) =>
  /[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}/.exec(text.replaceAll("\\\\-", "-"))?.[0] ?? "none";
/** The code as a person would read it at the vendor: the newest message with one. */
const read = (kind: SinkKind) => {
  const bodies = vendors.received(kind).map((r) => JSON.stringify(r.body));
  return codeIn(bodies.findLast((b) => codeIn(b) !== "none") ?? "");
};
const sinkRow = async (id: string) =>
  (await db.sql("SELECT * FROM sink WHERE id = $1", [id]))[0] as Record<string, unknown> & { proof_due_at: Date };
const isProven = async (id: string) => (await sinkRow(id))["proven_at"] !== null;
const prove = async (kind: "pagerduty" | "opsgenie" | "discord" | "slack", sinkId: string, of = who) => {
  await ask(sinkId, of);
  await outbox.settleAll();
  await type(sinkId, read(kind), of);
};
const linkFor = (address: string) => {
  const mail = vendors.shows("email").find((m) => (m as { to: string[] }).to.includes(address)) as { text: string };
  return /\/prove\?link=(\S+)/.exec(mail.text)?.[1] ?? "none";
};
const renewing = () => ({
  db: db.workerDb,
  sweeper: db.sweeper,
  box: secrets(),
  bases: vendors.bases,
  send: sender(() => readFileSync(vendors.caFile, "utf8")),
  log: createLog("test", "fatal"),
});
const counts = () => Object.fromEntries(SINK_KINDS.map((kind) => [kind, vendors.received(kind).length]));

describe("no byte reaches an unproven sink except its own challenge", () => {
  test.each(SINK_KINDS)("%s", async (kind) => {
    const sinkId = await make(kind);
    const before = counts();
    await expect(execute(db.appDb, testSend, who, { sinkId })).rejects.toMatchObject({ code: "E_UNPROVEN" });
    await outbox.settleAll();
    expect(counts()).toEqual(before);
    await ask(sinkId);
    await outbox.settleAll();
    const got = vendors.received(kind).slice(before[kind]);
    expect(got.length).toBeGreaterThan(0);
    // PagerDuty's and OpsGenie's own second call ends what the first opened.
    expect(got.every((r) => /tocsin-proof-|tocsin\.challenge|\/prove\?link=/.test(JSON.stringify(r)))).toBe(true);
  });
});

describe.each(["pagerduty", "opsgenie", "discord", "slack"] as const)("%s is proven by a code", (kind) => {
  test("that is read there and typed back, however it is spaced; nothing stays open at the vendor", async () => {
    const sinkId = await make(kind);
    await ask(sinkId);
    await outbox.settleAll();
    const code = read(kind);
    await type(sinkId, ` ${code.toLowerCase().replaceAll("-", " ")} `);
    expect(await sinkRow(sinkId)).toMatchObject({ proof: "code", proof_due_at: new Date(START.getTime() + 7 * DAY) });
    if (kind === "pagerduty") expect(vendors.shows(kind)[0]).toMatchObject({ status: "resolved" });
    if (kind === "opsgenie") expect(vendors.shows(kind)[0]).toMatchObject({ status: "closed", priority: "P5" });
    await execute(db.appDb, testSend, who, { sinkId });
  });
});

describe("a code", () => {
  test("is nowhere at rest once its message went out", async () => {
    const sinkId = await make("discord");
    await ask(sinkId);
    await outbox.settleAll();
    const code = read("discord");
    const rows = await db.sql(
      "SELECT (SELECT json_agg(p) FROM sink_proof p WHERE p.sink_id = $1)::text || (SELECT json_agg(n) FROM notice n JOIN delivery d ON d.notice_id = n.id WHERE d.sink_id = $1)::text || (SELECT json_agg(d) FROM delivery d WHERE d.sink_id = $1)::text AS all",
      [sinkId],
    );
    expect(code).toMatch(/^.{4}-.{4}-.{4}$/);
    expect(String(rows[0]?.["all"])).not.toContain(code);
  });
  test("holds for fifteen minutes", async () => {
    const sinkId = await make("discord");
    await ask(sinkId);
    await outbox.settleAll();
    clock.set(new Date(START.getTime() + 15 * MINUTE));
    await expect(type(sinkId, read("discord"))).rejects.toMatchObject({ code: "E_CODE_EXPIRED", httpStatus: 410 });
  });
  test("may be tried five times, also by many at once, and then not even the right one counts", async () => {
    const sinkId = await make("discord");
    await ask(sinkId);
    await outbox.settleAll();
    const tries = await Promise.allSettled(Array.from({ length: 12 }, () => type(sinkId, "2222-3333-4444")));
    const codes = tries.map((t) => (t.status === "rejected" ? (t.reason as { code: string }).code : "proven"));
    expect(codes.filter((c) => c === "E_CODE_WRONG")).toHaveLength(4);
    expect(codes.filter((c) => c === "E_CODE_TRIES")).toHaveLength(8);
    await expect(type(sinkId, read("discord"))).rejects.toMatchObject({ code: "E_CODE_TRIES", httpStatus: 429 });
    expect(await isProven(sinkId)).toBe(false);
  });
  test("is void when a newer one was asked for, and belongs to one sink alone", async () => {
    const [one, other] = [await make("discord"), await make("discord")];
    await ask(one);
    await outbox.settleAll();
    const old = read("discord");
    await ask(other);
    await outbox.settleAll();
    await expect(type(one, read("discord"))).rejects.toMatchObject({ code: "E_CODE_WRONG" });
    await ask(one);
    await expect(type(one, old)).rejects.toMatchObject({ code: "E_CODE_WRONG" });
    const foreign = await person();
    await expect(type(other, read("discord"), foreign)).rejects.toMatchObject({ code: "E_NOT_FOUND" });
  });
  test("can be asked for six times in an hour", async () => {
    const sinkId = await make("discord");
    for (let i = 0; i < 6; i++) {
      clock.set(new Date(START.getTime() + i * MINUTE));
      await ask(sinkId);
    }
    await expect(ask(sinkId)).rejects.toMatchObject({ code: "E_LIMIT", httpStatus: 429 });
    clock.set(new Date(START.getTime() + 2 * 60 * MINUTE));
    await ask(sinkId);
  });
});

describe("a webhook", () => {
  const PUBLIC = "https://hooks.example.com/tocsin";
  /** The receiver answered well; that it is public cannot be had on one machine. */
  const answered = (sinkId: string) =>
    db.sql("UPDATE delivery SET state = 'sent', settled_at = now() WHERE sink_id = $1 AND state = 'pending'", [sinkId]);
  test("at a private address that an operator allowed is proven by its signed answer alone", async () => {
    const sinkId = await make("webhook");
    await ask(sinkId);
    await outbox.settleAll();
    await settleWebhookProofs(db.workerDb, db.sweeper, START);
    expect(await sinkRow(sinkId)).toMatchObject({ proof: "echo", person_proven_at: null });
  });
  test("elsewhere needs the record of its domain besides", async () => {
    const sinkId = await make("webhook", { url: PUBLIC, secret: vendors.webhookSecret });
    const name = "_tocsin-challenge.hooks.example.com";
    const value = `tocsin=${String((await sinkRow(sinkId))["dns_token"])}`;
    for (const records of [[], ["v=spf1 -all"], [`${value}x`]]) {
      dns.txt.set(name, records);
      await ask(sinkId);
      await answered(sinkId);
      await settleWebhookProofs(db.workerDb, db.sweeper, START);
      expect(await isProven(sinkId)).toBe(false);
    }
    expect(
      (await db.sql("SELECT sentence FROM sink_proof WHERE sink_id = $1 AND state = 'failed'", [sinkId])).map((r) =>
        String(r["sentence"]),
      ),
    ).toEqual(expect.arrayContaining([expect.stringContaining(`no TXT record ${name}`)]));
    dns.txt.set(name, ["v=spf1 -all", value]);
    await ask(sinkId);
    await answered(sinkId);
    await settleWebhookProofs(db.workerDb, db.sweeper, START);
    expect(await sinkRow(sinkId)).toMatchObject({ proof: "webhook" });
  });
  test("that takes the challenge without answering its code stays unproven, with or without a record", async () => {
    const sinkId = await make("webhook");
    vendors.fault("webhook", { mode: "status", status: 200, body: "{}" });
    await ask(sinkId);
    await outbox.settleAll();
    vendors.fault("webhook", null);
    await settleWebhookProofs(db.workerDb, db.sweeper, START);
    expect(await isProven(sinkId)).toBe(false);
    expect(await db.sql("SELECT state, sentence FROM sink_proof WHERE sink_id = $1", [sinkId])).toMatchObject([
      { state: "failed", sentence: expect.stringContaining("did not answer with its code") },
    ]);
    expect(await sinkRow(sinkId)).toMatchObject({ state: "enabled" });
  });
});

describe("an e-mail sink", () => {
  test("tells only who confirmed, asks each recipient once, and a new one alone later", async () => {
    const sinkId = await make("email", { recipients: "ana@a.example, bo@a.example" });
    await ask(sinkId);
    await outbox.settleAll();
    const link = linkFor("ana@a.example");
    expect(await invitation(db.appDb, link)).toMatchObject({ address: "ana@a.example" });
    expect(await isProven(sinkId)).toBe(false);
    await confirmRecipient(db.appDb, link);
    expect(await sinkRow(sinkId)).toMatchObject({ proof: "mail", config: { confirmed: "ana@a.example" } });
    await expect(confirmRecipient(db.appDb, link)).rejects.toMatchObject({ code: "E_CODE_EXPIRED" });
    await execute(db.appDb, testSend, who, { sinkId });
    await outbox.settleAll();
    expect(vendors.shows("email")[0]).toMatchObject({ to: ["ana@a.example"] });

    await execute(db.appDb, changeSink, who, {
      sinkId,
      name: "email",
      config: { recipients: "ana@a.example, cy@a.example" },
    });
    expect(await sinkRow(sinkId)).toMatchObject({ config: { confirmed: "ana@a.example" } });
    const before = vendors.received("email").length;
    await ask(sinkId);
    await outbox.settleAll();
    expect(vendors.received("email").length - before).toBe(1);
    await Promise.all([confirmRecipient(db.appDb, linkFor("cy@a.example"))]);
    expect(await sinkRow(sinkId)).toMatchObject({ config: { confirmed: "ana@a.example, cy@a.example" } });
    await expect(confirmRecipient(db.appDb, linkFor("bo@a.example"))).rejects.toMatchObject({ code: "E_CODE_EXPIRED" });
  });
  test("from before it was asked goes on telling those it told, and nobody who is added", async () => {
    const sinkId = await makeSink(db, who.tenantId, { kind: "email", config: { recipients: "old@a.example" } });
    const config = { recipients: "old@a.example, new@b.example" };
    await execute(db.appDb, changeSink, who, { sinkId, name: "email", config });
    expect(await sinkRow(sinkId)).toMatchObject({ config: { confirmed: "old@a.example" } });
  });
  test("loses no confirmation of two at once", async () => {
    const sinkId = await make("email", { recipients: "dee@a.example, eve@a.example" });
    await ask(sinkId);
    await outbox.settleAll();
    await Promise.all(["dee@a.example", "eve@a.example"].map((a) => confirmRecipient(db.appDb, linkFor(a))));
    expect(String((await sinkRow(sinkId))["config"] && JSON.stringify((await sinkRow(sinkId))["config"]))).toMatch(
      /dee@a\.example.*eve@a\.example.*(dee|eve)@a\.example, (dee|eve)@a\.example|confirmed.*dee.*eve|confirmed.*eve.*dee/,
    );
  });
  test("takes no link that was changed, and none after seven days", async () => {
    const sinkId = await make("email", { recipients: "fay@a.example" });
    await ask(sinkId);
    await outbox.settleAll();
    const link = linkFor("fay@a.example");
    const [tenant, id, token] = link.split(".");
    const other = await person();
    for (const wrong of ["", "x", `${tenant}.${id}.${"A".repeat(32)}`, `${other.tenantId}.${id}.${token}`, `${link}x`])
      await expect(confirmRecipient(db.appDb, wrong)).rejects.toMatchObject({ code: "E_CODE_EXPIRED" });
    clock.set(new Date(START.getTime() + 7 * DAY));
    await expect(confirmRecipient(db.appDb, link)).rejects.toMatchObject({ code: "E_CODE_EXPIRED" });
  });
});

describe("what was proven", () => {
  test.each(["pagerduty", "opsgenie", "discord", "slack"] as const)(
    "%s stays so under another name, and is nobody's at another destination",
    async (kind) => {
      const form = FORMS[kind]();
      const sinkId = await make(kind, form);
      await prove(kind, sinkId);
      const blank = Object.fromEntries(
        Object.entries(form).map(([k, v]) => [k, SINKS[kind].secretFields.includes(k) ? "" : v]),
      );
      await execute(db.appDb, changeSink, who, { sinkId, name: "Another name", config: blank });
      expect(await isProven(sinkId)).toBe(true);
      await execute(db.appDb, changeSink, who, { sinkId, name: "Another name", config: FORMS[kind]() });
      expect(await isProven(sinkId)).toBe(false);
    },
  );
  test.each(["discord", "slack"] as const)(
    "of %s is refused to another tenant, which learns nobody's name",
    async (kind) => {
      const form = FORMS[kind]();
      await prove(kind, await make(kind, form));
      const thief = await person();
      const stolen = await make(kind, form, thief);
      await ask(stolen, thief);
      await outbox.settleAll();
      const refusal = await type(stolen, read(kind), thief).catch((e: unknown) => e as Error & { code: string });
      expect(refusal).toMatchObject({ code: "E_SINK_TAKEN", httpStatus: 409 });
      expect(String((refusal as Error).message)).not.toMatch(new RegExp(`${who.tenantId}|Tenant t-`));
      expect(await isProven(stolen)).toBe(false);
      // A second sink of one's own at the same place is one's own affair.
      await prove(kind, await make(kind, form));
    },
  );
});

describe("a proof's week", () => {
  const at = (days: number) => {
    const when = new Date(START.getTime() + days * DAY);
    clock.set(when);
    return when;
  };
  test.each(["pagerduty", "opsgenie", "discord", "slack"] as const)(
    "%s is renewed by asking the vendor, and nobody there sees anything",
    async (kind) => {
      const sinkId = await make(kind);
      await prove(kind, sinkId);
      const pages = vendors.pages(kind);
      await renewProofs(renewing(), at(4));
      expect((await sinkRow(sinkId)).proof_due_at).toEqual(new Date(START.getTime() + 7 * DAY));
      await renewProofs(renewing(), at(5.1));
      expect((await sinkRow(sinkId)).proof_due_at).toEqual(new Date(START.getTime() + 12.1 * DAY));
      expect(vendors.pages(kind)).toBe(pages);
    },
  );
  test("a webhook is renewed by its own answer", async () => {
    const sinkId = await make("webhook");
    await ask(sinkId);
    await outbox.settleAll();
    await settleWebhookProofs(db.workerDb, db.sweeper, START);
    const when = at(5.1);
    await renewProofs(renewing(), when);
    await outbox.settleAll();
    await settleWebhookProofs(db.workerDb, db.sweeper, when);
    expect((await sinkRow(sinkId)).proof_due_at).toEqual(new Date(START.getTime() + 12.1 * DAY));
  });
  test("lapses loudly where nobody renews it: disabled, an incident at the other sinks, and over with the next proof", async () => {
    const form = FORMS.discord();
    const sinkId = await make("discord", form);
    await prove("discord", sinkId);
    await makeSink(db, who.tenantId, { kind: "pagerduty", name: "pager", config: { region: "us" } });
    vendors.fault("discord", { mode: "status", status: 404, body: '{"code":10015}' });
    expect(await renewProofs(renewing(), at(5.1))).toMatchObject({ renewed: 0, lapsed: 0 });
    await renewProofs(renewing(), at(7));
    vendors.fault("discord", null);
    expect(await sinkRow(sinkId)).toMatchObject({ proven_at: null, proof: null, state: "disabled" });
    await watchProofs(db.workerDb, db.sweeper, at(7.001));
    await watchProofs(db.workerDb, db.sweeper, at(7.002));
    await escalateDue(db.workerDb, db.sweeper, at(7.01));
    const incidents = () =>
      db.sql("SELECT state, reason, subject_kind, severity FROM incident WHERE tenant_id = $1", [who.tenantId]);
    expect(await incidents()).toEqual([
      { state: "open", reason: "sink_unproven", subject_kind: "sink", severity: "P2" },
    ]);
    expect(
      await db.sql(
        "SELECT s.name, d.kind FROM delivery d JOIN sink s ON s.id = d.sink_id WHERE d.tenant_id = $1 AND d.incident_id IS NOT NULL",
        [who.tenantId],
      ),
    ).toEqual([{ name: "pager", kind: "trigger" }]);
    await prove("discord", sinkId);
    expect(await sinkRow(sinkId)).toMatchObject({ proof: "code", state: "enabled", disabled_reason: null });
    await watchProofs(db.workerDb, db.sweeper, at(7.02));
    expect(await incidents()).toMatchObject([{ state: "resolved" }]);
  });
  test("that ran out while the sink was disabled is none when it is enabled", async () => {
    const sinkId = await make("discord");
    await prove("discord", sinkId);
    await execute(db.appDb, disableSink, who, { sinkId });
    at(6);
    await execute(db.appDb, enableSink, who, { sinkId });
    expect(await isProven(sinkId)).toBe(true);
    await execute(db.appDb, disableSink, who, { sinkId });
    at(30);
    await execute(db.appDb, enableSink, who, { sinkId });
    expect(await isProven(sinkId)).toBe(false);
  });
  test("an e-mail sink that lapsed can be proven again, and tells only who confirms anew", async () => {
    const sinkId = await make("email", { recipients: "gil@a.example, hal@a.example" });
    await ask(sinkId);
    await outbox.settleAll();
    for (const a of ["gil@a.example", "hal@a.example"]) await confirmRecipient(db.appDb, linkFor(a));
    await db.sql("UPDATE sink SET person_proven_at = $2 WHERE id = $1", [sinkId, new Date(START.getTime() - 90 * DAY)]);
    expect(await renewProofs(renewing(), at(7))).toMatchObject({ lapsed: 1 });
    await ask(sinkId);
    await outbox.settleAll();
    await confirmRecipient(db.appDb, linkFor("gil@a.example"));
    expect(await sinkRow(sinkId)).toMatchObject({ state: "enabled", config: { confirmed: "gil@a.example" } });
  });
  test("asks a person two days before three months are over, and says so at the other sinks", async () => {
    const sinkId = await make("slack");
    await prove("slack", sinkId);
    await makeSink(db, who.tenantId, { kind: "discord", name: "other" });
    await db.sql("UPDATE sink SET person_proven_at = $2, proof_due_at = $3 WHERE id = $1", [
      sinkId,
      new Date(START.getTime() - 83 * DAY),
      new Date(START.getTime() + 7 * DAY),
    ]);
    expect(await renewProofs(renewing(), at(5.1))).toMatchObject({ asked: 1 });
    await renewProofs(renewing(), at(5.5));
    expect(
      await db.sql(
        "SELECT s.name, d.kind FROM delivery d JOIN sink s ON s.id = d.sink_id WHERE d.tenant_id = $1 AND d.created_at > $2 ORDER BY 1",
        [who.tenantId, new Date(START.getTime() + DAY)],
      ),
    ).toEqual([
      { name: "other", kind: "reminder" },
      { name: "slack", kind: "challenge" },
    ]);
    await outbox.settleAll();
    at(6.9);
    await type(sinkId, read("slack"));
    expect((await sinkRow(sinkId)).proof_due_at).toEqual(new Date(START.getTime() + 13.9 * DAY));
  });
});

test("one tenant's proofs that cannot be looked at, or wait for a silent name server, keep no other's from their turn", async () => {
  const noisy = await person();
  const bad: string[] = [];
  for (let i = 0; i < 5; i++) {
    const id = await make("webhook", FORMS.webhook(), noisy);
    await ask(id, noisy);
    bad.push(id);
  }
  const good = await make("webhook");
  await ask(good);
  await outbox.settleAll();
  dns.silent.add("_tocsin-challenge.hooks.example.com");
  await db.sql("UPDATE sink SET config = config || $2 WHERE id = ANY ($1)", [
    bad,
    JSON.stringify({ url: "https://hooks.example.com/a" }),
  ]);
  await db.sql("UPDATE sink SET config = config - 'url' WHERE id = $1", [bad[0]]);
  const t0 = performance.now();
  await expect(settleWebhookProofs(db.workerDb, db.sweeper, START, 300)).rejects.toThrow();
  expect(performance.now() - t0).toBeLessThan(2_500);
  expect(await isProven(good)).toBe(true);
  dns.silent.clear();
  await db.sql("UPDATE sink_proof SET state = 'failed' WHERE sink_id = ANY ($1)", [bad]);
});

describe("a secret is replaced without a gap", () => {
  test("a webhook's signs at once, and the former one beside it for a day", async () => {
    const sinkId = await make("webhook");
    await ask(sinkId);
    await outbox.settleAll();
    await settleWebhookProofs(db.workerDb, db.sweeper, START);
    const next = `whsec_${randomBytes(32).toString("base64")}`;
    clock.set(new Date(START.getTime() + DAY));
    await execute(db.appDb, rotateSecret, who, { sinkId, config: { secret: next } });
    expect(await sinkRow(sinkId)).toMatchObject({ secret_at: new Date(START.getTime() + DAY), proof: "echo" });
    // The receiver still knows the former secret alone.
    await execute(db.appDb, testSend, who, { sinkId });
    await outbox.settleAll();
    expect(vendors.received("webhook").at(-1)).toMatchObject({ worked: true });
    const over = new Date(START.getTime() + 2 * DAY);
    clock.set(over);
    await execute(db.appDb, testSend, who, { sinkId });
    await outbox.settleAll();
    expect(vendors.received("webhook").at(-1)).toMatchObject({ worked: false, status: 401 });
    expect(await forgetFormer(db.workerDb, db.sweeper, secrets(), over)).toBe(1);
    expect(await forgetFormer(db.workerDb, db.sweeper, secrets(), over)).toBe(0);
  });
  test("another's waits for its own code; until then, and when it is wrong, the present one is used", async () => {
    const form = FORMS.pagerduty();
    const sinkId = await make("pagerduty", form);
    await prove("pagerduty", sinkId);
    const keyOf = () =>
      (vendors.received("pagerduty").at(-1)?.body as { routing_key: string } | undefined)?.routing_key;
    // The emulated vendor knows no key of zeros.
    await execute(db.appDb, rotateSecret, who, { sinkId, config: { routingKey: "0".repeat(32) } });
    await outbox.settleAll();
    expect(keyOf()).toBe("0".repeat(32));
    expect(await sinkRow(sinkId)).toMatchObject({ state: "enabled" });
    await execute(db.appDb, testSend, who, { sinkId });
    await outbox.settleAll();
    expect(keyOf()).toBe(form["routingKey"]);
    const next = randomBytes(16).toString("hex");
    await execute(db.appDb, rotateSecret, who, { sinkId, config: { routingKey: next } });
    await outbox.settleAll();
    clock.set(new Date(START.getTime() + MINUTE));
    await type(sinkId, read("pagerduty"));
    expect(await sinkRow(sinkId)).toMatchObject({ secret_at: new Date(START.getTime() + MINUTE) });
    await execute(db.appDb, testSend, who, { sinkId });
    await outbox.settleAll();
    expect(keyOf()).toBe(next);
  });
});

test("an incident about a lapsed sink that is closed by hand pages nobody again for a day", async () => {
  const sinkId = await make("discord");
  await db.sql("UPDATE sink SET proof_lapsed_at = $2, state = 'disabled' WHERE id = $1", [sinkId, START]);
  await watchProofs(db.workerDb, db.sweeper, START);
  const incidents = () => db.sql("SELECT id, state FROM incident WHERE tenant_id = $1 ORDER BY number", [who.tenantId]);
  const [first] = await incidents();
  clock.advance(MINUTE);
  await execute(db.appDb, resolveIncident, who, { incidentId: first?.["id"] });
  const look = (ms: number) => {
    clock.advance(ms);
    return watchProofs(db.workerDb, db.sweeper, clock.now());
  };
  for (const ms of [2_000, DAY - 3_000]) await look(ms);
  expect(await incidents()).toMatchObject([{ state: "resolved" }]);
  await look(5_000);
  expect(await incidents()).toMatchObject([{ state: "resolved" }, { state: "open" }]);
  await db.sql("UPDATE sink SET removed_at = now() WHERE id = $1", [sinkId]);
});
