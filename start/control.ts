// Lets `npm run tocsin` see, stop and start single parts of a development start. On 127.0.0.1, with a token that only
// this user can read; it knows no other verbs.
import { timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Keeper } from "./keeper.ts";
import { messageOf } from "./problem.ts";

export interface Control {
  close(): void;
}

export const controlFile = (dataDir: string): string => join(dataDir, "control.json");

export async function serveControl(keeper: Keeper, port: number, token: string, dataDir: string): Promise<Control> {
  const expected = Buffer.from(`Bearer ${token}`);
  const server = createServer(async (request, response) => {
    const answer = (status: number, body: unknown) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    const given = Buffer.from(request.headers.authorization ?? "");
    if (given.length !== expected.length || !timingSafeEqual(given, expected))
      return answer(401, { error: "The token is wrong: run the command from the folder of the running start." });
    const [verb, name] = (request.url ?? "").slice(1).split("/").map(decodeURIComponent);
    try {
      if (request.method === "POST" && name && verb === "stop") await keeper.stop(name);
      else if (request.method === "POST" && name && verb === "start") await keeper.start(name);
      else if (request.method === "POST" && name && verb === "restart")
        await keeper.stop(name).then(() => keeper.start(name));
      else if (!(request.method === "GET" && verb === "parts"))
        return answer(404, { error: "Only parts, stop, start and restart are known." });
      return answer(200, { parts: keeper.states() });
    } catch (error) {
      return answer(409, { error: messageOf(error) });
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  writeFileSync(controlFile(dataDir), JSON.stringify({ url: `http://127.0.0.1:${port}`, token }), { mode: 0o600 });
  return {
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
