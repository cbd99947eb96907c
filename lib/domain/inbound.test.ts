// Alerts of other monitors as they are sent, and as strangers might send them.
import { describe, expect, test } from "vitest";
import { alertsPosted, webhookPosted } from "./alertmanager.ts";
import { TocsinError } from "./error.ts";
import { genericPosted } from "./generic-alert.ts";
import { fingerprintOf, MAX_ALERTS } from "./inbound.ts";
import { opsgenieCall, pagerdutyCall, slackClick } from "./vendor-call.ts";

const NOW = new Date("2026-11-21T12:00:00Z");
/** In the shape in which Prometheus 2.42 sends it. */
const SENT = {
  labels: { alertname: "HighLatency", instance: "10.0.0.7:9100", job: "api", severity: "page" },
  annotations: { summary: "p95 is over 2 s", description: "It was 2.4 s for 5 minutes." },
  startsAt: "2026-11-21T11:58:12.345Z",
  endsAt: "2026-11-21T12:03:12.345Z",
  generatorURL: "http://prometheus.example.com:9090/graph?g0.expr=up",
};
const one = (over: object = {}) => alertsPosted([{ ...SENT, ...over }], NOW);
const code = (work: () => unknown) => {
  try {
    work();
    return "taken";
  } catch (error) {
    return error instanceof TocsinError ? error.code : String(error);
  }
};

describe("what Prometheus sends", () => {
  test("fires until its end, with its labels, as grave as its label says", () => {
    expect(one().alerts).toEqual([
      {
        fingerprint: fingerprintOf(SENT.labels),
        ...{ status: "firing", severity: "P1", title: "HighLatency (10.0.0.7:9100)" },
        ...{ body: "p95 is over 2 s It was 2.4 s for 5 minutes.", labels: SENT.labels, link: SENT.generatorURL },
        ...{ startsAt: new Date(SENT.startsAt), endsAt: new Date(SENT.endsAt) },
      },
    ]);
  });
  test.each([
    ["critical", "P1"],
    ["page", "P1"],
    ["error", "P2"],
    ["high", "P2"],
    ["Warning", "P3"],
    ["info", "P4"],
    ["P2", "P2"],
    ["purple", null],
    ["constructor", null],
  ])("severity %s is %s", (severity, is) => {
    expect(one({ labels: { ...SENT.labels, severity } }).alerts[0]?.severity).toBe(is);
  });
  test("is over when its end is past", () => {
    expect(one({ endsAt: "2026-11-21T11:59:59Z" }).alerts[0]?.status).toBe("resolved");
  });
  test("without an end, or with Go's zero time, it has none yet", () => {
    expect(one({ endsAt: undefined }).alerts[0]).toMatchObject({ status: "firing", endsAt: null });
    expect(one({ endsAt: "0001-01-01T00:00:00Z" }).alerts[0]).toMatchObject({ status: "firing", endsAt: null });
  });
  test("the same labels in another order are the same alert, and one other value is another", () => {
    const { alertname, instance, job, severity } = SENT.labels;
    expect(fingerprintOf({ severity, job, instance, alertname })).toBe(fingerprintOf(SENT.labels));
    expect(fingerprintOf({ ...SENT.labels, job: "db" })).not.toBe(fingerprintOf(SENT.labels));
    // No joining of names and values that two different sets share.
    expect(fingerprintOf({ a: "b,c=d" })).not.toBe(fingerprintOf({ a: "b", c: "d" }));
  });
  test("a start ahead of our clock is now", () => {
    expect(one({ startsAt: "2027-01-01T00:00:00Z", endsAt: undefined }).alerts[0]?.startsAt).toEqual(NOW);
  });
});

