import { setClock } from "#lib/adapters/clock";

export interface TestClock {
  now(): Date;
  /** Moves the product's clock; nothing sleeps. */
  advance(ms: number): void;
  set(to: Date): void;
  restore(): void;
}

export function testClock(start = new Date("2026-11-21T12:00:00.000Z")): TestClock {
  let at = start.getTime();
  const restore = setClock(() => at);
  return {
    now: () => new Date(at),
    advance: (ms) => {
      at += ms;
    },
    set: (to) => {
      at = to.getTime();
    },
    restore,
  };
}
