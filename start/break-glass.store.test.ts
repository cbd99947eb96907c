import { afterAll, beforeAll, expect, test } from "vitest";
import { enterByBreakGlass } from "#lib/commands/break-glass/use";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { close, create, list } from "./cli-break-glass.ts";
import { type Ledger, withLedger } from "./ledger.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());
const on = <T>(work: (ledger: Ledger) => Promise<T>): Promise<T> =>
  withLedger({ owner: db.ownerUrl, app: db.appUrl }, work);
const reason = "Two accounts in two safes, as the routine asks";

test("an emergency account is made, listed, used and closed at the command line, with who typed it in the log", async () => {
  expect(await on(list)).toEqual(["There is no emergency account."]);
  const printed = await on((l) => create(l, "safe-berlin", reason));
  const secret = printed.map((line) => line.trim()).find((line) => /^[0-9A-Z]{4}(-[0-9A-Z]{4}){7}$/.test(line)) ?? "";
  await enterByBreakGlass(
    db.appDb,
    { name: "safe-berlin", secret, token: "a-token", from: "", userAgent: "" },
    new Date(),
  );
  expect(await on(list)).toEqual([expect.stringMatching(/^safe-berlin +last used \d{4}-/)]);
  await on((l) => close(l, "safe-berlin", reason));
  expect(await db.sql("SELECT id FROM session")).toEqual([]);
  const log = await db.sql<{ action: string; body: string }>(
    "SELECT e.action, p.body FROM audit.event e JOIN audit.pii p ON p.event_id = e.id WHERE e.action LIKE 'break_glass.%' ORDER BY e.at",
  );
  expect(log.map((r) => [r.action, JSON.parse(r.body).why, JSON.parse(r.body).from])).toEqual([
    ["break_glass.make", reason, expect.stringContaining("command line")],
    ["break_glass.close", reason, expect.stringContaining("command line")],
  ]);
});

test.each([
  ["a bad name", () => on((l) => create(l, "Safe Berlin", reason)), /small letters/],
  ["no reason", () => on((l) => create(l, "safe-oslo", "")), /at least 20/],
  ["an account that there is none of", () => on((l) => close(l, "nobody", reason)), /no open emergency account/],
])("%s is refused with one sentence", async (_, work, sentence) => {
  await expect(work()).rejects.toThrow(sentence);
});
