// One sink of each kind for the development tenant, pointed at the sink inbox; keys look as the vendors' do.
import { createHmac } from "node:crypto";
import type { SeedSink } from "../prisma/seed.ts";

/**
 * @param secret what the keys are derived from, so that they are the same at every start
 * @param receiver of webhooks: its address, and the signing secret that it checks
 */
export function sampleSinks(
  secret: string,
  receiver: { url: string; secret: string },
): { sinks: SeedSink[]; platformSinks: SeedSink[] } {
  const derived = (name: string, bytes: number): Buffer =>
    createHmac("sha512", secret).update(`sample-sink:${name}`).digest().subarray(0, bytes);
  const hex = (name: string, length: number): string => derived(name, length / 2).toString("hex");
  return {
    sinks: [
      {
        kind: "pagerduty",
        name: "PagerDuty · Acme on call",
        config: { region: "us" },
        secrets: { routingKey: hex("pagerduty", 32) },
      },
      {
        kind: "opsgenie",
        name: "OpsGenie · Acme platform",
        config: { region: "us" },
        secrets: { apiKey: hex("opsgenie", 32) },
      },
      {
        kind: "discord",
        name: "Discord · #mcp-alerts",
        config: {},
        secrets: { webhookUrl: `https://discord.com/api/webhooks/1190000000000000001/${hex("discord", 68)}` },
      },
      {
        kind: "slack",
        name: "Slack · #ops",
        config: { mode: "bot", channel: "C0ACMEOPS1" },
        secrets: { botToken: `xoxb-${hex("slack", 48)}` },
      },
      { kind: "email", name: "Email · ops@acme.example", config: { recipients: "ops@acme.example" }, secrets: {} },
      { kind: "webhook", name: "Webhook · Acme", config: { url: receiver.url }, secrets: { secret: receiver.secret } },
    ],
    platformSinks: [
      {
        kind: "webhook",
        name: "Webhook · the installation's own alerts",
        config: { url: receiver.url },
        secrets: { secret: receiver.secret },
      },
    ],
  };
}
