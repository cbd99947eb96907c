// Over 300 lines: the one exam that all sinks sit.
// The exam that every sink sits. A new sink needs its settings in testing/sinks/fixtures.ts and its vendor's answers
// in testing/sinks/answers.ts; without them, the first test fails.
import { describe, expect, it } from "vitest";
import { INCIDENT_NOTICES, isStandalone, NOTICE_KINDS, type NoticeKind } from "../domain/notice.ts";
import { answers, failures } from "../testing/sinks/answers.ts";
import { aContext, aNotice, SECRETS, VENDOR_BASES, variants } from "../testing/sinks/fixtures.ts";
import { HOSTILE, hostileContent, strings, UNSEEN } from "../testing/sinks/hostile.ts";
import { deliver } from "../testing/sinks/deliver.ts";
import { ajv, bodyOf, EMULATED, schemaOf, vendor } from "../testing/sinks/exam.ts";
import { setClock } from "../adapters/clock.ts";
import { SINKS, sinkOf, sinks } from "./index.ts";
import { SINK_KINDS, type SinkAnswer, type SinkKind, type SinkRequest } from "./sink.ts";
import { REPEAT_MARK } from "./words.ts";

const NOW = new Date("2026-11-21T12:00:05.000Z");
const SPOKEN = INCIDENT_NOTICES;

const cases = sinks.flatMap((sink) =>
  (variants()[sink.kind] ?? []).map((v) => ({
    sink,
    config: sink.config.parse(v.config),
    raw: v.config,
    variant: v.name,
    title: `${sink.kind} (${v.name})`,
  })),
);
type Case = (typeof cases)[number];

/** All requests of one notice, as a vendor that does its part would be asked them; memory from a trigger before. */
async function requestsFor(c: Case, kind: NoticeKind, content = {}, mayRepeat = false): Promise<SinkRequest[]> {
  const answer = vendor(c.sink.kind);
  const restore = setClock(() => NOW.getTime());
  try {
    const before =
      kind === "trigger" || isStandalone(kind)
        ? {}
        : (
            await deliver(
              c.sink,
              aContext(c.config, aNotice("trigger"), {
                bases: EMULATED,
                now: NOW,
                deliveryId: "0190a0b0-0000-7000-8000-000000000000",
              }),
              answer,
            )
          ).memory;
    const context = aContext(c.config, aNotice(kind, { content }), {
      bases: EMULATED,
      memory: before,
      mayRepeat,
      now: NOW,
      deliveryId: "0190a0b0-1111-7111-8111-111111111111",
    });
    const done = await deliver(c.sink, context, answer);
    expect(done.judgement, `${c.title} ${kind}`).toEqual({ verdict: "sent" });
    expect(JSON.stringify(done.memory).length).toBeLessThan(4096);
    return done.requests;
  } finally {
    restore();
  }
}

describe("the list", () => {
  it("has settings and answers for every sink, and no sink that the contract does not name", () => {
    expect(Object.keys(SINKS).sort()).toEqual([...SINK_KINDS].sort());
    expect(Object.keys(variants()).sort()).toEqual(Object.keys(SINKS).sort());
    expect(Object.keys(answers).sort()).toEqual(Object.keys(SINKS).sort());
    for (const [key, sink] of Object.entries(SINKS)) {
      expect(sink.kind).toBe(key);
      expect(variants()[sink.kind].length).toBeGreaterThan(0);
      for (const verdict of ["sent", "retry", "dead"])
        expect(
          answers[sink.kind].some((r) => r.want.verdict === verdict),
          `${key} ${verdict}`,
        ).toBe(true);
    }
  });

  it.each(["__proto__", "constructor", "toString", "telegram", ""])("knows no sink of kind %j", (kind) => {
    expect(sinkOf(kind)).toBeUndefined();
  });
});

describe.each(cases)("the form of $title", (c) => {
  it("parses, and what it parsed parses to the same again", () => {
    expect(c.sink.config.parse(c.config)).toEqual(c.config);
  });
  it("names each of its fields with a label and a help, and seals only fields it has", () => {
    const names = c.sink.fields.map((f) => f.name);
    for (const key of Object.keys(c.raw)) expect(names).toContain(key);
    for (const f of c.sink.fields) expect(f.label.length * f.help.length).toBeGreaterThan(0);
    expect(c.sink.secretFields.sort()).toEqual(
      c.sink.fields
        .filter((f) => f.input === "secret")
        .map((f) => f.name)
        .sort(),
    );
  });
  it.each(["role", "tenantId", "constructor"])("refuses the unknown field %s", (field) => {
    expect(c.sink.config.safeParse({ ...c.raw, [field]: "x" }).success).toBe(false);
  });
  it("refuses an empty form with a sentence per field, and never quotes what was entered", () => {
    const parsed = c.sink.config.safeParse({
      ...Object.fromEntries(Object.keys(c.raw).map((k) => [k, "\u0000 wrong <value>"])),
    });
    expect(parsed.success).toBe(false);
    for (const issue of parsed.error?.issues ?? []) expect(issue.message).not.toContain("wrong");
  });
  it("describes itself without a secret", () => {
    expect(c.sink.describe(c.config).length).toBeGreaterThan(3);
    for (const secret of Object.values(SECRETS)) expect(c.sink.describe(c.config)).not.toContain(secret);
  });
});

