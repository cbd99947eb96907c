import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CAUSES } from "./cause.ts";
import { INCIDENT_STATES, mayShow, stillWanted } from "./incident.ts";
import { isStandalone, NOTICE_KINDS, noticeContentSchema } from "./notice.ts";
import { fitToLeave, noticeContent, shareableUrl, type Told } from "./payload.ts";
import { REASON_NAMES, REASONS } from "./reason.ts";
import { silencing } from "./silence.ts";

const told: Told = {
  ...{
    kind: "trigger",
    tenantName: "Acme",
    subjectName: "Search",
    serverUrl: "https://u:p@mcp.example.com/mcp?key=1#x",
    severity: "P1",
    status: "down",
    reason: "timeout",
  },
  ...{
    evidence: "e",
    regions: [],
    startedAt: new Date("2026-11-21T12:00:00Z"),
    incidentUrl: "https://tocsin.example.com/incidents/1",
    drill: false,
  },
};
const now = new Date("2026-11-21T12:03:00Z");

test("a notice says what to do about what most regions saw exactly", () => {
  const seen = (region: string, cause?: string) => ({
    ...{ region, status: "down" as const, reason: "timeout" as const },
    ...(cause && { cause }),
  });
  const content = noticeContent({ ...told, regions: [seen("fra", "list_timeout"), seen("iad")] }, now);
  expect(content.advice).toBe(CAUSES.list_timeout.advice);
  expect(noticeContent(told, now).advice).toBe(REASONS.timeout.advice);
});

test("content parses as a notice for every kind and reason, whatever the names and the evidence hold", () => {
  const hostile = fc.string({ unit: "binary", maxLength: 800 });
  fc.assert(
    fc.property(
      fc.constantFrom(...NOTICE_KINDS),
      fc.constantFrom(...REASON_NAMES),
      hostile,
      hostile,
      hostile,
      (kind, reason, subjectName, evidence, by) => {
        const content = noticeContent({ ...told, kind, reason, subjectName, evidence, by, serverUrl: evidence }, now);
        expect(noticeContentSchema.safeParse(content).success).toBe(true);
        expect(`${content.title}${content.evidence}${content.serverName}`).not.toMatch(
          /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/,
        );
      },
    ),
  );
});

test.each<[string, string]>([
  ["connect ECONNREFUSED 10.1.2.3:443", "connect ECONNREFUSED [address]"],
  ["connect ECONNREFUSED ::1:443", "connect ECONNREFUSED [address]"],
  ["at [2001:db8::7]:8080 and fe80::1%eth0", "at [address] and [address]"],
  ["::ffff:127.0.0.1", "[address]"],
  ["see https://u:pw@host.example/p?token=abc#frag now", "see https://host.example/p now"],
  ["at 12:30:05 it broke", "at 12:30:05 it broke"],
  ["HTTP 502 (1.2.3)", "HTTP 502 (1.2.3)"],
])("%s leaves as %s", (text, out) => {
  expect(fitToLeave(text, 300)).toBe(out);
});

test("no IPv4 or IPv6 address leaves in evidence", () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (ip) => {
      expect(fitToLeave(`connect to ${ip} failed`, 300)).not.toContain(ip);
    }),
  );
});

test("every word about an incident links to its reason's runbook in the console", () => {
  for (const kind of NOTICE_KINDS)
    expect(noticeContent({ ...told, kind }, now).runbookUrl).toBe(
      isStandalone(kind) ? undefined : "https://tocsin.example.com/runbooks?reason=timeout",
    );
});

test("of a registered URL origin and path leave, nothing else", () => {
  expect(shareableUrl(told.serverUrl)).toBe("https://mcp.example.com/mcp");
  expect(["javascript:alert(1)", "", "file:///etc/passwd"].map(shareableUrl)).toEqual(["", "", ""]);
});

test.each(["trigger", "acknowledge", "resolve"] as const)(
  "the title of a %s says what and why; severity, state and who are each sink's to say, once",
  (kind) => {
    expect(noticeContent({ ...told, kind, by: "Ana" }, now)).toMatchObject({
      title: "Search: No answer in time",
      severity: "P1",
      status: "down",
      by: "Ana",
      durationS: 180,
    });
  },
);

describe("what is still wanted", () => {
  const table: Record<string, string[]> = {
    trigger: ["open"],
    update: ["open"],
    acknowledge: ["acknowledged"],
    resolve: ["resolved"],
    test: [...INCIDENT_STATES],
    digest: [...INCIDENT_STATES],
    challenge: [...INCIDENT_STATES],
    reminder: [...INCIDENT_STATES],
  };
  test.each(NOTICE_KINDS.flatMap((kind) => INCIDENT_STATES.map((state) => [kind, state] as const)))(
    "a %s of an incident that is %s",
    (kind, state) => {
      const { send, reason } = stillWanted(kind, state);
      expect(send).toBe(table[kind]?.includes(state));
      expect(reason).toMatch(/^[A-Z].*\.$/);
    },
  );
  test("a sink that may show the incident hears of its end", () => {
    expect(
      ["sent", "leased", "pending", "dead", "withheld"].filter((state) =>
        mayShow({ sinkId: "", state, mayHaveArrived: false }),
      ),
    ).toEqual(["sent", "leased"]);
    expect(mayShow({ sinkId: "", state: "dead", mayHaveArrived: true })).toBe(true);
  });
});

test("of the silences that hold the last to end decides, to the millisecond", () => {
  const at = (ms: number) => new Date(now.getTime() + ms);
  const s = (id: string, from: number, to: number, serverId: string | null = null) => ({
    id,
    serverId,
    comment: "",
    startsAt: at(from),
    endsAt: at(to),
  });
  const [past, other, mine, future] = [
    s("past", -9, 0),
    s("other", -9, 99, "b"),
    s("mine", -9, 7, "a"),
    s("future", 1, 99),
  ];
  expect(silencing([past, s("short", 0, 5), s("long", -5, 9), other, mine, future], "a", now)?.id).toBe("long");
  expect(silencing([past, other, future], "a", now)).toBeNull();
  expect(silencing([mine], null, now)).toBeNull();
});
