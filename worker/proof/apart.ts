// One tenant's trouble keeps no other from its turn: what fails is said at the end, and the next look tries it again.

/** @returns how many answered true. @throws the first failure, after all others had their turn */
export async function eachApart<T>(
  all: readonly T[],
  sideBySide: number,
  work: (one: T) => Promise<boolean>,
): Promise<number> {
  const failures: unknown[] = [];
  const queue = all.values();
  let did = 0;
  const one = async () => {
    for (const next of queue) {
      try {
        if (await work(next)) did++;
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: sideBySide }, one));
  if (failures.length > 0) throw failures[0];
  return did;
}
