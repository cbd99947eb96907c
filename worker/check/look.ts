// One look at one server for whoever typed `tocsin check`: by the engine that the probers run, and with nothing else of
// the worker. What is asked comes by IPC, so that no header stands in a list of processes.
import { monotonicMs } from "#lib/adapters/clock";
import type { AddressPolicy } from "#lib/adapters/http";
import { judge } from "#lib/checks/index";
import type { Asked, Looked } from "#lib/checks/look";
import { probe } from "../probe/transcript.ts";

/** A tool of the person at the keyboard: it may reach whatever that person can, when that person says so. */
const ANYWHERE: AddressPolicy = { allow: [{ cidr: "0.0.0.0/0" }, { cidr: "::/0" }] };

export async function look({ url, headers, boundMs, allowPrivate, ca, call }: Asked): Promise<Looked> {
  // Whoever types the tool's name allows it: nothing else is ever called.
  const extras = call?.kind === "canary" ? { checks: [call], allowedTools: [call.settings.tool], held: {} } : undefined;
  const transcript = await probe(
    { serverId: "check", tenantId: "check", url, headers, knownEra: null, ca, ...(extras && { extras }) },
    { policy: allowPrivate ? ANYWHERE : { allow: [] }, monotonic: monotonicMs, boundMs },
  );
  return { transcript, judgement: judge(transcript) };
}