describe("settings that must be refused", () => {
  const bad: [SinkKind, string, Record<string, string>][] = [
    ["pagerduty", "a key of 31", { routingKey: "R".repeat(31) }],
    ["pagerduty", "a REST token's shape", { routingKey: "u+wjdZuh4cJYzz9F2ujZAAAAAAAAAAAA" }],
    ["opsgenie", "a region that does not exist", { region: "mars", apiKey: SECRETS.apiKey }],
    ["opsgenie", "a header in the key", { apiKey: "5ec2e700-aaaa-4bbb\r\nX-Evil: 1" }],
    [
      "discord",
      "a foreign host",
      { webhookUrl: `https://evil.example/api/webhooks/1111111111111111111/${"t".repeat(30)}` },
    ],
    [
      "discord",
      "a look-alike host",
      { webhookUrl: `https://discord.com.evil.example/api/webhooks/1111111111111111111/${"t".repeat(30)}` },
    ],
    [
      "discord",
      "a path that leads elsewhere",
      { webhookUrl: "https://discord.com/api/webhooks/1111111111111111111/../../../users/@me" },
    ],
    ["slack", "a bot without a channel", { mode: "bot", botToken: SECRETS.botToken }],
    ["slack", "a channel's name", { mode: "bot", botToken: SECRETS.botToken, channel: "#ops" }],
    [
      "slack",
      "a webhook of another host",
      {
        mode: "webhook",
        webhookUrl: `https://hooks.slack.com.evil.example/services/T0000001/B0000001/${SECRETS.hookToken}`,
      },
    ],
    ["slack", "a user's token", { mode: "bot", botToken: "xoxp-1234567890-abcdef", channel: "C0123456789" }],
    ["email", "a line break", { recipients: "ops@example.com\r\nBcc: victim" }],
    ["email", "a look-alike domain", { recipients: "ops@exаmple.com" }],
    [
      "email",
      "10,000 recipients",
      { recipients: Array.from({ length: 10_000 }, (_, i) => `p${i}@example.com`).join(",") },
    ],
    ["email", "21 recipients", { recipients: Array.from({ length: 21 }, (_, i) => `p${i}@example.com`).join(",") }],
    ["email", "nobody", { recipients: " , \n" }],
    ["webhook", "a file", { url: "file:///etc/passwd", secret: SECRETS.signing }],
    ["webhook", "user info", { url: "https://user:pass@example.com/", secret: SECRETS.signing }],
    ["webhook", "a short secret", { url: "https://example.com/", secret: `whsec_${"A".repeat(16)}` }],
  ];
  it.each(bad)("%s: %s", (kind, _what, raw) => {
    expect(SINKS[kind].config.safeParse(raw).success).toBe(false);
  });
});

describe.each(cases)("one key over an incident's life at $title", (c) => {
  it.each(NOTICE_KINDS.map((kind) => ({ kind })))("$kind is sent, and then nothing more", async ({ kind }) => {
    expect((await requestsFor(c, kind)).length).toBeGreaterThan(0);
  });
  it("carries the same stable key in every word", async () => {
    for (const kind of SPOKEN)
      expect(JSON.stringify(await requestsFor(c, kind)), kind).toContain("inc_0123456789abcdef");
  });
  it("says the same on every try, mark aside", async () => {
    for (const kind of SPOKEN) expect(await requestsFor(c, kind)).toEqual(await requestsFor(c, kind));
  });
  it("marks a repeat where nobody recognises one, and nowhere else", async () => {
    const unrecognised = c.sink.capabilities(c.config).dedup === "none";
    expect(strings((await requestsFor(c, "trigger")).map(bodyOf)).join(" ")).not.toContain(REPEAT_MARK);
    for (const body of (await requestsFor(c, "trigger", {}, true)).map(bodyOf)) {
      expect(strings(body).some((s) => s.includes(REPEAT_MARK))).toBe(unrecognised);
      // The line that a lock screen shows says it as well, not the unfolded message alone.
      if (unrecognised) expect(String(body["text"] ?? body["content"])).toContain(REPEAT_MARK);
    }
  });
  it("says that a drill is one", async () => {
    const plain = strings((await requestsFor(c, "trigger", { drill: true })).map(bodyOf)).join(" ");
    expect(plain).toMatch(/\\?\[DRILL\\?\]|"drill":true|drill/);
  });
});

