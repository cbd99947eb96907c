import { expect, test } from "vitest";
import { clip } from "./words.ts";

test("a long text is cut between characters, never inside one", () => {
  expect(clip("a😀😀", 2)).toBe("a😀…");
  expect(clip("short", 5)).toBe("short");
});
