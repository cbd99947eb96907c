// Whose turn it is where several tenants wait for few places: deficit round robin, so that a tenant with many batches
// waits behind itself and nobody else. No clock and no chance: the same calls give the same turns.

/** No tenant holds more of a region's places than this, also while nobody else waits: who comes next finds one free. */
export const SHARE = 0.25;
/** Servers a tenant may start in one round: the largest batch. */
const QUANTUM = 25;

/** @returns how many of `places` one tenant may hold; at least one */
export const mostOf = (places: number, share = SHARE): number => Math.max(1, Math.floor(places * share));

export interface Waiting {
  tenantId: string;
  /** Servers in it. */
  cost: number;
}

interface Queue<T> {
  items: T[];
  deficit: number;
}

export class FairLine<T extends Waiting> {
  /** In the order of turns: a Map keeps it. */
  readonly #queues = new Map<string, Queue<T>>();

  /** At the end of its tenant's own queue. */
  push(item: T): void {
    const queue = this.#queues.get(item.tenantId);
    if (queue) queue.items.push(item);
    else this.#queues.set(item.tenantId, { items: [item], deficit: 0 });
  }

  /**
   * The next in turn for whom there is a place, or null.
   * @param fits false leaves this tenant where it stands, and the turn goes on
   */
  take(fits: (item: T) => boolean): T | null {
    for (const [tenantId, queue] of [...this.#queues]) {
      const [item] = queue.items;
      if (item === undefined || !fits(item)) continue;
      // A new turn: what was saved for a larger batch is never more than one round's worth.
      if (queue.deficit < item.cost) {
        queue.deficit = Math.min(queue.deficit, QUANTUM) + QUANTUM;
        if (queue.deficit < item.cost) queue.deficit = item.cost;
      }
      queue.items.shift();
      queue.deficit -= item.cost;
      const [following] = queue.items;
      if (following === undefined) this.#queues.delete(tenantId);
      else if (following.cost > queue.deficit) {
        this.#queues.delete(tenantId);
        this.#queues.set(tenantId, queue);
      }
      return item;
    }
    return null;
  }

  /** Takes out what is not worth its turn any more. */
  drop(over: (item: T) => boolean): T[] {
    const gone: T[] = [];
    for (const [tenantId, queue] of this.#queues) {
      gone.push(...queue.items.filter(over));
      queue.items = queue.items.filter((item) => !over(item));
      if (queue.items.length === 0) this.#queues.delete(tenantId);
    }
    return gone;
  }

  /** Who waits, in the order of turns. */
  tenants(): Iterable<string> {
    return this.#queues.keys();
  }

  get size(): number {
    return [...this.#queues.values()].reduce((n, queue) => n + queue.items.length, 0);
  }
}
