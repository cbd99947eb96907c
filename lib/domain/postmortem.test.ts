import { expect, test } from "vitest";
import {
  completion,
  draftSections,
  type Item,
  isOverdue,
  itemInput,
  postmortemMarkdown,
  SECTIONS,
  sectionsInput,
  storedSections,
  worth,
} from "./postmortem.ts";
import { z } from "zod";

const item: Item = {
  ...{ kind: "prevent", title: "Restart by itself", owner: "Ann", dueAt: Date.parse("2026-12-01T23:59:59Z") },
  ...{ impact: 3, effort: 1, state: "open" },
};
const blank = { summary: "", impact: "", cause: "", times: "", told: "", lessons: "" };

test("a draft holds what the timeline knows, and leaves the cause to a person", () => {
  const draft = draftSections({
    ...{
      number: 7,
      subject: "Search",
      reason: "No answer in time",
      severity: "P1",
      evidence: "No answer.",
      badSlots: 4,
    },
    times: [
      { label: "first bad check", at: "2026-11-21T12:00:00.000Z" },
      { label: "acknowledged", at: "" },
    ],
    told: [{ sink: "Pager", outcome: "sent", count: 2 }],
    notes: ["Ana: the pool was full"],
  });
  expect(draft).toEqual({
    summary: "P1 #7: Search, no answer in time. No answer.",
    impact: "4 bad checks in a row or more.",
    cause: "",
    times: "- first bad check: 2026-11-21 12:00:00 UTC",
    told: "- Pager: 2 sent",
    lessons: "- Ana: the pool was full",
  });
  expect(sectionsInput.safeParse(draft).success).toBe(true);
});

test("an open item is overdue after its day, not on it; a done one never is", () => {
  expect(isOverdue(item, new Date("2026-12-01T12:00:00Z"))).toBe(false);
  expect(isOverdue(item, new Date("2026-12-02T00:00:00Z"))).toBe(true);
  expect(isOverdue({ ...item, state: "done" }, new Date("2027-01-01"))).toBe(false);
});

test("completion counts what was not dropped; worth is impact by effort", () => {
  const of = (state: Item["state"]) => ({ state });
  expect(completion([of("done"), of("open"), of("dropped")])).toBe(0.5);
  expect(completion([of("dropped")])).toBeNull();
  expect(worth(item)).toBeGreaterThan(worth({ impact: 3, effort: 3 }));
});

test.each([
  ["a day that there is not", { dueOn: "2026-02-30" }, "There is no such day."],
  ["a word for a day", { dueOn: "soon" }, "Choose a day."],
  ["an impact of 4", { impact: "4" }, "Impact is 1, 2 or 3."],
  ["nobody", { owner: " \u200b" }, "Name who does it."],
  ["another kind", { kind: "blame" }, "Choose whether it prevents, detects or mitigates."],
])("%s is refused with a sentence", (_title, wrong, sentence) => {
  const good = { kind: "prevent", title: "x", owner: "Ann", dueOn: "2026-12-01", impact: "3", effort: "1" };
  const form = z.strictObject(itemInput);
  expect(form.safeParse(good).success).toBe(true);
  expect(form.safeParse({ ...good, ...wrong }).error?.issues[0]?.message).toBe(sentence);
});

test("stored sections that this version cannot read are empty and no error", () => {
  for (const raw of [null, 7, "x", { summary: 7 }, { more: "x" }]) expect(storedSections(raw)).toEqual(blank);
  expect(storedSections({ summary: "s" }).summary).toBe("s");
});

test("Markdown keeps its shape whatever is written: no heading, table, link or tag of somebody's own", () => {
  const evil = "# Head\n| a | b |\n[x](javascript:1) <script>1</script>\n- point ![i](http://x)";
  const out = postmortemMarkdown({
    title: `#7 <b>${evil}`.replaceAll("\n", " "),
    sections: { ...blank, summary: evil },
    items: [{ ...item, title: "a | b <i>" }],
  });
  expect(out.split("\n").filter((l) => /^#{1,2} /.test(l))).toHaveLength(1 + SECTIONS.length + 1);
  expect(out).not.toMatch(/(?<!\\)<|(?<!\\)\]\(/);
  expect(out.split("\n").filter((l) => l.startsWith("|"))).toHaveLength(3);
  expect(out).toContain("- point");
  expect(out).toContain("| prevent | a \\| b \\<i\\> | Ann | 2026-12-01 | 3 | 1 | open |");
});
