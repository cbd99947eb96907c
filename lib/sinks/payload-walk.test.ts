// Every sink in every variant × every kind of notice × every kind of subject × drill or not, each with a share of the
// hostile texts, down the road that a notice goes: noticeContent → spoken → next. What a payload must not hold is looked
// for in all of it. Walked from the lists: a new sink, kind or subject is in it without being named here.
import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { setClock } from "../adapters/clock.ts";
import { SUBJECT_KINDS, type SubjectKind } from "../domain/incident.ts";
import { isStandalone, NOTICE_KINDS, type Notice, type NoticeKind } from "../domain/notice.ts";
import { noticeContent } from "../domain/payload.ts";
import { REASON_NAMES, REASONS } from "../domain/reason.ts";
import { deliver } from "../testing/sinks/deliver.ts";
import { ajv, bodyOf, EMULATED, schemaOf, vendor } from "../testing/sinks/exam.ts";
import { aContext, variants } from "../testing/sinks/fixtures.ts";
import { HOSTILE, strings } from "../testing/sinks/hostile.ts";
import { sinks } from "./index.ts";
import type { SinkKind, SinkRequest } from "./sink.ts";
import { spoken } from "./spoken.ts";

const NOW = new Date("2026-11-21T12:00:05.000Z");
const CONSOLE = "https://tocsin.example.com";

let restore: () => void;
beforeAll(() => {
  restore = setClock(() => NOW.getTime());
});
afterAll(() => restore());

