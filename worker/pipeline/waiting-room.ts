// Things of one tenant wait here for each other, for a bounded time and in bounded number, and are then done together.
interface Group<T> {
  items: T[];
  timer: NodeJS.Timeout;
  done: Promise<void>;
  go(): void;
}

export class WaitingRoom<T> {
  readonly #limits: { most: number; longestMs: number };
  readonly #work: (key: string, items: T[]) => Promise<void>;
  readonly #groups = new Map<string, Group<T>>();

  constructor(limits: { most: number; longestMs: number }, work: (key: string, items: T[]) => Promise<void>) {
    this.#limits = limits;
    this.#work = work;
  }

  /** Resolves or fails as the work on its group does. */
  wait(key: string, item: T): Promise<void> {
    const group = this.#groups.get(key) ?? this.#begin(key);
    group.items.push(item);
    if (group.items.length >= this.#limits.most) group.go();
    return group.done;
  }

  /** Nobody waits any longer. */
  open(): void {
    for (const group of [...this.#groups.values()]) group.go();
  }

  #begin(key: string): Group<T> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const group: Group<T> = {
      items: [],
      timer: setTimeout(() => group.go(), this.#limits.longestMs),
      done: promise,
      go: () => {
        if (this.#groups.get(key) !== group) return;
        this.#groups.delete(key);
        clearTimeout(group.timer);
        resolve(this.#work(key, group.items));
      },
    };
    this.#groups.set(key, group);
    return group;
  }
}