describe("what is wrong with one alert is said of it, and the others are taken", () => {
  const many = (n: number, value = "x") => Object.fromEntries(Array.from({ length: n }, (_, i) => [`l${i}`, value]));
  test.each([
    ["no labels", { labels: undefined }],
    ["empty labels", { labels: {} }],
    ["labels in a list", { labels: ["alertname"] }],
    ["a value that is no text", { labels: { alertname: 7 } }],
    ["51 labels", { labels: many(51) }],
    ["a value of 1,025 characters", { labels: { alertname: "a".repeat(1_025) } }],
    ["a name of 129 characters", { labels: { ["a".repeat(129)]: "x" } }],
    ["a control character in a name", { labels: { "a\u0000b": "x" } }],
    ["a name that every object has", { labels: JSON.parse('{"__proto__":"x"}') }],
    ["a start that is no time", { startsAt: "yesterday" }],
    ["an end before its start", { endsAt: "2026-11-21T11:00:00Z" }],
  ])("%s", (_, over) => {
    const { alerts, refused } = alertsPosted(
      [
        { ...SENT, ...over },
        { ...SENT, labels: { alertname: "Other" } },
      ],
      NOW,
    );
    expect(alerts.map((a) => a.labels["alertname"])).toEqual(["Other"]);
    expect(refused).toHaveLength(1);
    expect(refused[0]).toMatch(/^Alert 1: .+\.$/);
  });
  test("50 labels of 1,024 characters are taken", () => {
    expect(one({ labels: many(50, "a".repeat(1_024)) }).refused).toEqual([]);
  });
  test("control characters, bidirectional marks and length never reach what is kept", () => {
    const [alert] = one({
      labels: { alertname: `a\u202e\u0007${"b".repeat(900)}` },
      annotations: { summary: "x\r\ny" },
    }).alerts;
    expect(alert?.title.length).toBeLessThanOrEqual(120);
    expect(`${alert?.title}${alert?.body}${alert?.labels["alertname"]}`).not.toMatch(/[\u0000-\u001f\u202a-\u202e]/);
  });
  test("a link that a browser must not follow is none", () => {
    for (const generatorURL of ["javascript:alert(1)", "file:///etc/passwd", "http://u:p@example.com/", "x", 7])
      expect(one({ generatorURL }).alerts[0]?.link).toBe("");
  });
});

test("more alerts than are taken at once are refused as a whole, by a code of their own", () => {
  const list = Array.from({ length: MAX_ALERTS + 1 }, (_, i) => ({ labels: { alertname: `a${i}` } }));
  expect(code(() => alertsPosted(list, NOW))).toBe("E_TOO_LARGE");
  expect(alertsPosted(list.slice(1), NOW).alerts).toHaveLength(MAX_ALERTS);
});

test.each([[null], [{}], ["x"], [7]])("%j is no list of alerts", (body) =>
  expect(code(() => alertsPosted(body, NOW))).toBe("E_INVALID"),
);

describe("what an Alertmanager sends to a webhook receiver", () => {
  /** In the shape in which Alertmanager 0.25 sends it. */
  const body = (status: string, endsAt: string) => ({
    ...{
      receiver: "tocsin",
      status,
      groupLabels: {},
      commonLabels: {},
      commonAnnotations: {},
      externalURL: "http://am",
    },
    ...{ version: "4", groupKey: "{}:{}", truncatedAlerts: 0 },
    alerts: [{ ...SENT, status, endsAt, fingerprint: "1f6a2b" }],
  });
  test("fires until it says that it is over, however long it says nothing", () => {
    expect(webhookPosted(body("firing", "0001-01-01T00:00:00Z"), NOW).alerts[0]).toMatchObject({
      ...{ status: "firing", endsAt: null, fingerprint: fingerprintOf(SENT.labels) },
    });
    expect(webhookPosted(body("resolved", "2026-11-21T11:59:59Z"), NOW).alerts[0]?.status).toBe("resolved");
    // Its end is cut to the second: it may stand before its start, and is an end all the same.
    expect(webhookPosted(body("resolved", "2026-11-21T11:58:12Z"), NOW).alerts[0]?.status).toBe("resolved");
  });
  test.each([[{ ...body("firing", ""), version: "3" }], [{ version: "4" }], [[]], [null]])(
    "anything else is refused",
    (b) => expect(code(() => webhookPosted(b, NOW))).toBe("E_INVALID"),
  );
});