/** What evidence really holds when a check, a prober or a vendor says what went wrong, and what of it gives us away. */
const LEAKS: Record<string, { text: string; secret: RegExp }> = {
  "an IPv4 address": { text: "connect ECONNREFUSED 10.77.3.9:8443", secret: /10\.77\.3\.9/ },
  "an IPv6 address": { text: "no route to [2001:db8:77::9]:8443", secret: /2001:db8/i },
  "a mapped address": { text: "refused by ::ffff:10.77.3.9 at once", secret: /ffff|10\.77/i },
  "a scoped address": { text: "fe80::77:1%eth0 did not answer", secret: /fe80|eth0/ },
  "a query with a key": { text: "GET https://mcp.example.com/mcp?key=hunter77 failed", secret: /hunter77/ },
  "a user in an address": { text: "https://ops:hunter77@mcp.example.com/mcp refused", secret: /hunter77/ },
  "a stack trace": {
    text: "Error: x\n    at talk (/srv/tocsin/worker/probe/wire.ts:77:11)\n    at node:internal/process/task_queues:95:5",
    secret: /wire\.ts|srv\/tocsin|task_queues/,
  },
  "a file": { text: "ENOENT: open '/var/lib/tocsin77/keys/kek' and file:///srv/a77/b.js", secret: /tocsin77|a77/ },
  "a Windows path": { text: "at C:\\tocsin77\\worker\\main.ts:12", secret: /tocsin77/ },
  "a prober's host": {
    text: "prober-77.fra.svc.cluster.local:9090 and ip-10-77-3-9.ec2.internal",
    secret: /prober-77|ip-10/,
  },
  "a process": { text: "killed by its supervisor, pid 7777, pid=7778", secret: /777[78]/ },
  "a lease": { text: "lease_until=never77 leased_by: worker77 fencing token=77", secret: /worker77|=77|never77/ },
  "a queue": { text: "stuck in bull:probe77:wait and tocsin:slot:{77}:1", secret: /probe77|slot:\{77/ },
};

/** Two tenants, of which the second is somebody else. */
const world = (mark: string) => {
  const id = (of: string) => {
    const hex = createHash("sha256").update(`${mark} ${of}`).digest("hex");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  };
  return {
    ...{
      mark,
      tenantId: id("tenant"),
      tenantName: `Tenant${mark}`,
      serverName: `Server${mark}`,
      serverId: id("server"),
    },
    ...{ serverUrl: `https://u:p@${mark}.example.com/mcp?token=${mark}secret`, incidentId: id("incident") },
    ...{ dedupKey: `inc_${mark}0123456789`, secret: `${mark}secret` },
  };
};
type World = ReturnType<typeof world>;
const [ours, theirs] = [world("aaa"), world("zzz")];
const FOREIGN = [
  theirs.tenantId,
  theirs.tenantName,
  theirs.serverName,
  theirs.serverId,
  theirs.incidentId,
  theirs.mark,
];

interface Cell {
  kind: NoticeKind;
  subject: SubjectKind;
  drill: boolean;
  n: number;
}

function notice(of: World, cell: Cell, text: string): Notice {
  const { kind, subject, drill, n } = cell;
  const reason = REASON_NAMES[n % REASON_NAMES.length] ?? "timeout";
  const standalone = isStandalone(kind);
  const evidence = subject === "cluster" ? `${text} ${theirs.tenantId} ${theirs.serverId}` : text;
  const content = noticeContent(
    {
      ...{ kind, tenantName: of.tenantName, drill, reason, severity: REASONS[reason].severity, evidence },
      ...{ status: REASONS[reason].status, startedAt: new Date(NOW.getTime() - 180_000) },
      subjectName: subject === "server" ? of.serverName : `${of.serverName} ${text.slice(0, 100)}`,
      serverUrl: subject === "server" ? of.serverUrl : "",
      regions: [{ region: "fra", status: "down", reason: "timeout" }],
      incidentUrl: `${CONSOLE}/incidents/${of.incidentId}`,
      by: Object.values(LEAKS).some((l) => l.text === text) ? "Ana" : text.slice(0, 300),
    },
    NOW,
  );
  return {
    ...{ id: of.incidentId, tenantId: of.tenantId, incidentId: standalone ? null : of.incidentId, kind },
    dedupKey: of.dedupKey,
    content: {
      ...content,
      ...(kind === "digest" || kind === "reminder" ? { lines: [text.slice(0, 900), `${text}`.slice(0, 300)] } : {}),
      ...(kind === "challenge" ? { code: "K7QX-29MD", to: "ops@example.com" } : {}),
    },
  };
}

const CONFIGS = sinks.flatMap((sink) =>
  (variants()[sink.kind] ?? []).map(({ name, config }) => ({
    ...{ sink, name, parsed: sink.config.parse(config), answer: vendor(sink.kind) },
  })),
);
const OWN_TITLE = { titleTemplate: "{{ severity }} {{ server }}" };
type Config = (typeof CONFIGS)[number];

async function requests({ sink, parsed, answer }: Config, said: Notice, titled = false): Promise<SinkRequest[]> {
  const to = (given: Notice, memory = {}) =>
    aContext(parsed, spoken(given, titled ? OWN_TITLE : {}), {
      bases: EMULATED,
      now: NOW,
      memory,
      deliveryId: said.id,
    });
  const follows = !isStandalone(said.kind) && said.kind !== "trigger";
  const before = follows ? (await deliver(sink, to({ ...said, kind: "trigger" }), answer)).memory : {};
  const done = await deliver(sink, to(said, before), (request) => {
    const got = answer(request);
    // The receiver that a challenge is for answers with its code.
    return said.kind === "challenge" && got.kind === "response" && sink.kind === "webhook"
      ? { ...got, body: said.content.code ?? "" }
      : got;
  });
  expect(done.judgement, `${sink.kind} ${said.kind}`).toMatchObject({ verdict: "sent" });
  return done.requests;
}

/** The rules, each by its name; a fault is what it found. */
const RULES: Record<string, (kind: SinkKind, request: SinkRequest, said: Notice) => unknown> = {
  "one event, of this incident alone": (_kind, request, said) => {
    const { body } = read(request);
    const keys = new Set(read(request).said.flatMap((s) => s.match(/inc_[a-z]{3}\d+/g) ?? []));
    const links = new Set(read(request).said.flatMap((s) => s.match(/\/incidents\/[0-9a-f-]{36}/g) ?? []));
    const many = Object.values(body).some((v) => Array.isArray(v) && v.length > 1 && v.every(isEvent));
    return (
      Array.isArray(body) || many || keys.size > 1 || links.size > 1 || (keys.size === 1 && !keys.has(said.dedupKey))
    );
  },
  "no other tenant": (_kind, request) => FOREIGN.find((word) => all(request).includes(word)),
  "no key of the registered address": (_kind, request) =>
    all(request).includes(ours.secret) || all(request).includes("u:p@"),
  "a published schema is met": (_kind, request) => {
    const name = schemaOf(request);
    // Compiled once by its name; as { $ref } it would be compiled anew for each request.
    const meets = name === null ? undefined : ajv.getSchema(name);
    return name !== null && meets?.(read(request).body) !== true && ajv.errorsText(meets?.errors);
  },
  "of a size that is read": (_kind, request) => all(request).length > 40_000,
  "nobody is pinged": (kind, request) => {
    const text = read(request).said;
    if (kind === "slack") return text.find((s) => /<[!@#]|<\w/.test(s));
    if (kind !== "discord") return false;
    const parse = (read(request).body["allowed_mentions"] as { parse?: unknown[] } | undefined)?.parse;
    return parse?.length !== 0 || text.find((s) => /@(everyone|here)|(?<!\\)<@(?!&2222222222222222222> )/.test(s));
  },
  "a drill says so": (_kind, request, said) =>
    said.content.drill && showsText(request) && !/\[DRILL\]|"drill":true|"Drill":true/.test(all(request)),
  "nothing else says that it is a drill": (_kind, request, said) =>
    !said.content.drill && /\[DRILL\]|"drill":true|"Drill":true/.test(all(request)),
};

const isEvent = (v: unknown) =>
  typeof v === "object" && v !== null && ("event_action" in v || "dedup_key" in v || "embeds" in v);
const unquoted = (text: string) => text.replace(/\\\\\[/g, "[").replace(/\\\\\]/g, "]");
interface Read {
  body: Record<string, unknown>;
  text: string;
  said: string[];
}
const known = new WeakMap<SinkRequest, Read>();
/** Each request is parsed once, however many rules ask. */
function read(request: SinkRequest): Read {
  const body = known.get(request)?.body ?? bodyOf(request);
  const made = known.get(request) ?? { body, text: unquoted(JSON.stringify(body)), said: strings(body) };
  known.set(request, made);
  return made;
}
const all = (request: SinkRequest): string => read(request).text;
/** An acknowledge or a close carries a key and no words. */
const showsText = (request: SinkRequest): boolean => all(request).includes(ours.serverName);

function cells(): Cell[] {
  let n = 0;
  return NOTICE_KINDS.flatMap((kind) =>
    SUBJECT_KINDS.flatMap((subject) => [false, true].map((drill) => ({ kind, subject, drill, n: n++ }))),
  );
}

/** All faults that a walk finds. @param spoil for the proof that each rule can fail: what a careless sink would send */
async function walk(
  texts: readonly string[],
  some: (cell: Cell, at: number) => boolean,
  spoil: (request: SinkRequest) => SinkRequest = (request) => request,
): Promise<{ faults: string[]; walked: number }> {
  const faults = new Set<string>();
  let walked = 0;
  for (const config of CONFIGS) {
    // Somebody else's notice goes through the same sink just before: nothing of it may stay behind.
    await requests(config, notice(theirs, { kind: "trigger", subject: "server", drill: false, n: 0 }, "e"));
    for (const cell of cells())
      for (const [at, text] of texts.entries()) {
        if (!some(cell, at)) continue;
        const said = notice(ours, cell, text);
        walked++;
        for (const sent of await requests(config, said, cell.n % 3 === 0)) {
          const request = spoil(sent);
          for (const [rule, fault] of Object.entries(RULES)) {
            const found = fault(config.sink.kind, request, said);
            if (found)
              faults.add(
                `${rule}: ${config.sink.kind} ${config.name} ${cell.kind} ${cell.subject}: ${String(found).slice(0, 120)}`,
              );
          }
          for (const [what, { secret, text: leak }] of Object.entries(LEAKS))
            if (text === leak && secret.test(all(request)))
              faults.add(`${what} left: ${config.sink.kind} ${cell.kind}`);
        }
      }
  }
  return { faults: [...faults], walked };
}

test("no payload of any sink, kind, subject and drill holds what must not leave", async () => {
  const leaks = Object.values(LEAKS).map((l) => l.text);
  const { faults, walked } = await walk(leaks, ({ n }, at) => n % leaks.length === at);
  expect(faults).toEqual([]);
  expect(walked).toBe(CONFIGS.length * NOTICE_KINDS.length * SUBJECT_KINDS.length * 2);
});

test("nor does it with what servers and tenants write to do harm", async () => {
  const texts = Object.values(HOSTILE);
  const { faults } = await walk(texts, ({ n }, at) => n % 2 === 0 && (n / 2) % texts.length === at);
  expect(faults).toEqual([]);
});

test.each<[string, (body: string) => string]>([
  ["one event, of this incident alone", (body) => body.replace(ours.dedupKey, `${ours.dedupKey} inc_zzz9999999999`)],
  ["no other tenant", (body) => body.replace(ours.serverName, theirs.serverName)],
  ["no key of the registered address", (body) => body.replace(ours.serverName, `${ours.serverName} ${ours.secret}`)],
  ["a published schema is met", (body) => body.replace(/"(channel|message|content|text)":"[^"]*"/, '"$1":{"a":1}')],
  ["of a size that is read", (body) => body.replace(ours.serverName, "A".repeat(50_000))],
  ["nobody is pinged", (body) => body.replaceAll(ours.serverName, "<!channel> @everyone")],
  ["a drill says so", (body) => body.replaceAll("DRILL", "").replace(/"drill":true/gi, '"x":1')],
  ["nothing else says that it is a drill", (body) => body.replace(ours.serverName, `[DRILL] ${ours.serverName}`)],
  ["an IPv4 address left", (body) => body.replace(ours.serverName, `${ours.serverName} 10.77.3.9`)],
])("the walk sees it when a sink forgets: %s", async (rule, careless) => {
  const spoil = (request: SinkRequest): SinkRequest => {
    if (request.via === "http") return { ...request, body: careless(request.body ?? "") };
    if (request.via === "pagerduty") return { ...request, data: JSON.parse(careless(JSON.stringify(request.data))) };
    return { ...request, message: JSON.parse(careless(JSON.stringify(request.message))) };
  };
  const leak = LEAKS["an IPv4 address"]?.text ?? "";
  const { faults } = await walk([leak], ({ subject, kind }) => subject === "server" && kind === "trigger", spoil);
  expect(faults.some((fault) => fault.startsWith(rule))).toBe(true);
});
