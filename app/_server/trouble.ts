import "server-only";
import { now } from "#lib/adapters/clock";
import { stuckPart } from "#lib/domain/selftest";
import { selftestNow } from "#lib/queries/selftest";
import { db } from "./db.ts";

const SILENT =
  "The database does not answer: nothing on this page is up to date, and nothing is checked, decided or sent until it does.";
const PATIENCE_MS = 5_000;
const FRESH_MS = 4_000;

interface Held {
  /** A look that is under way: while one hangs no second one is begun. */
  look: Promise<string> | null;
  last: { at: number; said: string } | null;
}
const held = globalThis as typeof globalThis & { tocsinTrouble?: Held };

/** What of the installation stands still, one sentence for the staff; "": nothing. Answers within 5 s, whatever hangs. */
export async function troubleNow(): Promise<string> {
  held.tocsinTrouble ??= { look: null, last: null };
  const here = held.tocsinTrouble;
  const at = now().getTime();
  if (here.last !== null && Math.abs(at - here.last.at) < FRESH_MS) return here.last.said;
  here.look ??= db()
    .global(selftestNow)
    .then((facts) => stuckPart(facts, now()) ?? "")
    .catch(() => SILENT)
    .finally(() => {
      here.look = null;
    });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS, SILENT);
  });
  const said = await Promise.race([here.look, late]).finally(() => clearTimeout(timer));
  here.last = { at: now().getTime(), said };
  return said;
}
