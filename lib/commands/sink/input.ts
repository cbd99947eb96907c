// A sink's form as it comes from a person: every value text, the sink's own schema decides. Secrets are parted from
// the rest, sealed, and never read back to a person.
import { z } from "zod";
import type { Tx } from "#lib/adapters/db";
import { consoleUrl } from "#lib/adapters/env";
import { type AddressPolicy, assertUrlAllowed, blocked } from "#lib/adapters/http";
import { places, secrets } from "#lib/adapters/secrets";
import { TocsinError } from "#lib/domain/error";
import { cleanText } from "#lib/domain/text";
import { sinkOf } from "#lib/sinks/index";
import type { Sink } from "#lib/sinks/sink";

export const sinkNameSchema = z
  .string()
  .transform((s) => cleanText(s, 120))
  .refine((s) => s !== "", "Give the sink a name that people will recognise.");
export const sinkConfigSchema = z.record(z.string().max(60), z.string().max(8000));

export function sinkKind(kind: string): Sink {
  const sink = sinkOf(kind);
  if (!sink) throw new TocsinError("E_INVALID", "Choose one of the kinds offered.", { field: "kind" });
  return sink;
}

/** Controls other than line breaks and tabs; the first of them the database cannot keep. */
const UNKEPT = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

export interface Parted {
  config: Record<string, string>;
  hidden: Record<string, string>;
}

/**
 * @param policy of the tenant: an address that may not be reached is refused when it is entered, and again at each sending
 * @param kept secrets stored before, used where a secret field is left empty
 * @throws TocsinError E_INVALID or E_URL_BLOCKED with field "config.<name>", E_UNKNOWN_FIELD
 */
export function partConfig(
  sink: Sink,
  given: Record<string, string>,
  policy: AddressPolicy,
  kept: Record<string, string> = {},
): Parted {
  const known = new Set(sink.fields.map((f) => f.name));
  const stranger = Object.keys(given).find((name) => !known.has(name));
  if (stranger !== undefined)
    throw new TocsinError("E_UNKNOWN_FIELD", `This kind of sink has no field "${cleanText(stranger, 40)}".`);
  const config: Record<string, string> = {};
  const hidden: Record<string, string> = {};
  for (const { name } of sink.fields.filter((f) => f.input === "url")) assertOpen(name, given[name] ?? "", policy);
  for (const field of sink.fields) {
    const value = (given[field.name] ?? "").trim();
    if (!value.isWellFormed() || UNKEPT.test(value))
      throw new TocsinError("E_INVALID", "There is a character in this that nobody can see: type it anew.", {
        field: `config.${field.name}`,
      });
    if (sink.secretFields.includes(field.name)) {
      const secret = value === "" ? (kept[field.name] ?? "") : value;
      if (secret !== "") hidden[field.name] = secret;
    } else if (value !== "") config[field.name] = value;
  }
  const parsed = sink.config.safeParse({ ...config, ...hidden });
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const name = issue?.path[0];
    throw new TocsinError(
      "E_INVALID",
      issue?.message ?? "That is not understood.",
      typeof name === "string" ? { field: `config.${name}` } : {},
    );
  }
  return { config, hidden };
}

/** What is no URL at all is left to the form's own words. */
function assertOpen(name: string, value: string, policy: AddressPolicy): void {
  const url = URL.parse(value.trim());
  if (url === null) return;
  try {
    if (url.protocol !== "http:" && url.protocol !== "https:") throw blocked("scheme");
    assertUrlAllowed(value.trim(), policy);
    if (url.host === new URL(consoleUrl()).host) throw blocked("own_console");
  } catch (error) {
    if (!(error instanceof TocsinError)) throw error;
    const detail = error.detail === undefined ? {} : { detail: error.detail };
    throw new TocsinError(error.code, error.message, { field: `config.${name}`, cause: error, ...detail });
  }
}

export async function sealHidden(
  tx: Tx,
  tenantId: string,
  sinkId: string,
  hidden: Record<string, string>,
): Promise<Uint8Array<ArrayBuffer> | null> {
  return Object.keys(hidden).length === 0
    ? null
    : secrets().seal(tx, places.sink(tenantId, sinkId), JSON.stringify(hidden));
}

export async function openHidden(
  tx: Tx,
  tenantId: string,
  sinkId: string,
  sealed: Uint8Array | null,
): Promise<Record<string, string>> {
  return sealed === null ? {} : JSON.parse(await secrets().open(tx, places.sink(tenantId, sinkId), sealed));
}
