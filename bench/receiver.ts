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
  request.resume();
  request.on("end", () => {
    arrivals.push([String(request.headers["webhook-id"] ?? ""), at]);
    response.writeHead(204).end();
  });
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  console.log(JSON.stringify({ port: typeof address === "object" && address ? address.port : 0 }));
});
process.on("disconnect", () => process.exit(0));
