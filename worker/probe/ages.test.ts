import { expect, test } from "vitest";
import { ageBook } from "./ages.ts";

test("a clock that was set back costs one minute of the queue's age, and not all of them until it is as late again", () => {
  const book = ageBook(3_600_000);
  book.enter(0)(4_000);
  expect(book.close(0)).toBeNull();
  expect(book.close(60_000)).toEqual({ at: 60_000, p95Ms: 4_000, n: 1 });
});
