import { hash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Head, inclusionPath, leafHash, leavesOf, merkleRoot, rootFromPath } from "./merkle.ts";

const head = (n: number): Head => ({
  tenantId: `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`,
  seq: n + 1,
  hash: hash("sha256", `head ${n}`, "hex"),
});

test("the tree of RFC 6962: its published roots of zero, one and two leaves by hand", () => {
  const [a, b] = [leafHash(head(1)), leafHash(head(2))];
  expect(merkleRoot([])).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  expect(merkleRoot([a])).toBe(a);
  expect(merkleRoot([a, b])).toBe(
    hash("sha256", Buffer.concat([Buffer.from([1]), Buffer.from(a, "hex"), Buffer.from(b, "hex")]), "hex"),
  );
});

test("every leaf of a tree of any size is proven by its path, and by no other place, leaf or tree", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 70 }), fc.nat(), (size, pick) => {
      const leaves = leavesOf(Array.from({ length: size }, (_, i) => head(i)));
      const index = pick % size;
      const path = inclusionPath(leaves, index);
      const root = merkleRoot(leaves);
      expect(rootFromPath(leaves[index] ?? "", index, size, path)).toBe(root);
      expect(rootFromPath(leafHash(head(999)), index, size, path)).not.toBe(root);
      if (size > 1) expect(rootFromPath(leaves[index] ?? "", (index + 1) % size, size, path)).not.toBe(root);
      expect(rootFromPath(leaves[index] ?? "", index, size, [...path, root])).not.toBe(root);
    }),
  );
});

test("the order in which heads are read does not change the root, and a place outside the tree is refused", () => {
  const heads = [head(3), head(1), head(2)];
  expect(merkleRoot(leavesOf(heads))).toBe(merkleRoot(leavesOf(heads.toReversed())));
  expect(() => inclusionPath(leavesOf(heads), 3)).toThrow(RangeError);
  expect(rootFromPath("00".repeat(32), 0, 3, [])).toBeNull();
});
