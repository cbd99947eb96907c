// A name server for tests on a port of this machine: answers TXT questions from a map, everything else with "no such name".
import { createSocket } from "node:dgram";

export interface TestDns {
  /** For TOCSIN_DNS_SERVER. */
  server: string;
  txt: Map<string, string[]>;
  /** Names to which it says nothing at all. */
  silent: Set<string>;
  /** Every name that was asked for. */
  asked: string[];
  close(): Promise<void>;
}

export async function testDns(): Promise<TestDns> {
  const txt = new Map<string, string[]>();
  const asked: string[] = [];
  const silent = new Set<string>();
  const socket = createSocket("udp4");
  socket.on("message", (query, from) => {
    const labels: string[] = [];
    let at = 12;
    for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
      labels.push(query.subarray(at + 1, at + 1 + length).toString("latin1"));
      at += 1 + length;
    }
    const name = labels.join(".").toLowerCase();
    asked.push(name);
    if (silent.has(name)) return;
    const question = query.subarray(12, at + 5);
    const records = query.readUInt16BE(at + 1) === 16 ? (txt.get(name) ?? []) : [];
    const head = Buffer.alloc(12);
    query.copy(head, 0, 0, 2);
    head.writeUInt16BE(records.length > 0 ? 0x8180 : 0x8183, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(records.length, 6);
    const answers = records.map((text) => {
      const parts = (text.match(/.{1,200}/g) ?? [""]).map((part) =>
        Buffer.concat([Buffer.from([part.length]), Buffer.from(part)]),
      );
      const data = Buffer.concat(parts);
      const fixed = Buffer.alloc(12);
      fixed.writeUInt16BE(0xc00c, 0);
      fixed.writeUInt16BE(16, 2);
      fixed.writeUInt16BE(1, 4);
      fixed.writeUInt16BE(data.length, 10);
      return Buffer.concat([fixed, data]);
    });
    socket.send(Buffer.concat([head, question, ...answers]), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return {
    server: `127.0.0.1:${socket.address().port}`,
    txt,
    silent,
    asked,
    close: () => new Promise((done) => socket.close(() => done())),
  };
}
