// How a region keeps what its probers saw, beside the probing.
import { ZodError } from "zod";

const AGAIN_MS = 500;
const TRIES = 8;

/**
 * Work that goes on beside a batch and is waited for at its end. Whoever waits hears of its failure; until then it is
 * nobody's, and Node would end the process for it, with the checks of every tenant.
 */
export function waitedFor<T>(work: Promise<T>): Promise<T> {
  work.catch(() => {});
  return work;
}

/** A store that restarts is waited for a few seconds: what was seen cannot be seen again. What is no outcome never will be one. */
export async function triedAgain<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (err) {
      if (tries === TRIES || err instanceof ZodError) throw err;
      await new Promise((again) => setTimeout(again, AGAIN_MS));
    }
  }
}
