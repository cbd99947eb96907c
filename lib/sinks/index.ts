// The list of sinks. A new one is a file and a line here; conformance.test.ts then asks for its exam fixture.
import { discord } from "./discord.ts";
import { email } from "./email.ts";
import { loopback } from "./loopback.ts";
import { opsgenie } from "./opsgenie.ts";
import { pagerduty } from "./pagerduty.ts";
import type { Sink, SinkKind } from "./sink.ts";
import { slack } from "./slack.ts";
import { webhook } from "./webhook.ts";

export const SINKS: Record<SinkKind, Sink> = { pagerduty, opsgenie, discord, slack, email, webhook };
export const sinks: readonly Sink[] = Object.values(SINKS);

/** undefined for a kind this version does not know. */
export function sinkOf(kind: string): Sink | undefined {
  if (kind === "loopback") return loopback;
  return Object.hasOwn(SINKS, kind) ? SINKS[kind as SinkKind] : undefined;
}