describe("what any script sends", () => {
  const good = { id: "disk-7", status: "firing", severity: "critical", title: "Disk is full" };
  test("is one alert, known by its id", () => {
    const [first] = genericPosted(good, NOW).alerts;
    expect(first).toMatchObject({ status: "firing", severity: "P1", title: "Disk is full", endsAt: null });
    expect(genericPosted({ ...good, title: "Another title" }, NOW).alerts[0]?.fingerprint).toBe(first?.fingerprint);
    expect(genericPosted({ ...good, status: "resolved" }, NOW).alerts[0]?.endsAt).toEqual(NOW);
  });
  test.each([
    ["E_INVALID", { ...good, id: undefined }],
    ["E_INVALID", { ...good, status: "broken" }],
    ["E_INVALID", { ...good, severity: "purple" }],
    ["E_INVALID", { ...good, title: "\u0000\u0007" }],
    ["E_INVALID", { ...good, labels: { a: 1 } }],
    ["E_INVALID", { ...good, startsAt: "soon" }],
    ["E_UNKNOWN_FIELD", { ...good, tenantId: "x" }],
    ["E_INVALID", []],
  ])("%s: %j", (want, body) => expect(code(() => genericPosted(body, NOW))).toBe(want));
});

describe("what vendors send back", () => {
  test("PagerDuty: what happened, to which key, by whom, under the id that is signed", () => {
    const event = (type: string) => ({
      event: {
        ...{ id: "01DEN4HPBQAAAG05V5QQYBRZMF", event_type: type, resource_type: "incident" },
        agent: { type: "user_reference", summary: "Ada Lovelace" },
        data: { id: "PGR0VU2", incident_key: "tocsin-1", assignees: [{ summary: "Grace" }, { summary: "Alan" }] },
      },
    });
    expect(pagerdutyCall(event("incident.acknowledged"))).toEqual({
      ...{ verb: "acknowledge", dedupKey: "tocsin-1", who: { name: "Ada Lovelace" } },
      ...{ key: "01DEN4HPBQAAAG05V5QQYBRZMF", to: "Grace, Alan" },
    });
    expect(pagerdutyCall(event("incident.resolved")).verb).toBe("resolve");
    expect(pagerdutyCall(event("incident.reassigned")).verb).toBe("reassign");
    for (const type of ["incident.priority_updated", "constructor", "__proto__"])
      expect(pagerdutyCall(event(type)).verb).toBe("none");
  });
  test("OpsGenie: by alias, with the address where it is one", () => {
    const body = { action: "Acknowledge", alert: { alias: "tocsin-1", username: "ada@example.com" } };
    expect(opsgenieCall(body)).toMatchObject({
      verb: "acknowledge",
      dedupKey: "tocsin-1",
      who: { name: "ada", email: "ada@example.com" },
    });
    expect(opsgenieCall({ ...body, action: "Close" }).verb).toBe("resolve");
    expect(opsgenieCall({ ...body, action: "AddNote" }).verb).toBe("none");
  });
  test("Slack: one of our buttons, its reference, and a name for the click", () => {
    const payload = {
      ...{ type: "block_actions", user: { id: "U1", username: "ada" }, container: { message_ts: "1.2" } },
      actions: [{ action_id: "tocsin_acknowledge", value: "ref", action_ts: "3.4" }],
    };
    expect(slackClick(payload)).toEqual({ verb: "acknowledge", ref: "ref", who: { name: "ada" }, key: "3.4/1.2" });
    expect(slackClick({ ...payload, type: "view_submission" })).toBeNull();
  });
  test.each([[null], [7], ["x"], [[]], [{ event: 7, alert: [], actions: 7, type: "block_actions" }]])(
    "nonsense is nothing: %j",
    (body) => {
      expect(pagerdutyCall(body)).toMatchObject({ verb: "none", dedupKey: "" });
      expect(opsgenieCall(body)).toMatchObject({ verb: "none", dedupKey: "" });
      expect(slackClick(body)).toBeNull();
    },
  );
});
