// The answer to a test call against what was agreed. Loaded by prober processes only: a schema becomes code there.
import type { ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import { canonicalJson, excess } from "../domain/canonical-json.ts";
import type { CanarySettings } from "../domain/extra-check/canary.ts";
import { parsed } from "../domain/extra-check/form.ts";
import { valuesAt } from "../domain/extra-check/json-path.ts";
import { isRecord } from "../domain/surface.ts";
import { cleanText } from "../domain/text.ts";
import { type Step, WIRE_CODES } from "../domain/transcript.ts";
import { rpcError, rpcResult } from "./evidence.ts";
import { failing, fine, type Look, unseen } from "./extra.ts";

/** Larger texts are searched for words and not parsed. */
const MAX_PARSED_CHARS = 1024 * 1024;

/**
 * May this tool be called, by the list that was just read?
 * @param allowed somebody with the right to has named it, annotation or not
 * @returns null when it may
 */
export function refusal(tools: readonly unknown[], name: string, allowed: boolean): Look | null {
  const tool = tools.find((t) => isRecord(t) && t.name === name);
  if (!isRecord(tool)) return failing("canary_missing", `The tool “${name}” is not in the list.`);
  return allowed || readsOnly(tool)
    ? null
    : failing("canary_not_allowed", `“${name}” is not marked as read-only, so it was not called.`);
}

/** What a server says of its own tool: that it only reads, and not that it destroys. */
export function readsOnly(tool: Record<string, unknown>): boolean {
  const said = isRecord(tool.annotations) ? tool.annotations : {};
  return said.readOnlyHint === true && said.destructiveHint !== true;
}

export function judgeCall(settings: CanarySettings, step: Step, latencyMs: number): Look {
  const status = step.response?.status ?? 0;
  const rpc = rpcError(step);
  if (step.error?.code === WIRE_CODES.timeout) return failing("canary_timeout", "No answer to the call in time.");
  // A wall before the call alone says nothing of the tool: the server is protected, and this was not seen.
  if (status === 401 || status === 403 || (rpc?.code === -32001 && /auth|token|credential/i.test(rpc.message)))
    return unseen("The call asks for a credential that lets it through.");
  if (status === 429) return unseen("The server asked us to slow down.");
  if (rpc !== null) return failing("canary_protocol_error", `JSON-RPC error ${rpc.code}: “${rpc.message}”`);
  const result = rpcResult(step);
  if (result === null)
    return failing("canary_protocol_error", `The call gave no result${step.error ? ` (${step.error.code})` : ""}.`);
  if (result.resultType === "input_required")
    return failing("canary_input_required", "The tool asks for input instead of answering.");
  const failed = result.isError === true;
  const words = wordsOf(result);
  if (failed !== settings.expectError)
    return failed
      ? failing("canary_error", `The tool says that it failed: “${cleanText(words, 160)}”`)
      : failing("canary_assertion", "The tool answered, and it should have refused.");
  if (words.trim() === "" && result.structuredContent === undefined && !settings.allowEmpty && !hasOtherContent(result))
    return failing("canary_empty", "The answer is empty.");
  const wrong = disagreement(settings, result, words);
  if (wrong !== null) return failing("canary_assertion", wrong);
  if (settings.maxMs !== null && latencyMs > settings.maxMs)
    return failing("canary_timeout", `It took ${Math.round(latencyMs)} ms, and ${settings.maxMs} ms were agreed.`);
  return fine(`As agreed, in ${Math.round(latencyMs)} ms.`);
}

function disagreement(s: CanarySettings, result: Record<string, unknown>, words: string): string | null {
  if (s.contains !== "" && !words.includes(s.contains) && !structuredText(result).includes(s.contains))
    return `The answer does not contain “${cleanText(s.contains, 80)}”.`;
  if (s.path === "" && s.schema === "") return null;
  const value = comparedOf(result, words);
  if (excess(value) !== null) return "The answer is too large to be compared.";
  return (s.path === "" ? null : pathFault(s, value)) ?? (s.schema === "" ? null : schemaFault(s.schema, value));
}

function pathFault(s: CanarySettings, value: unknown): string | null {
  let found: unknown[];
  try {
    found = valuesAt(s.path, value);
  } catch {
    return `The path ${s.path} cannot be read.`;
  }
  if (found.length === 0) return `Nothing stands at ${s.path}.`;
  if (s.equals === "") return null;
  const wanted = same(parsed(s.equals));
  if (found.some((v) => same(v) === wanted)) return null;
  return `At ${s.path} stands ${cleanText(JSON.stringify(found[0]) ?? "nothing", 80)}, and ${cleanText(s.equals, 80)} was agreed.`;
}

/** Values that canonical JSON cannot carry are equal to nothing. */
function same(value: unknown): string | symbol {
  try {
    return canonicalJson(value);
  } catch {
    return Symbol("not canonical");
  }
}

const compiled = new Map<string, ValidateFunction | null>();

function schemaFault(text: string, value: unknown): string | null {
  const unfit = "The agreed schema is none that can be used: look at its keywords.";
  const validate = validator(text);
  if (validate === null) return unfit;
  try {
    if (validate(value) === true) return null;
  } catch {
    return unfit; // One that refers to itself alone never ends but by the stack.
  }
  const [error] = validate.errors ?? [];
  return cleanText(`The schema is not met at ${error?.instancePath || "the top"}: ${error?.message ?? ""}.`, 200);
}

/** Compiled once per text and process; nothing is fetched, because no loader is given. */
function validator(text: string): ValidateFunction | null {
  const known = compiled.get(text);
  if (known !== undefined) return known;
  let made: ValidateFunction | null = null;
  try {
    made = new Ajv2020({ strict: true, allErrors: false, logger: false }).compile(parsed(text) as object);
  } catch {}
  if (compiled.size >= 50) compiled.clear();
  compiled.set(text, made);
  return made;
}

const partsOf = (result: Record<string, unknown>) =>
  Array.isArray(result.content) ? result.content.filter(isRecord) : [];
const hasOtherContent = (result: Record<string, unknown>) =>
  partsOf(result).some((part) => typeof part.type === "string" && part.type !== "text");

export function wordsOf(result: Record<string, unknown>): string {
  return partsOf(result)
    .flatMap((part) => (part.type === "text" && typeof part.text === "string" ? [part.text] : []))
    .join("\n");
}

const structuredText = (result: Record<string, unknown>) =>
  result.structuredContent === undefined ? "" : JSON.stringify(result.structuredContent);

/** What paths and schemas read: the structured content, else the first text as JSON, else the result itself. */
function comparedOf(result: Record<string, unknown>, words: string): unknown {
  if (result.structuredContent !== undefined) return result.structuredContent;
  const [first] = partsOf(result);
  const text = first?.type === "text" && typeof first.text === "string" ? first.text : words;
  const value = text.length <= MAX_PARSED_CHARS ? parsed(text) : undefined;
  return value === undefined ? result : value;
}
