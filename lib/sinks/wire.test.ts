import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { NoticeKind } from "../domain/notice.ts";
import type { SinkMemory } from "../domain/delivery.ts";
import { sender, type SendOptions } from "../adapters/send.ts";
import { now } from "../adapters/clock.ts";
import { deliver } from "../testing/sinks/deliver.ts";
import { aContext, aNotice, variants } from "../testing/sinks/fixtures.ts";
import { HOSTILE, hostileContent } from "../testing/sinks/hostile.ts";
import { startVendors, type Vendors } from "../testing/vendors/index.ts";
import { SINKS, sinks } from "./index.ts";
import type { Sink, SinkRequest } from "./sink.ts";
import { REPEAT_MARK } from "./words.ts";

const dir = mkdtempSync(join(tmpdir(), "tocsin-wire-"));
const loopback = { allow: [{ cidr: "127.0.0.0/8" }] };
let vendors: Vendors;
let ca: string;
let serial = 0;

beforeAll(async () => {
  vendors = await startVendors({ caDir: dir });
  ca = readFileSync(vendors.caFile, "utf8");
});
afterEach(() => {
  for (const sink of sinks) vendors.fault(sink.kind, null);
});
afterAll(async () => {
  await vendors.stop();
  rmSync(dir, { recursive: true, force: true });
});

const send = (request: SinkRequest, options: Partial<SendOptions> = {}) =>
  sender(() => ca)(request, { policy: loopback, timeoutMs: 5_000, ...options });
const cases = sinks.flatMap((sink) =>
  variants()[sink.kind].map((v, index) => ({ sink, index, title: `${sink.name} (${v.name})` })),
);

/** The variant's settings, parsed, with the receiver that listens now. */
function settings(sink: Sink, index: number): unknown {
  return sink.config.parse(variants(vendors.webhookUrl)[sink.kind][index]?.config);
}
const newKey = () => `wire-${++serial}`;

/** What one sink is told over an incident's life, with the memory that the outbox would hand on. */
async function tell(sink: Sink, config: unknown, key: string, kinds: NoticeKind[]) {
  let memory: SinkMemory = {};
  for (const kind of kinds) {
    const done = await deliver(
      sink,
      aContext(config, aNotice(kind, { dedupKey: key }), { bases: vendors.bases, memory, now: now() }),
      send,
    );
    expect(done.judgement, `${sink.kind} ${kind}`).toMatchObject({ verdict: "sent" });
    memory = { ...memory, ...done.memory };
  }
}

describe("an incident's life over real sockets", () => {
  it.each(cases)("$title gets one page, and every later word goes to the same key", async ({ sink, index }) => {
    const key = newKey();
    const before = { pages: vendors.pages(sink.kind), received: vendors.received(sink.kind).length };
    const config = settings(sink, index);
    await tell(sink, config, key, ["trigger", "update", "acknowledge", "resolve"]);
    const arrived = vendors.received(sink.kind).slice(before.received);
    expect(arrived.every((r) => r.worked)).toBe(true);
    expect(new Set(arrived.map((r) => r.key).filter(Boolean))).toEqual(new Set([key]));
    // A Slack webhook can only post, and says so in its form.
    const postOnly = sink.kind === "slack" && !sink.capabilities(config).editInPlace;
    expect(vendors.pages(sink.kind) - before.pages).toBe(postOnly ? 4 : 1);
  });

  it("leaves each vendor showing the end of it", async () => {
    const find = (kind: Sink["kind"], key: string) =>
      vendors
        .shows(kind)
        .find((s) => JSON.stringify(s).includes(`${key}"`) || JSON.stringify(s).includes(`${key} `)) as Record<
        string,
        unknown
      >;
    const keys = {} as Record<Sink["kind"], string>;
    for (const sink of sinks) {
      const key = newKey();
      keys[sink.kind] = key;
      await tell(sink, settings(sink, 0), key, ["trigger", "acknowledge", "resolve"]);
    }
    expect(find("pagerduty", keys.pagerduty)).toMatchObject({
      status: "resolved",
      log: [{ action: "trigger" }, { action: "acknowledge" }, { action: "resolve" }],
    });
    expect(find("opsgenie", keys.opsgenie)).toMatchObject({ status: "closed", acknowledged: true, count: 1 });
    expect(find("discord", keys.discord)["content"]).toContain("Resolved after 12 min");
    expect(find("slack", keys.slack)).toMatchObject({ edited: true, replies: [{}, {}] });
    expect(find("slack", keys.slack)["text"]).toContain("Resolved after 12 min");
    const thread = (
      vendors.shows("email") as {
        key: string;
        inReplyTo: string;
        messageId: string;
        encrypted: boolean;
        subject: string;
      }[]
    )
      .filter((m) => m.key === keys.email)
      .reverse();
    expect(thread.map((m) => m.inReplyTo)).toEqual(["", thread[0]?.messageId, thread[0]?.messageId]);
    expect(new Set(thread.map((m) => m.subject.replace(/^Re: /, ""))).size).toBe(1);
    expect(thread.every((m) => m.encrypted)).toBe(true);
  });

  it.each(sinks.map((sink) => ({ sink, title: sink.name })))(
    "$title takes a test message and leaves nothing open",
    async ({ sink }) => {
      await tell(sink, settings(sink, 0), newKey(), ["test"]);
      const newest = vendors.shows(sink.kind)[0] as { status?: string };
      expect(newest.status ?? "closed").toMatch(/resolved|closed/);
    },
  );
});

