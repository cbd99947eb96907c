// A vendor's end for tests: a real HTTP server whose answer to each request the test decides, by path.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Got {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: Record<string, unknown>;
}
export interface Reply {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}
/** `silence` holds the request for ever, until the receiver is closed. */
export type Answering = (got: Got) => Reply | "silence" | Promise<Reply | "silence">;

export interface TestReceiver {
  url: string;
  /** Everything that arrived since the last clear(), in its order. */
  got: Got[];
  /** How requests to a path are answered; 200 where nothing is said. */
  on(path: string, answer: Answering): void;
  clear(): void;
  close(): Promise<void>;
}

export async function testReceiver(): Promise<TestReceiver> {
  const got: Got[] = [];
  const answers = new Map<string, Answering>();
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const one: Got = {
      method: request.method ?? "",
      path: (request.url ?? "").split("?")[0] ?? "",
      headers: request.headers as Record<string, string>,
      body: text.startsWith("{") ? JSON.parse(text) : {},
    };
    got.push(one);
    const reply = (await answers.get(one.path)?.(one)) ?? { status: 200 };
    if (reply === "silence") return;
    response.writeHead(reply.status, { "content-type": "application/json", ...reply.headers }).end(reply.body ?? "{}");
  };
  const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    got,
    on: (path, answer) => void answers.set(path, answer),
    clear: () => {
      got.length = 0;
      answers.clear();
    },
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
}
