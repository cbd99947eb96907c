import { describe, expect, test } from "vitest";
import { type SoftFault, softFaults, weakReason } from "./justification.ts";

describe("refused at once", () => {
  test.each([
    ["nothing", ""],
    ["too short", "maintenance"],
    ["spaces that make it long", "fix                        it"],
    ["one word twenty times", "fix fix fix fix fix fix fix"],
    ["one character", "a a a a a a a a a a a a a a a"],
    ["two words", "maintenance maintenance"],
    ["too long", "why ".repeat(200)],
    ["with what no database keeps", "The customer cannot save\0 the form since this morning"],
  ])("%s", (_, text) => expect(weakReason(text)).toMatch(/\.$/));
  test.each([
    "The customer cannot save the form since this morning, ticket 4711.",
    "顧客のダッシュボードが今朝から 開かない ため 調査します。チケット 4711",
    "Der Schlüssel ist am Freitag abgelaufen.",
  ])("a reason passes: %s", (text) => expect(weakReason(text)).toBeNull());
});

const NEAR = { action: "role.change", own: 1, people: 1 };
test.each<[what: string, text: string, near: Partial<typeof NEAR>, faults: SoftFault[]]>([
  ["a reason", "The identity team renames its groups this week, ticket 4711.", {}, []],
  ["a reason that names a test", "The drill of Friday needs a second root operator for the failover test.", {}, []],
  ["a placeholder", "test test testing 123 test this", {}, ["placeholder"]],
  ["another one", "just because, as discussed, whatever", {}, ["placeholder"]],
  ["along the keyboard", "need asdfghjk for this thing", {}, ["keys"]],
  ["and back", "this is lkjhgf a reason ok", {}, ["keys"]],
  ["one key held down", "pleeeeeease let me do this", {}, ["keys"]],
  ["a year and a ticket are no run", "Ticket 2345 of 2026 asks for the export.", {}, []],
  ["no words", "hgfk trwp mnbv sdfg klmn qrst", {}, ["gibberish"]],
  ["another script is no gibberish", "תקלה חמורה אצל הלקוח מהבוקר", {}, []],
  ["only what was done", "I need to change the role because a role change is needed", {}, ["only_action"]],
  ["what was done and why", "Change the role of the Berlin office, it has a new group", {}, []],
  ["the third time", "The identity team renames its groups.", { own: 3 }, ["own_again"]],
  ["by three people", "The identity team renames its groups.", { people: 3 }, ["copied"]],
  ["too short for today's rule", "maintenance work", { action: "silence.create" }, ["short"]],
])("looked at again: %s", (_, text, near, faults) => expect(softFaults(text, { ...NEAR, ...near })).toEqual(faults));