describe.each(cases)("what $title makes of answers", (c) => {
  const rows = [...answers[c.sink.kind], ...failures].filter(
    (r) =>
      (r.variant === undefined || r.variant === c.variant) &&
      !(c.variant === "three addresses" && r.title.includes("only address")),
  );
  const context = aContext(c.config, aNotice("trigger"));
  const request = c.sink.next(context) as SinkRequest;

  it.each(rows)("$title → $want.verdict", ({ answer, want }) => {
    const judgement = c.sink.judge(context, request, answer);
    expect(judgement).toMatchObject(want);
    if (judgement.verdict !== "sent") expect(judgement.reason).toMatch(/^[\x20-\x7e…]{10,400}$/u);
  });

  it("holds no secret in any reason, whatever the other side echoes", () => {
    const own = JSON.stringify([c.raw, c.sink.kind === "email" ? VENDOR_BASES.smtp : ""]);
    const secrets = [...Object.values(SECRETS), "SECRETrelaypassword"].filter((s) => own.includes(s));
    expect(secrets.length).toBeGreaterThan(0);
    const echo = [JSON.stringify(request), ...secrets].join(" ");
    const codes = [200, 202, 204, 301, 400, 401, 403, 404, 410, 413, 422, 429, 450, 500, 503, 550, 554];
    const bodies = [
      echo,
      ...secrets,
      JSON.stringify({ message: echo, error: echo, errors: [echo, ...secrets], code: 1 }),
      secrets.join("\u200b").repeat(40),
    ];
    const every: SinkAnswer[] = [
      ...codes.flatMap((status) =>
        bodies.map(
          (body): SinkAnswer => ({ kind: "response", status, headers: { "retry-after": echo, rejected: echo }, body }),
        ),
      ),
    ];
    for (const answer of every) {
      const reason = JSON.stringify(c.sink.judge(context, request, answer));
      for (const secret of secrets) expect(reason).not.toContain(secret);
    }
  });
});

describe.each(cases)("what $title sends", (c) => {
  it.each(NOTICE_KINDS.map((kind) => ({ kind })))("$kind satisfies the vendor's published schema", async ({ kind }) => {
    for (const request of await requestsFor(c, kind)) {
      const name = schemaOf(request);
      if (name === null) expect(["pagerduty", "email", "webhook"]).toContain(c.sink.kind);
      else expect(ajv.validate({ $ref: name }, bodyOf(request)), ajv.errorsText()).toBe(true);
    }
  });

  // The emulated vendors hold the limits that stand in prose only; requestsFor fails when one of them refuses.
  it.each(Object.keys(HOSTILE))("stays within every limit and harmless with %s", async (what) => {
    const start = performance.now();
    for (const kind of SPOKEN) {
      const requests = await requestsFor(c, kind, hostileContent(HOSTILE[what] ?? ""));
      for (const request of requests) {
        const body = bodyOf(request);
        const said = strings(body);
        expect(JSON.stringify(body).length).toBeLessThan(40_000);
        for (const s of said) {
          expect(s.isWellFormed()).toBe(true);
          expect(UNSEEN.test(s), JSON.stringify(s.slice(0, 200))).toBe(false);
        }
        harmless(c.sink.kind, request, said);
      }
    }
    expect(performance.now() - start).toBeLessThan(2_000);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

/** What would do harm in this vendor's own markup. */
function harmless(kind: SinkKind, request: SinkRequest, said: string[]): void {
  if (kind === "slack")
    for (const s of said.filter((t) => t.length > 0)) expect(s).not.toMatch(/<|>|&(?!amp;|lt;|gt;)/);
  if (kind === "discord") {
    for (const s of said)
      expect(s).not.toMatch(/@(everyone|here)|(?<!\\)<@(?!&2222222222222222222> )|(?<!\\)\]\(https:\/\/evil/);
    expect((bodyOf(request)["allowed_mentions"] as { parse: unknown[] }).parse).toEqual([]);
  }
  if (request.via !== "smtp") return;
  const { html, text, ...head } = request.message;
  for (const s of strings(head)) expect(s).not.toMatch(/[\r\n]/);
  expect(html).not.toMatch(
    /<(script|img|iframe|object)|href="(?!https:&#47;&#47;|https:\/\/tocsin|https:\/\/wiki)|onerror=alert\(1\)>/i,
  );
  expect(text.length).toBeLessThan(20_000);
  expect(head.to).toEqual(request.message.to);
}
