// A syslog receiver for tests: TCP or TLS, frames with their length before each (RFC 6587), a strict reading of RFC 5424.
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";

export interface SyslogLine {
  pri: number;
  at: string;
  host: string;
  app: string;
  msgId: string;
  message: unknown;
}
export interface TestSyslog {
  port: number;
  got: SyslogLine[];
  /** Reset every connection after so many bytes; null: behave. */
  breakAfter: number | null;
  close(): Promise<void>;
}

export async function testSyslog(tls?: { key: string; cert: string }): Promise<TestSyslog> {
  const sockets = new Set<Socket>();
  const handle = (socket: Socket) => {
    sockets.add(socket);
    let bytes = Buffer.alloc(0);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (receiver.breakAfter !== null && bytes.length > receiver.breakAfter) return void socket.resetAndDestroy();
      for (let frame = next(); frame !== null; frame = next()) receiver.got.push(frame);
    });
    const next = (): SyslogLine | null => {
      const length = /^(\d{1,7}) /.exec(bytes.subarray(0, 9).toString("latin1"));
      if (length === null) return null;
      const start = length[0].length;
      const end = start + Number(length[1]);
      if (bytes.length < end) return null;
      const line = bytes.subarray(start, end).toString("utf8");
      bytes = bytes.subarray(end);
      const read = /^<(\d{1,3})>1 (\S+) (\S+) (\S+) - (\S+) - ([\s\S]*)$/.exec(line);
      if (read === null) throw new Error(`not RFC 5424: ${line.slice(0, 100)}`);
      const [, pri, at, host, app, msgId, message] = read;
      if (/[^\x20-\x7e]/.test(line)) throw new Error("a control character or a byte outside ASCII in a frame");
      return {
        ...{ pri: Number(pri), at: at ?? "", host: host ?? "", app: app ?? "", msgId: msgId ?? "" },
        message: JSON.parse(message ?? ""),
      };
    };
  };
  const server: Server = tls ? createTlsServer(tls, handle) : createServer(handle);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const receiver: TestSyslog = {
    port: (server.address() as AddressInfo).port,
    got: [],
    breakAfter: null,
    close: () =>
      new Promise((done) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => done());
      }),
  };
  return receiver;
}
