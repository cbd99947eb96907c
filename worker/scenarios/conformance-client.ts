// The client that the official conformance suite runs: one look of our engine at the URL that comes last, with the call
// that the scenario waits for.
import { checkCommand } from "../../start/cli-check.ts";

const CALLS: Record<string, string[]> = { tools_call: ["--call", "add_numbers", "--arguments", '{"a":2,"b":3}'] };

const url = process.argv.at(-1) ?? "";
const call = CALLS[process.env.MCP_CONFORMANCE_SCENARIO ?? ""] ?? [];
// What is thought of their mock server is no matter: the suite judges what it was asked.
await checkCommand([url, "--json", "--allow-private", ...call], process.env);