describe("an answer lost after the vendor did the work", () => {
  const lost = cases.flatMap((c) => (["reset_after", "silent_after"] as const).map((mode) => ({ ...c, mode })));
  it.each(lost)(
    "$title, $mode: one page where a repeat is recognised, else a second that says so",
    async ({ sink, index, mode }) => {
      const config = settings(sink, index);
      const notice = aNotice("trigger", { dedupKey: newKey() });
      const context = aContext(config, notice, { bases: vendors.bases, now: now() });
      const before = vendors.pages(sink.kind);
      vendors.fault(sink.kind, { mode, times: 1 });
      const first = await deliver(sink, context, (r) => send(r, { timeoutMs: mode === "silent_after" ? 400 : 5_000 }));
      expect(first.judgement).toMatchObject({ verdict: "retry", maybe: true });
      const second = await deliver(sink, { ...context, memory: first.memory, mayRepeat: true, now: now() }, send);
      expect(second.judgement).toMatchObject({ verdict: "sent" });
      const recognised = sink.capabilities(config).dedup !== "none";
      expect(vendors.pages(sink.kind) - before).toBe(recognised ? 1 : 2);
      const [repeat, original] = vendors.shows(sink.kind).map((s) => JSON.stringify(s));
      expect(repeat?.includes(REPEAT_MARK)).toBe(!recognised);
      if (!recognised) expect(original?.includes(REPEAT_MARK)).toBe(false);
    },
  );

  it("is also not doubled when Slack's thread reply or edit is what got lost", async () => {
    const slack = SINKS.slack;
    const config = settings(slack, 0);
    const trigger = await deliver(
      slack,
      aContext(config, aNotice("trigger", { dedupKey: newKey() }), { bases: vendors.bases, now: now() }),
      send,
    );
    const context = aContext(config, aNotice("resolve"), { bases: vendors.bases, memory: trigger.memory, now: now() });
    let calls = 0;
    const first = await deliver(slack, context, (r) => {
      if (++calls === 2) vendors.fault("slack", { mode: "reset_after", times: 1 });
      return send(r);
    });
    expect(first.judgement).toMatchObject({ verdict: "retry", maybe: true });
    const second = await deliver(slack, { ...context, memory: first.memory, mayRepeat: true }, send);
    expect(second.requests.map((r) => r.label)).toEqual(["edit message"]);
    expect(vendors.shows("slack")[0]).toMatchObject({ replies: [{}] });
    expect(JSON.stringify(vendors.shows("slack")[0])).not.toContain(REPEAT_MARK);
  });
});

describe("hostile text over real sockets", () => {
  it.each(cases)("$title takes it, and nobody but the configured people is told", async ({ sink, index }) => {
    const config = settings(sink, index);
    const before = { received: vendors.received(sink.kind).length };
    for (const text of Object.values(HOSTILE)) {
      let memory: SinkMemory = {};
      for (const kind of ["trigger", "resolve"] as const) {
        const done = await deliver(
          sink,
          aContext(config, aNotice(kind, { content: hostileContent(text) }), {
            bases: vendors.bases,
            memory,
            now: now(),
          }),
          send,
        );
        expect(done.judgement).toMatchObject({ verdict: "sent" });
        memory = done.memory;
      }
    }
    expect(
      vendors
        .received(sink.kind)
        .slice(before.received)
        .every((r) => r.worked),
    ).toBe(true);
    const allowed = sink.kind === "email" ? (config as { recipients: string }).recipients.split(", ") : [];
    for (const item of vendors.shows(sink.kind) as { to?: string[]; pinged?: string[] }[]) {
      for (const to of item.to ?? [])
        expect(["ops@example.com", "lead@example.com", "night@example.com"]).toContain(to);
      for (const id of item.pinged ?? []) expect(id).toBe("2222222222222222222");
    }
    if (sink.kind === "email") expect((vendors.shows("email")[0] as { to: string[] }).to).toEqual(allowed);
  });
});

describe("some recipients", () => {
  it("are told once, while the refused ones are named as such", async () => {
    const sink = SINKS.email;
    const config = sink.config.parse({ recipients: "ops@example.com, refused@example.com, lead@example.com" });
    const before = vendors.received("email").length;
    const done = await deliver(sink, aContext(config, aNotice("trigger"), { bases: vendors.bases, now: now() }), send);
    expect(done.judgement).toMatchObject({ verdict: "dead", disablesSink: false });
    expect(done.judgement.verdict === "dead" && done.judgement.reason).toContain(
      "1 of 3 addresses; the others were told",
    );
    expect(
      vendors
        .received("email")
        .slice(before)
        .map((r) => r.path),
    ).toEqual(["ops@example.com, lead@example.com"]);
  });

  it("who are put off are tried again alone", async () => {
    const sink = SINKS.email;
    const config = sink.config.parse({ recipients: "ops@example.com, later@example.com" });
    const before = vendors.received("email").length;
    const context = aContext(config, aNotice("trigger"), { bases: vendors.bases, now: now() });
    const first = await deliver(sink, context, send);
    expect(first.judgement).toMatchObject({ verdict: "retry", maybe: false });
    const second = await deliver(sink, { ...context, memory: first.memory }, send);
    expect(second.requests.map((r) => r.via === "smtp" && r.message.to)).toEqual([["later@example.com"]]);
    expect(vendors.received("email").length - before).toBe(1);
  });
});
