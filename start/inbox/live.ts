// Server-sent events: which sinks' panels have changed. Several changes in a breath are one word.
import type { ServerResponse } from "node:http";
import type { SinkKind } from "../../lib/sinks/sink.ts";

const BREATH_MS = 80;
const HEARTBEAT_MS = 20_000;

export class Live {
  readonly #readers = new Set<ServerResponse>();
  readonly #pending = new Set<SinkKind>();
  #timer: NodeJS.Timeout | undefined;
  readonly #heartbeat = setInterval(() => this.#write(": still here\n\n"), HEARTBEAT_MS);

  follow(res: ServerResponse): void {
    res.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store", connection: "keep-alive" });
    res.write("retry: 1000\n\n");
    this.#readers.add(res);
    res.on("close", () => this.#readers.delete(res));
  }

  changed(kind: SinkKind): void {
    this.#pending.add(kind);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      for (const name of this.#pending) this.#write(`event: changed\ndata: ${name}\n\n`);
      this.#pending.clear();
    }, BREATH_MS);
  }

  close(): void {
    clearInterval(this.#heartbeat);
    clearTimeout(this.#timer);
    for (const res of this.#readers) res.end();
  }

  #write(text: string): void {
    for (const res of this.#readers) res.write(text);
  }
}
