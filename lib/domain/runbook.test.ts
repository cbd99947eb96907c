import fc from "fast-check";
import { expect, test } from "vitest";
import { REASON_NAMES, REASONS } from "./reason.ts";
import { givenRunbook, RUNBOOK_BYTES, runbookBlocks, runbookBody } from "./runbook.ts";
import { RUNBOOK_TEXTS } from "./runbook-texts.ts";

test("every reason has a given runbook: what it means, three checks, an owner, when to escalate", () => {
  expect(Object.keys(RUNBOOK_TEXTS).sort()).toEqual([...REASON_NAMES].sort());
  for (const reason of REASON_NAMES) {
    const given = givenRunbook(reason);
    expect(runbookBody.safeParse(given).data, reason).toBe(given);
    const blocks = runbookBlocks(given);
    expect(blocks.map((b) => b.kind)).toEqual([
      "heading",
      "text",
      "heading",
      "steps",
      "heading",
      "text",
      "heading",
      "text",
    ]);
    const sentences = blocks.flatMap((b) => (b.kind === "heading" ? [] : "items" in b ? b.items : [b.text]));
    for (const sentence of sentences) expect(sentence, `${reason}: ${sentence}`).toMatch(/^[A-Z].{10,200}[.?]$/);
  }
});

test("no two reasons have the same checks, so none was copied and forgotten", () => {
  const checks = Object.values(RUNBOOK_TEXTS).map((t) => t.checks.join());
  expect(new Set(checks).size).toBe(checks.length);
  expect(Object.keys(REASONS)).toHaveLength(checks.length);
});

test.each([
  ["nothing", "", "at least one step"],
  ["blanks and what nobody sees", " \n\u200b\u0000 ", "at least one step"],
  ["8 KB and one byte", "a".repeat(RUNBOOK_BYTES + 1), "8 KB"],
  ["8 KB of letters that take two bytes", "é".repeat(RUNBOOK_BYTES / 2 + 1), "8 KB"],
  ["a megabyte", "a".repeat(1_000_000), "8 KB"],
])("%s is refused with a sentence", (_title, body, words) => {
  const parsed = runbookBody.safeParse(body);
  expect(parsed.error?.issues[0]?.message).toContain(words);
});

test("what is drawn of any text is text: every mark but the three is left as its characters", () => {
  const shown = runbookBlocks("# Head\n1. one\n2) two\n- a\n<script>x</script> [y](javascript:1)\n* b");
  expect(shown).toEqual([
    { kind: "heading", text: "Head" },
    { kind: "steps", items: ["one", "two"] },
    { kind: "points", items: ["a"] },
    { kind: "text", text: "<script>x</script> [y](javascript:1)" },
    { kind: "points", items: ["b"] },
  ]);
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 400 }), (raw) => {
      const body = runbookBody.safeParse(raw);
      if (body.success) expect(JSON.stringify(runbookBlocks(body.data))).not.toMatch(/\\u00(0[0-8b-f]|1)/);
    }),
  );
});
