// Words of a tool that speak to the model instead of describing the tool: what a poisoned server changes once it is
// trusted. Rules over text, pure; a flag is a reason to look, never a proof. docs/tools.md lists them.
import { z } from "zod";
import { isRecord } from "./surface.ts";
import type { KeptTool } from "./tool-list.ts";
import { visibleLine } from "./visible.ts";

/** Characters of one text that are looked through, and texts of one tool. */
const MAX_TEXT = 20_000;
const MAX_TEXTS = 500;
const MAX_FLAGS = 40;
/** Characters shown before and after what was found. */
const AROUND = 40;

export const flagSchema = z.object({
  rule: z.string(),
  tool: z.string(),
  /** Where in the tool: "description", "inputSchema.properties.q.description". */
  where: z.string(),
  quote: z.string(),
});
export type Flag = z.infer<typeof flagSchema>;

export interface InjectionRule {
  id: string;
  /** What it means, in a few words. */
  label: string;
  pattern: RegExp;
}

export const INJECTION_RULES: readonly InjectionRule[] = [
  {
    id: "overrides",
    label: "Tells the model to forget its instructions",
    pattern:
      /\b(?:ignore|disregard|forget|override|bypass)(?:s|es)?\b[^.\n]{0,40}\b(?:previous|prior|above|earlier|other|all|any|your|system|safety|security)\b[^.\n]{0,30}\b(?:instructions?|prompts?|rules?|guidelines?|directions?|polic(?:y|ies)|constraints?|messages?)\b/i,
  },
  {
    id: "commands_model",
    label: "Gives the model orders about other steps",
    pattern:
      /\b(?:before|after|prior to|whenever|every time|each time)\b[^.\n]{0,50}\b(?:using|calling|invoking|running|any|other|every|this tool|tools?)\b[^.\n]{0,60}\b(?:you must|you should|must (?:first|always|also)|always (?:first )?(?:call|read|send|run|include|pass)|first (?:call|read|send|run))\b|\byou (?:must|are required to|have to|need to)\s+(?:always |first |also )?(?:call|invoke|run|execute|read|send|include|pass|copy|forward|attach|upload)\b/i,
  },
  {
    id: "hides_from_user",
    label: "Asks to keep something from the user",
    pattern:
      /\b(?:do not|don['’]?t|never|without|avoid)\s+(?:ever\s+)?(?:tell|telling|mention|mentioning|inform|informing|notify|notifying|show|showing|reveal|revealing|disclose|disclosing|alert|alerting|ask|asking)\b[^.\n]{0,30}\b(?:the )?(?:user|human|operator|person|anyone)\b|\b(?:silently|secretly|covertly)\s+(?:send|read|call|copy|forward|upload|include|run|execute|pass|post)\b/i,
  },
  {
    id: "role_markup",
    label: "Imitates a system message or hidden section",
    pattern:
      /<\/?\s*(?:important|system|instructions?|secret|hidden|assistant|user|admin|tool_instructions|s)\s*>|<\|(?:im_start|im_end|system|user|assistant|endoftext)\|>|\[\/?(?:INST|SYSTEM|SYS)\]|<<\/?SYS>>|^\s{0,3}#{1,4}\s*(?:system|new instructions?)\b|^[ \t]*(?:system|assistant)[ \t]*:\s*\S/im,
  },
  {
    id: "persona",
    label: "Gives the model another role",
    pattern:
      /\byou are (?:now|no longer)\b|\b(?:act|behave|respond) as (?:if you (?:are|were)|an? (?:unrestricted|different|admin))|\bnew (?:system )?(?:instructions|persona)\s*:|\b(?:developer|god|dan|jailbreak) mode\b/i,
  },
  {
    id: "secrets",
    label: "Reaches for secrets or private files",
    pattern:
      /(?:~|\$HOME|\/home\/\w+|\/root|%USERPROFILE%)[/\\]\.(?:ssh|aws|gnupg|kube|docker|cursor|netrc|npmrc|config)\b|\bid_(?:rsa|ed25519|ecdsa)\b|\/etc\/(?:passwd|shadow)\b|\.env\b[^.\n]{0,40}\b(?:content|file|read|include|send|pass)|\b(?:include|send|pass|attach|append|provide|paste|read)\b[^.\n]{0,50}\b(?:api[ _-]?keys?|passwords?|private keys?|credentials?|access tokens?|secrets|environment variables|mcp\.json|system prompt|conversation history|chat history)\b/i,
  },
  {
    id: "exfiltrates",
    label: "Sends something elsewhere",
    pattern:
      /\b(?:send|post|forward|upload|transmit|exfiltrate|leak|report|copy|bcc|cc)\b[^.\n]{0,80}\b(?:to|at|via)\s+(?:https?:\/\/|[\w.+-]+@[\w-]+\.\w|this (?:url|address|server|endpoint)|the following (?:url|address|endpoint|email))/i,
  },
  {
    id: "image",
    label: "Carries an image or markup that fetches something",
    pattern:
      /!\[[^\]\n]{0,200}\]\(\s*(?:https?:|data:|\/\/)|<\s*(?:img|iframe|script|object|embed|link|svg|style)\b[^>]{0,300}>?|\bjavascript:|\bdata:text\/html/i,
  },
  {
    id: "hidden_text",
    label: "Holds characters that cannot be seen or that reorder text",
    // One joiner or mark inside a word is how some scripts and emoji are written; tags and overrides never are.
    pattern:
      /[\u{e0020}-\u{e007f}\u202a-\u202e\u2066-\u2069]|[\u200b\u2060\ufeff\u00ad]{1,}|[\u200c\u200d]{3,}|[\ufe00-\ufe0f]{2,}|\u3164/u,
  },
  {
    id: "terminal",
    label: "Holds terminal control sequences",
    pattern: /[\u001b\u009b]\[?|\\x1b\[|\\u001b\[|\\033\[|[\u0000-\u0008\u000b\u000c\u000e-\u001f]/,
  },
  {
    id: "encoded",
    label: "Holds a long encoded block",
    pattern:
      /(?<![\w+/])(?=[A-Za-z0-9+/]*[A-Z])(?=[A-Za-z0-9+/]*[a-z])(?=[A-Za-z0-9+/]*[0-9])[A-Za-z0-9+/]{80,}={0,2}(?![\w+/])|(?<![0-9a-f])[0-9a-f]{128,}(?![0-9a-f])|(?:\\x[0-9a-f]{2}){16,}|(?:%[0-9a-f]{2}){16,}/i,
  },
  {
    id: "far_below",
    label: "Hides text behind a long gap",
    pattern: /\S[ \t]{120,}\S|\S(?:[ \t]*\n){25,}[ \t]*\S/,
  },
];

const URL = /\bhttps?:\/\/[^\s"'<>)\]}]{3,200}/gi;

/** Rules whose finding depends on what was there before, or on other servers. */
export const COMPARED_RULES: Record<string, string> = {
  new_url: "Names an address that was not there before",
  shadows: "Speaks of another server's tool",
  same_name: "Is named like another server's tool",
};

export const flagLabel = (id: string): string =>
  INJECTION_RULES.find((r) => r.id === id)?.label ?? COMPARED_RULES[id] ?? id;

interface Text {
  where: string;
  text: string;
}

/**
 * What reads like an instruction in `after` and was not there in `before`.
 * @param elsewhere names of the tools of this tenant's other servers
 */
export function newFlags(
  before: readonly KeptTool[],
  after: readonly KeptTool[],
  elsewhere: ReadonlySet<string> = new Set(),
): Flag[] {
  const was = new Map(before.map((t) => [t.name, t]));
  const own = new Set(after.map((t) => t.name));
  const others = othersOf([...elsewhere].filter((n) => !own.has(n) && isTelling(n)));
  const flags: Flag[] = [];
  for (const tool of after) {
    const old = was.get(tool.name);
    if (old?.full === tool.full || flags.length >= MAX_FLAGS) continue;
    const texts = textsOf(tool);
    const had = old === undefined ? [] : textsOf(old).map((t) => t.text);
    const add = (rule: string, { where, text }: Text, at: number, length: number) =>
      flags.push({
        rule,
        tool: visibleLine(tool.name, 120),
        where: visibleLine(where, 120),
        quote: around(text, at, length),
      });
    for (const { id, pattern } of INJECTION_RULES) {
      if (had.some((text) => pattern.test(text))) continue;
      const hit = texts.find((t) => pattern.test(t.text));
      const match = hit && pattern.exec(hit.text);
      if (match) add(id, hit, match.index, match[0].length);
    }
    const known = had.join("\n");
    const link = old && firstOf(texts, (text) => [...text.matchAll(URL)].find((m) => !known.includes(hostOf(m[0]))));
    if (link) add("new_url", link.in, link.match.index, link.match[0].length);
    const naming = firstNaming(texts, others, known);
    if (naming) add("shadows", naming.in, naming.at, naming.name.length);
    if (old === undefined && before.length > 0 && elsewhere.has(tool.name) && isTelling(tool.name))
      add("same_name", { where: "name", text: tool.name }, 0, tool.name.length);
  }
  return flags.slice(0, MAX_FLAGS);
}

/** All that a model reads of a tool, names of parameters included. */
function textsOf({ name, tool }: KeptTool): Text[] {
  const found: Text[] = [{ where: "name", text: name.slice(0, MAX_TEXT) }];
  const walk = (value: unknown, where: string) => {
    if (found.length >= MAX_TEXTS) return;
    if (typeof value === "string") found.push({ where, text: value.slice(0, MAX_TEXT) });
    else if (Array.isArray(value)) for (const [i, v] of value.entries()) walk(v, `${where}[${i}]`);
    else if (isRecord(value))
      for (const [key, v] of Object.entries(value)) {
        // A plain word for a parameter says nothing; a sentence does.
        if (/[^\w.$-]/.test(key)) found.push({ where: `${where}, a name`, text: key.slice(0, MAX_TEXT) });
        walk(v, where === "" ? key : `${where}.${key}`);
      }
  };
  const { name: _name, ...rest } = tool ?? {};
  walk(rest, "");
  return found;
}

function firstOf(texts: readonly Text[], find: (text: string) => RegExpExecArray | undefined) {
  for (const text of texts) {
    // Schemas name their dialect and their own id: nobody follows these.
    if (/(?:^|\.)\$(?:schema|id|ref)$/.test(text.where)) continue;
    const match = find(text.text);
    if (match) return { in: text, match };
  }
  return undefined;
}

const hostOf = (url: string) => url.toLowerCase().split("/").slice(0, 3).join("/");
/** "search" is anybody's; "send_email" is a tool's name. */
const isTelling = (name: string) => name.length >= 6 && /[_-]|[a-z][A-Z]/.test(name);

function mentions(text: string, name: string): number {
  const at = text.indexOf(name);
  if (at < 0) return -1;
  const edge = (char: string | undefined) => char === undefined || !/[\w-]/.test(char);
  return edge(text[at - 1]) && edge(text[at + name.length]) ? at : -1;
}

/** Names that are words are looked up word by word: each of thousands in each text would hold up everybody's verdicts. */
interface Others {
  words: ReadonlySet<string>;
  /** With signs in them that stand between words. */
  odd: readonly string[];
}
const MAX_ODD = 200;

function othersOf(names: readonly string[]): Others {
  const isWord = (n: string) => /^[\w-]+$/.test(n);
  return { words: new Set(names.filter(isWord)), odd: names.filter((n) => !isWord(n)).slice(0, MAX_ODD) };
}

function firstNaming(texts: readonly Text[], { words, odd }: Others, known: string) {
  if (words.size + odd.length === 0) return undefined;
  for (const text of texts) {
    for (const { 0: name, index: at } of text.text.matchAll(/[\w-]+/g))
      if (words.has(name) && !known.includes(name)) return { in: text, at, name };
    for (const name of odd) {
      const at = mentions(text.text, name);
      if (at >= 0 && !known.includes(name)) return { in: text, at, name };
    }
  }
  return undefined;
}

const around = (text: string, at: number, length: number) =>
  visibleLine(text.slice(Math.max(0, at - AROUND), at + Math.min(length, 120) + AROUND), 220);
