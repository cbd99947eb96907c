// A webhook receiver as its own process, so that its work is not counted as ours: answers 204, tells when each
// delivery arrived (epoch ms with fractions) on demand. GET /stats empties it.
import { createServer } from "node:http";

const arrivals: [id: string, at: number][] = [];
const server = createServer((request, response) => {
  const at = performance.timeOrigin + performance.now();
  if (request.method === "GET") {
    response.end(JSON.stringify(arrivals.splice(0)));
    return;
  }
  // What Alertmanager sends names its alerts in the body.
  const body: Buffer[] = [];
  if (request.url === "/alerts") request.on("data", (chunk: Buffer) => body.push(chunk));
  else request.resume();
  request.on("end", () => {
    if (body.length === 0) arrivals.push([String(request.headers["webhook-id"] ?? ""), at]);
    else {
      const { alerts } = JSON.parse(Buffer.concat(body).toString()) as { alerts: { labels: { id: string } }[] };
      for (const alert of alerts) arrivals.push([alert.labels.id, at]);
    }
    response.writeHead(204).end();
  });
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  console.log(JSON.stringify({ port: typeof address === "object" && address ? address.port : 0 }));
});
process.on("disconnect", () => process.exit(0));
