// A stream's form as it comes from a person; the kind's own schema decides. Secrets are parted from the rest, sealed,
// and never read back.
import { z } from "zod";
import type { Tx } from "#lib/adapters/db";
import { places, secrets } from "#lib/adapters/secrets";
import { STREAM_KINDS, type StreamKind, STREAMS } from "#lib/domain/audit/stream";
import { TocsinError } from "#lib/domain/error";
import { cleanText } from "#lib/domain/text";

export const streamKindSchema = z.enum(STREAM_KINDS, { error: "Choose one of the kinds offered." });
export const streamNameSchema = z
  .string()
  .transform((s) => cleanText(s, 120))
  .refine((s) => s !== "", "Give the stream a name that people will recognise.");
export const streamConfigSchema = z.record(z.string().max(60), z.string().max(4000));

export interface PartedStream {
  config: Record<string, string>;
  hidden: Record<string, string>;
}

/**
 * @param kept secrets stored before, used where a secret field is left empty
 * @throws TocsinError E_INVALID with field "config.<name>", E_UNKNOWN_FIELD
 */
export function partStream(
  kind: StreamKind,
  given: Record<string, string>,
  kept: Record<string, string> = {},
): PartedStream {
  const { fields, secretFields, config: schema } = STREAMS[kind];
  const stranger = Object.keys(given).find((name) => !fields.some((f) => f.name === name));
  if (stranger !== undefined)
    throw new TocsinError("E_UNKNOWN_FIELD", `This kind of stream has no field "${cleanText(stranger, 40)}".`);
  const config: Record<string, string> = {};
  const hidden: Record<string, string> = {};
  for (const { name } of fields) {
    const value = (Object.hasOwn(given, name) ? (given[name] ?? "") : "").trim();
    if (!secretFields.includes(name)) {
      if (value !== "") config[name] = value;
    } else if (value !== "" || kept[name] !== undefined) hidden[name] = value === "" ? (kept[name] ?? "") : value;
  }
  const parsed = schema.safeParse({ ...config, ...hidden });
  if (parsed.success) return { config, hidden };
  const issue = parsed.error.issues[0];
  const name = issue?.path[0];
  throw new TocsinError(
    "E_INVALID",
    issue?.message ?? "That is not understood.",
    typeof name === "string" ? { field: `config.${name}` } : {},
  );
}

export async function sealStream(
  tx: Tx,
  tenantId: string,
  id: string,
  hidden: Record<string, string>,
): Promise<Uint8Array<ArrayBuffer> | null> {
  return Object.keys(hidden).length === 0
    ? null
    : secrets().seal(tx, places.auditStream(tenantId, id), JSON.stringify(hidden));
}

export async function openStream(
  tx: Tx,
  tenantId: string,
  id: string,
  sealed: Uint8Array | null,
): Promise<Record<string, string>> {
  return sealed === null ? {} : JSON.parse(await secrets().open(tx, places.auditStream(tenantId, id), sealed));
}

/** @throws TocsinError E_NOT_FOUND */
export async function liveStream(tx: Tx, tenantId: string, id: string) {
  const row = await tx.auditStream.findFirst({ where: { tenantId, id, removedAt: null } });
  if (row === null) throw new TocsinError("E_NOT_FOUND", "There is no such stream; it may have been removed.");
  return row;
}
