import { expect, test } from "vitest";
import { cleanText } from "./text.ts";

test.each([
  ["plain text stays", "ops console", 20, "ops console"],
  ["line breaks become one space", "a\r\n\tb", 20, "a b"],
  ["direction overrides go", "abc\u202Etxt.exe", 20, "abc txt.exe"],
  ["a cut says so and halves no surrogate", "😀😀😀😀", 3, "😀😀…"],
  ["a lone surrogate is replaced", "a\ud800b", 20, "a\ufffdb"],
  ["white space alone is nothing", " \n ", 20, ""],
])("%s", (_, raw, max, clean) => expect(cleanText(raw, max)).toBe(clean));
