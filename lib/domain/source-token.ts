// The token of a source: names tenant and source, so that it is looked up in that tenant and nowhere else.
import { createHash } from "node:crypto";

const raw = (uuid: string) => Buffer.from(uuid.replaceAll("-", ""), "hex").toString("base64url");
const uuid = (text: string) =>
  Buffer.from(text, "base64url")
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");

/** @param chance at least 32 random bytes */
export const sourceToken = (tenantId: string, sourceId: string, chance: Uint8Array): string =>
  `tsrc_${raw(tenantId)}.${raw(sourceId)}.${Buffer.from(chance).toString("base64url")}`;

export function readSourceToken(token: string): { tenantId: string; id: string } | null {
  const [, tenant, source] = /^tsrc_([\w-]{22})\.([\w-]{22})\.[\w-]{43}$/.exec(token) ?? [];
  return tenant === undefined || source === undefined ? null : { tenantId: uuid(tenant), id: uuid(source) };
}

export const sourceTokenHash = (token: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(createHash("sha256").update(`source:${token}`).digest());
