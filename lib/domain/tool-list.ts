// A tool list as it is kept: by its content, sorted, and small. Each tool's digests are always there, so that two lists
// can be compared tool by tool even where one was too large to be kept whole.
import { z } from "zod";
import { listHashes, type ReadTool, toolHashes } from "./surface.ts";

/** Bytes of JSON that one kept list may take. */
export const KEPT_MAX_BYTES = 512 * 1024;

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const keptToolSchema = z.object({
  name: z.string().min(1),
  contract: digest,
  full: digest,
  /** null: left out, because the list is larger than what is kept of one. */
  tool: z.record(z.string(), z.unknown()).nullable(),
});
export const keptToolsSchema = z.array(keptToolSchema).max(2_000);
export type KeptTool = z.infer<typeof keptToolSchema>;

/** The largest tools go first until it fits; which of them went depends on the list alone. */
export function keep(tools: readonly ReadTool[], maxBytes = KEPT_MAX_BYTES): KeptTool[] {
  const sized = tools.map((t) => ({ ...t, bytes: Buffer.byteLength(JSON.stringify(t.tool)) }));
  let total = sized.reduce((sum, t) => sum + t.bytes + Buffer.byteLength(t.name) + 180, 0);
  const left = new Set<string>();
  for (const { name, bytes } of sized.toSorted((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1))) {
    if (total <= maxBytes) break;
    left.add(name);
    total -= bytes;
  }
  return tools.map(({ name, contract, full, tool }) => ({ name, contract, full, tool: left.has(name) ? null : tool }));
}

/** What to say about a kept list; "" when it is whole. */
export function keptNote(tools: readonly KeptTool[]): string {
  const cut = tools.filter((t) => t.tool === null).length;
  return cut === 0 ? "" : `The list is larger than 512 KiB: ${cut} of its ${tools.length} tools are kept by hash only.`;
}

/**
 * A list that came from a prober or an agent, believed only as far as its own content bears it out.
 * @returns null when it is not the list with these hashes
 */
export function readKept(raw: unknown, fullHash: string, contractHash: string): KeptTool[] | null {
  const parsed = keptToolsSchema.safeParse(raw);
  if (!parsed.success || Buffer.byteLength(JSON.stringify(raw)) > KEPT_MAX_BYTES * 1.5) return null;
  const said = listHashes(parsed.data);
  if (said.fullHash !== fullHash || said.contractHash !== contractHash) return null;
  const bornOut = ({ name, contract, full, tool }: KeptTool) => {
    if (tool === null) return true;
    try {
      const own = toolHashes(tool);
      return tool.name === name && own.contract === contract && own.full === full;
    } catch {
      return false;
    }
  };
  return parsed.data.every(bornOut) ? parsed.data : null;
}

/** Lists that are in the database: read as they are, since they were looked through on their way in. */
export function storedTools(raw: unknown): KeptTool[] {
  const parsed = keptToolsSchema.safeParse(raw);
  return parsed.success ? parsed.data : [];
}
