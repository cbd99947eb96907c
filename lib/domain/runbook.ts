// What to do about a reason: the given text, or what the tenant wrote instead. Plain text with three marks that are
// drawn, and nothing else: a line "# heading", "1. step", "- point". PURE.
import { z } from "zod";
import { REASON_NAMES, type Reason, REASONS } from "./reason.ts";
import { RUNBOOK_TEXTS } from "./runbook-texts.ts";

export const RUNBOOK_BYTES = 8_192;
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

export const isReason = (name: string): name is Reason => Object.hasOwn(REASONS, name);
export const runbookPath = (reason: Reason): string => `/runbooks?reason=${reason}`;

/** Lines stay lines; what nobody sees goes. */
export const runbookBody = z
  .string()
  .transform((raw) =>
    raw
      .slice(0, RUNBOOK_BYTES * 4)
      .toWellFormed()
      .replace(/\r\n?|[\u2028\u2029\u0085]/g, "\n")
      .replace(UNSEEN, "")
      .trim(),
  )
  .refine((body) => body !== "", "Write at least one step.")
  .refine(
    (body) => new TextEncoder().encode(body).length <= RUNBOOK_BYTES,
    "A runbook has at most 8 KB: link to the longer document from it.",
  );
export const reasonName = z.enum(REASON_NAMES, "There is no such reason.");

/** The given one, in the same marks in which a tenant writes its own. */
export function givenRunbook(reason: Reason): string {
  const { means, checks, owner, escalate } = RUNBOOK_TEXTS[reason];
  return [
    "# What it means",
    means,
    "",
    "# First checks",
    ...checks.map((check, i) => `${i + 1}. ${check}`),
    "",
    "# Who usually owns it",
    owner,
    "",
    "# When to escalate",
    escalate,
  ].join("\n");
}

export type RunbookBlock = { kind: "heading" | "text"; text: string } | { kind: "steps" | "points"; items: string[] };

/** What is drawn: text only. A link or a tag in it stays the characters that it is. */
export function runbookBlocks(body: string): RunbookBlock[] {
  const blocks: RunbookBlock[] = [];
  for (const line of body.split("\n").map((l) => l.trim())) {
    if (line === "") continue;
    const heading = /^#{1,4}\s+(.+)$/.exec(line)?.[1];
    const step = /^\d{1,3}[.)]\s+(.+)$/.exec(line)?.[1];
    const point = /^[-*]\s+(.+)$/.exec(line)?.[1];
    const last = blocks.at(-1);
    if (heading !== undefined) blocks.push({ kind: "heading", text: heading });
    else if (step !== undefined) add(blocks, last, "steps", step);
    else if (point !== undefined) add(blocks, last, "points", point);
    else blocks.push({ kind: "text", text: line });
  }
  return blocks;
}

function add(blocks: RunbookBlock[], last: RunbookBlock | undefined, kind: "steps" | "points", item: string): void {
  if (last !== undefined && "items" in last && last.kind === kind) last.items.push(item);
  else blocks.push({ kind, items: [item] });
}
