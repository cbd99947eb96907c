// Development only: every vendor on this machine, and one page that shows what arrived as a person would see it there.
// Prints one JSON line when ready; ends on SIGTERM and SIGINT; remembers nothing over a restart.
import { parseArgs } from "node:util";
import { SINK_KINDS } from "../lib/sinks/sink.ts";
import { startVendors, type Vendors } from "../lib/testing/vendors/index.ts";
import { Live } from "./inbox/live.ts";
import { inboxPages } from "./inbox/pages.ts";

function usage(problem: string): never {
  process.stderr.write(`${problem}\nUsage: node start/inbox.ts --data DIR [--port N]\n`);
  process.exit(2);
}

function options(): { data: string; port: number } {
  const { values } = parseArgs({ options: { data: { type: "string" }, port: { type: "string", default: "0" } } });
  const port = Number(values.port);
  if (!values.data) usage("Name the folder for the certificate: --data DIR.");
  if (!Number.isInteger(port) || port < 0 || port > 65_535) usage("The port must be a number from 0 to 65535.");
  return { data: values.data, port };
}

const { data, port } = options();
const live = new Live();
let vendors: Vendors | undefined;
try {
  vendors = await startVendors({
    caDir: data,
    httpPort: port,
    otherwise: inboxPages(() => vendors, live),
    onReceived: (item) => live.changed(item.kind),
  });
} catch (err) {
  const busy = (err as { code?: unknown }).code === "EADDRINUSE";
  process.stderr.write(
    busy
      ? `Port ${port} is taken: stop what listens there, or give another with --port.\n`
      : `The inbox could not start: ${String(err)}\n`,
  );
  process.exit(1);
}

const { http, https, smtpUrl, caFile, bases, webhookUrl, webhookSecret } = vendors;
process.stdout.write(
  `${JSON.stringify({ http, https, smtp: smtpUrl, caFile, page: `${http}/`, bases, webhookUrl, webhookSecret, kinds: SINK_KINDS })}\n`,
);

let stopping = false;
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    live.close();
    void vendors?.stop().then(() => process.exit(0));
  });
}
