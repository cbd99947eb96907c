/**
 * Work that goes on beside a batch and is waited for at its end. Whoever waits hears of its failure; until then it is
 * nobody's, and Node would end the process for it, with the checks of every tenant.
 */
export function waitedFor<T>(work: Promise<T>): Promise<T> {
  work.catch(() => {});
  return work;
}
