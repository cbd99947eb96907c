import { expect, test } from "vitest";
import { noticeContent, type Told } from "../domain/payload.ts";
import { headline } from "./words.ts";

const told: Omit<Told, "kind" | "drill"> = {
  ...{
    tenantName: "Acme",
    subjectName: "Search",
    serverUrl: "",
    severity: "P1",
    status: "down",
    reason: "timeout",
    evidence: "",
  },
  ...{
    regions: [],
    startedAt: new Date("2026-11-21T12:00:00Z"),
    incidentUrl: "https://tocsin.example.com/incidents/1",
    by: "Ana",
  },
};

test.each([
  ["trigger", false, "P1 ■ Down: Search: No answer in time"],
  ["trigger", true, "[DRILL] P1 ■ Down: Search: No answer in time"],
  ["acknowledge", false, "P1 Acknowledged by Ana: Search: No answer in time"],
  ["resolve", false, "✔ Resolved by Ana after 3 min: Search: No answer in time"],
] as const)("the lock-screen line of a %s (drill: %s) is said once: %s", (kind, drill, line) => {
  const content = noticeContent({ ...told, kind, drill }, new Date("2026-11-21T12:03:00Z"));
  expect(headline({ id: "n", tenantId: "t", incidentId: null, dedupKey: "k", kind, content }, 200)).toBe(line);
});
