// A Merkle tree as in RFC 6962: leaves and nodes are hashed under different prefixes, so that a node can never pass for
// a leaf. The leaves are the heads of all tenants' chains, in the order of the tenants' ids.
import { hash } from "node:crypto";

/** The end of one tenant's chain at one moment; hash in hex. */
export interface Head {
  tenantId: string;
  seq: number;
  hash: string;
}

const node = (left: string, right: string): string => hash("sha256", Buffer.from(`01${left}${right}`, "hex"), "hex");

/** SHA-256(0x00 ‖ "tenant\nseq\nhash"), hex. */
export function leafHash(head: Head): string {
  return hash("sha256", Buffer.from(`\0${head.tenantId}\n${head.seq}\n${head.hash}`, "utf8"), "hex");
}

/** Leaves of all heads in the tree's order. */
export function leavesOf(heads: Iterable<Head>): string[] {
  return [...heads].sort((a, b) => (a.tenantId < b.tenantId ? -1 : 1)).map(leafHash);
}

/** @returns hex; of no leaves the hash of nothing */
export function merkleRoot(leaves: readonly string[]): string {
  if (leaves.length === 0) return hash("sha256", "", "hex");
  if (leaves.length === 1) return leaves[0] as string;
  const half = split(leaves.length);
  return node(merkleRoot(leaves.slice(0, half)), merkleRoot(leaves.slice(half)));
}

/** The neighbours that lead from leaf `index` up to the root, nearest first. @throws RangeError outside the tree */
export function inclusionPath(leaves: readonly string[], index: number): string[] {
  if (!Number.isInteger(index) || index < 0 || index >= leaves.length)
    throw new RangeError(`no leaf ${index} in a tree of ${leaves.length}`);
  if (leaves.length === 1) return [];
  const half = split(leaves.length);
  return index < half
    ? [...inclusionPath(leaves.slice(0, half), index), merkleRoot(leaves.slice(half))]
    : [...inclusionPath(leaves.slice(half), index - half), merkleRoot(leaves.slice(0, half))];
}

/** The root that leaf and path lead to; null when the path cannot belong to such a place in such a tree. */
export function rootFromPath(leaf: string, index: number, size: number, path: readonly string[]): string | null {
  if (!Number.isInteger(index) || index < 0 || index >= size) return null;
  if (size === 1) return path.length === 0 ? leaf : null;
  const last = path.at(-1);
  if (last === undefined) return null;
  const half = split(size);
  const below =
    index < half
      ? rootFromPath(leaf, index, half, path.slice(0, -1))
      : rootFromPath(leaf, index - half, size - half, path.slice(0, -1));
  return below === null ? null : index < half ? node(below, last) : node(last, below);
}

/** The largest power of two below n. */
function split(n: number): number {
  return 2 ** Math.floor(Math.log2(n - 1));
}
