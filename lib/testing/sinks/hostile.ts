// Strings that servers and tenants really put into names and errors, and what of them must never leave the house.
import type { NoticeContent } from "../../domain/notice.ts";

export const HOSTILE: Record<string, string> = {
  "mentions of every vendor":
    "@everyone @here <@&2222222222222222222> <@123456789012345678> <!channel> <!here> <@U012AB3CD> <!subteam^S1>",
  "markup of every vendor":
    '*b* _i_ ~s~ `c` ```f``` ||x|| > q # h [click](https://evil.example) <https://evil.example|ok> <a href="https://evil.example">x</a> <img src=x onerror=alert(1)> <script>alert(1)</script>',
  "line breaks and header injection": "ok\r\nBcc: victim@example.com\r\n\r\nbody\u2028x\u2029y\u0085z",
  "control characters": "a\u0000b\u0007c\u001b[31mred\u001b[0m\u007f\u009b1m",
  "bidirectional overrides and hidden text":
    "\u202egnp.exe\u202c\u2066x\u2069\u200b\u200e\u200f\ufeff\u{e0041}\u{e0042}",
  "lone surrogates": "\ud800 x \udc00 y \udfff",
  "a megabyte": "A".repeat(1_000_000),
  "a megabyte of escapes": "<&>*@".repeat(200_000),
  "one character of a thousand marks": `e${"\u0301".repeat(5_000)}`,
  "families of emoji": "👩‍👩‍👧‍👦".repeat(2_000),
  "a prototype": "__proto__",
  nothing: "",
  spaces: " \t\n ",
};

/** A notice whose every free text is this one. */
export function hostileContent(text: string): Partial<NoticeContent> {
  return {
    title: text,
    serverName: text,
    serverUrl: text,
    tenantName: text,
    reasonLabel: text,
    advice: text,
    evidence: text,
    by: text,
    regions: Array.from({ length: 20 }, () => ({ region: text, status: "down" as const, reason: "timeout" as const })),
    runbookUrl: `javascript:${text.slice(0, 200)}`,
    startedAt: text.slice(0, 100),
    at: text.slice(0, 100),
  };
}

/** Every string in a value, keys included. */
export function strings(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([k, v]) => [k, ...strings(v)]);
}

export const UNSEEN =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff\u{e0000}-\u{e007f}]/u;
