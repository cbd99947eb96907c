// What stands at many an address that once was an MCP server: a page, whatever is asked.
import { createServer } from "node:http";

const PAGE = '<!doctype html><html lang="en"><title>Example</title><h1>Welcome</h1><p>This site is parked.</p></html>';

createServer((request, response) => {
  request.resume();
  response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(PAGE);
}).listen(Number(process.argv[2]), "127.0.0.1");
