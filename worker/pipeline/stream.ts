// The stream of sealed slots as one consumer group reads it. Redis may lose it all at any time; then the group is made
// again and whatever is sealed from then on arrives.
import type { Redis } from "ioredis";

export interface Entry {
  id: string;
  /** The JSON of a SealedSlot; undefined when the entry has no such field. */
  sealed: string | undefined;
  /** Id of a self-test, which goes the same way. */
  selftest?: string;
}

const GROUP = "pipeline";
// Short, because taking an entry over too early costs nothing: a slot that was decided is not decided again.
export const IDLE_MS = 5_000;
const BLOCK_MS = 2_000;
const GONE = /NOGROUP|UNBLOCKED|no longer exists/i;

export class SealedStream {
  readonly key: string;
  readonly #redis: Redis;
  readonly #consumer: string;
  /** Waits inside BLOCK, so nothing else may share its connection. */
  #reader: Redis | undefined;
  #made = false;

  /** @param consumer unique per process */
  constructor(redis: Redis, prefix: string, consumer: string) {
    this.#redis = redis;
    this.key = `${prefix}:sealed`;
    this.#consumer = consumer;
  }

  /** @param blockMs how long to wait for the first entry */
  read(count: number, blockMs = BLOCK_MS): Promise<Entry[]> {
    return this.#withGroup(async () => {
      this.#reader ??= this.#open();
      const answer = (await this.#reader.xreadgroup(
        "GROUP",
        GROUP,
        this.#consumer,
        "COUNT",
        count,
        "BLOCK",
        blockMs,
        "STREAMS",
        this.key,
        ">",
      )) as [string, [string, string[]][]][] | null;
      return (answer?.[0]?.[1] ?? []).map(entryOf);
    });
  }

  /** Entries that a consumer took and never finished. */
  takeOver(count: number): Promise<Entry[]> {
    return this.#withGroup(async () => {
      const answer = (await this.#redis.xautoclaim(
        this.key,
        GROUP,
        this.#consumer,
        IDLE_MS,
        "0-0",
        "COUNT",
        count,
      )) as [string, ([string, string[]] | null)[]];
      // Redis 6.2 lists what was deleted meanwhile as nothing.
      return answer[1].filter((entry) => entry !== null).map(entryOf);
    });
  }

  async done(...ids: string[]): Promise<void> {
    if (ids.length === 0) return;
    await this.#redis
      .multi()
      .xack(this.key, GROUP, ...ids)
      .xdel(this.key, ...ids)
      .exec();
  }

  /** Ends a waiting read. */
  interrupt(): void {
    this.#reader?.disconnect();
    this.#reader = undefined;
  }

  #open(): Redis {
    const reader = this.#redis.duplicate({ maxRetriesPerRequest: null });
    reader.on("error", () => {});
    return reader;
  }

  async #withGroup(ask: () => Promise<Entry[]>): Promise<Entry[]> {
    if (!this.#made) await this.#make();
    try {
      return await ask();
    } catch (err) {
      if (!(err instanceof Error) || !GONE.test(err.message)) throw err;
      this.#made = false;
      return [];
    }
  }

  async #make(): Promise<void> {
    try {
      // From the beginning: what was sealed before the group existed is decided too.
      await this.#redis.xgroup("CREATE", this.key, GROUP, "0", "MKSTREAM");
    } catch (err) {
      if (!(err instanceof Error) || !err.message.includes("BUSYGROUP")) throw err;
    }
    this.#made = true;
  }
}

function entryOf([id, fields]: [string, string[]]): Entry {
  const of = (wanted: string) => {
    const at = fields.findIndex((name, i) => i % 2 === 0 && name === wanted);
    return at < 0 ? undefined : fields[at + 1];
  };
  const selftest = of("selftest");
  return { id, sealed: of("sealed"), ...(selftest !== undefined && { selftest }) };
}
