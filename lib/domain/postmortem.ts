// What is learned of an incident, and what is to be done so that it does not come again. PURE.
import { z } from "zod";
import { cleanText } from "./text.ts";

export const DUE_AFTER_MS = 24 * 3_600_000;
/** A P1 owes a word so long after it opened, and again after each further pause. */
export const WORD_DUE_MS = 5 * 60_000;
export const WORD_AGAIN_MS = 30 * 60_000;
export const WORD_UNTIL_MS = 24 * 3_600_000;
/** An incident of the same fingerprint within this time is a repeat. */
export const REPEAT_MS = 90 * 86_400_000;

export const SECTIONS = ["summary", "impact", "cause", "times", "told", "lessons"] as const;
export type SectionName = (typeof SECTIONS)[number];
export type Sections = Record<SectionName, string>;
export const SECTION_WORDS: Record<SectionName, { label: string; help: string }> = {
  summary: { label: "Summary", help: "What happened, in a few sentences that somebody outside understands." },
  impact: { label: "Impact", help: "Who noticed, what did not work, for how long." },
  cause: { label: "Cause", help: "What made it possible, not who." },
  times: { label: "Times", help: "When it began, was found, told, taken in hand and over." },
  told: { label: "What was told", help: "Who was told, and what was held back." },
  lessons: { label: "What we learned", help: "What went well, what did not, where we were lucky." },
};
/** Without these it is not finished. */
export const NEEDED: readonly SectionName[] = ["summary", "impact", "cause"];

const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;
const lines = (max: number) =>
  z
    .string()
    .max(max, `Use at most ${max} characters.`)
    .transform((raw) => raw.toWellFormed().replace(/\r\n?/g, "\n").replace(UNSEEN, "").trim());
const section = lines(8_000);
export const sectionsInput = z.strictObject({
  ...{ summary: section, impact: section, cause: section, times: section, told: section, lessons: section },
});
/** As stored; what this version cannot read is empty, not an error. */
export const storedSections = (raw: unknown): Sections => {
  const empty = { summary: "", impact: "", cause: "", times: "", told: "", lessons: "" };
  return sectionsInput.safeParse({ ...empty, ...(typeof raw === "object" ? raw : {}) }).data ?? empty;
};

export const ITEM_KINDS = ["prevent", "detect", "mitigate"] as const;
export const ITEM_STATES = ["open", "done", "dropped"] as const;
const oneLine = (max: number, sentence: string) =>
  z
    .string()
    .transform((raw) => cleanText(raw, max))
    .refine((text) => text !== "", sentence);
const degree = (sentence: string) => z.coerce.number(sentence).int(sentence).min(1, sentence).max(3, sentence);
export const itemInput = {
  kind: z.enum(ITEM_KINDS, "Choose whether it prevents, detects or mitigates."),
  title: oneLine(300, "Say what is to be done."),
  owner: oneLine(120, "Name who does it."),
  dueOn: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}$/, "Choose a day.")
    .refine((day) => {
      const at = Date.parse(`${day}T00:00:00Z`);
      return !Number.isNaN(at) && new Date(at).toISOString().startsWith(day);
    }, "There is no such day."),
  impact: degree("Impact is 1, 2 or 3."),
  effort: degree("Effort is 1, 2 or 3."),
  state: z.enum(ITEM_STATES).default("open"),
};

export interface Item {
  kind: (typeof ITEM_KINDS)[number];
  title: string;
  owner: string;
  /** The day's end, epoch milliseconds. */
  dueAt: number;
  impact: number;
  effort: number;
  state: (typeof ITEM_STATES)[number];
}

/** What helps most for the least work comes first. */
export const worth = ({ impact, effort }: Pick<Item, "impact" | "effort">): number => impact / effort;
export const isOverdue = (item: Pick<Item, "state" | "dueAt">, now: Date): boolean =>
  item.state === "open" && item.dueAt < now.getTime();
/** Done of all that were not dropped, 0 to 1; null where there is none. */
export function completion(items: readonly Pick<Item, "state">[]): number | null {
  const counted = items.filter((i) => i.state !== "dropped");
  return counted.length === 0 ? null : counted.filter((i) => i.state === "done").length / counted.length;
}

export interface Told {
  number: number;
  subject: string;
  reason: string;
  severity: string;
  evidence: string;
  badSlots: number;
  /** ISO 8601 or "". */
  times: readonly { label: string; at: string }[];
  told: readonly { sink: string; outcome: string; count: number }[];
  notes: readonly string[];
}

/** What the timeline knows already; a person writes the rest. */
export function draftSections(of: Told): Sections {
  const times = of.times
    .filter((t) => t.at !== "")
    .map((t) => `- ${t.label}: ${t.at.slice(0, 19).replace("T", " ")} UTC`);
  return {
    summary: `${of.severity} #${of.number}: ${of.subject}, ${of.reason.toLowerCase()}. ${of.evidence}`
      .trim()
      .slice(0, 2_000),
    impact: of.badSlots > 0 ? `${of.badSlots} bad checks in a row or more.` : "",
    cause: "",
    times: times.join("\n"),
    told:
      of.told.length === 0
        ? "Nobody was told."
        : of.told
            .map((t) => `- ${t.sink}: ${t.count} ${t.outcome}`)
            .join("\n")
            .slice(0, 4_000),
    lessons: of.notes
      .map((note) => `- ${note}`)
      .join("\n")
      .slice(0, 4_000),
  };
}

// What begins a heading, a list, a link or a tag would change the document's shape: it is written out.
const inline = (text: string) => text.replace(/([\\`*_[\]<>#|!])/g, "\\$1");
const block = (text: string) =>
  text
    .split("\n")
    .map((line) =>
      line.replace(/^(\s*- )?(.*)$/, (_, point: string | undefined, rest: string) => `${point ?? ""}${inline(rest)}`),
    )
    .join("\n");

export function postmortemMarkdown(of: { title: string; sections: Sections; items: readonly Item[] }): string {
  const rows = of.items.map(
    (i) =>
      `| ${i.kind} | ${inline(i.title)} | ${inline(i.owner)} | ${new Date(i.dueAt).toISOString().slice(0, 10)} | ${i.impact} | ${i.effort} | ${i.state} |`,
  );
  const table = [
    "| kind | what | owner | due | impact | effort | state |",
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...rows,
  ];
  return [
    `# ${inline(of.title)}`,
    ...SECTIONS.flatMap((name) => [
      "",
      `## ${SECTION_WORDS[name].label}`,
      "",
      block(of.sections[name]) || "_Not written yet._",
    ]),
    ...["", "## Action items", "", ...(rows.length === 0 ? ["None."] : table), ""],
  ].join("\n");
}
