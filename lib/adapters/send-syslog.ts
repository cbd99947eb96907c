// One connection per batch: every frame, then our end of it, then the receiver's. A syslog receiver says nothing, but
// that it closes after having read to the end is as much as the protocol can say; anything else counts as not arrived.
import { once } from "node:events";
import { type StreamRecord, type SyslogConfig, syslogFrame } from "../domain/audit/stream.ts";
import { type AddressPolicy, guardedSocket } from "./http.ts";

export interface SyslogOptions {
  policy: AddressPolicy;
  timeoutMs: number;
  /** Whose log this is. */
  host: string;
  ca?: string | undefined;
  signal?: AbortSignal;
}

/** @returns null when the receiver has read all of it. @throws whatever broke it */
export async function sendSyslog(
  config: SyslogConfig,
  records: readonly StreamRecord[],
  options: SyslogOptions,
): Promise<null> {
  const deadline = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal === undefined ? deadline : AbortSignal.any([deadline, options.signal]);
  const socket = await guardedSocket(options.policy, {
    host: config.host,
    port: Number(config.port),
    timeoutMs: options.timeoutMs,
    tls: config.transport === "tls",
    ca: options.ca,
  });
  const closed = once(socket, "end", { signal }).then(() => {
    // Closed before it can have read everything.
    if (!socket.writableFinished) throw Object.assign(new Error("closed early"), { code: "ECONNRESET" });
  });
  closed.catch(() => {}); // Awaited below; until then its failure is not unheard.
  try {
    for (const record of records) {
      if (socket.destroyed) break;
      if (!socket.write(syslogFrame(record, options.host))) await once(socket, "drain", { signal });
    }
    socket.resume(); // Without a reader the receiver's end is never seen.
    socket.end();
    await closed;
    return null;
  } finally {
    socket.destroy();
  }
}
