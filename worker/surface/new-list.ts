// A list that nobody has kept yet goes along with its result; every other one is told by its hash alone.
import { toolSurface } from "#lib/domain/surface";
import { keep, type KeptTool } from "#lib/domain/tool-list";
import type { Transcript } from "#lib/domain/transcript";

/** @param known full hashes; null or absent: no list is wanted */
export function newList(
  { tools, toolsTruncated }: Pick<Transcript, "tools" | "toolsTruncated">,
  known: readonly string[] | null | undefined,
): { tools?: KeptTool[] } {
  if (tools === null || toolsTruncated || !known) return {};
  const seen = toolSurface(tools);
  return known.includes(seen.surface.fullHash) ? {} : { tools: keep(seen.tools) };
}
