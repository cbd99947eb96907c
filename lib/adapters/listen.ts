// LISTEN on one connection that comes back by itself. A notification is a hint: whoever listens also looks by itself
// now and then, because a hint can be lost while the connection is away.
import pg from "pg";

export const CHANNELS = ["tocsin_outbox", "tocsin_request", "tocsin_inbound", "tocsin_live"] as const;
export type Channel = (typeof CHANNELS)[number];

export interface Listener {
  close(): Promise<void>;
}

/** @param onHint also called with an empty payload after each (re)connection: something may have been missed */
export function listen(
  url: string,
  channels: readonly Channel[],
  onHint: (channel: Channel, payload: string) => void,
): Listener {
  let client: pg.Client | undefined;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  const connect = async () => {
    const c = new pg.Client({
      connectionString: url,
      application_name: "tocsin-listen",
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
    });
    client = c;
    const again = () => {
      if (closed || client !== c) return;
      client = undefined;
      timer = setTimeout(connect, 500);
      c.end().catch(() => {});
    };
    c.on("error", again);
    c.on("end", again);
    c.on("notification", (m) => onHint(m.channel as Channel, m.payload ?? ""));
    try {
      await c.connect();
      for (const channel of channels) await c.query(`LISTEN ${channel}`);
      for (const channel of channels) onHint(channel, "");
    } catch {
      again();
    }
  };
  void connect();
  return {
    async close() {
      closed = true;
      clearTimeout(timer);
      const c = client;
      client = undefined;
      await c?.end().catch(() => {});
    },
  };
}
