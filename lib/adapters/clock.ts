// The only file that asks the machine what time it is. Tests move it with setClock; rules take `now` as argument.
let source: () => number = () => Date.now();

export function now(): Date {
  return new Date(source());
}

/** What the machine says, whatever a test has set: for what two processes have to agree on. Epoch milliseconds. */
export function machineMs(): number {
  return Date.now();
}

/** Milliseconds that never jump; for durations only, never to be stored. */
export function monotonicMs(): number {
  return performance.now();
}

/** Replaces the wall clock (tests, drills); returns the way back. */
export function setClock(next: () => number): () => void {
  const before = source;
  source = next;
  return () => {
    source = before;
  };
}
