// What the sinks' exam needs of each sink: valid settings in every variant it has. A sink without a line here fails.
import { randomUUID } from "node:crypto";
import type { SinkMemory } from "../../domain/delivery.ts";
import { isStandalone, type Notice, type NoticeContent, type NoticeKind } from "../../domain/notice.ts";
import type { RenderContext, SinkBases, SinkKind } from "../../sinks/sink.ts";

export interface Variant {
  name: string;
  config: Record<string, string>;
}

/** Each secret is recognisable, so that it can be looked for in whatever a sink says. */
export const SECRETS = {
  routingKey: "R0123456789abcdefSECRETroutingky",
  apiKey: "5ec2e700-aaaa-4bbb-8ccc-dddddddddddd",
  discordToken: "SECRETdiscordToken_abcdefghijklmnopqrstuvwxyz-0123456789",
  botToken: "xoxb-1234567890-SECRETslackbottoken",
  hookToken: "SECRETslackhooktoken0123",
  signing: `whsec_${Buffer.from("tocsin-development-webhook-secret").toString("base64")}`,
} as const;

const discordUrl = `https://discord.com/api/webhooks/1111111111111111111/${SECRETS.discordToken}`;

/** @param webhookUrl where the generic receiver listens */
export function variants(webhookUrl = "https://hooks.example.com/tocsin"): Record<SinkKind, Variant[]> {
  return {
    pagerduty: [
      { name: "us", config: { routingKey: SECRETS.routingKey, region: "us" } },
      { name: "eu", config: { routingKey: SECRETS.routingKey, region: "eu" } },
    ],
    opsgenie: (["us", "eu", "jsm"] as const).map((region) => ({
      name: region,
      config: { region, apiKey: SECRETS.apiKey },
    })),
    discord: [
      { name: "plain", config: { webhookUrl: discordUrl } },
      {
        name: "role and thread",
        config: { webhookUrl: discordUrl, roleId: "2222222222222222222", threadId: "3333333333333333333" },
      },
    ],
    slack: [
      { name: "bot", config: { mode: "bot", botToken: SECRETS.botToken, channel: "C0123456789" } },
      {
        name: "webhook",
        config: {
          mode: "webhook",
          webhookUrl: `https://hooks.slack.com/services/T0000001/B0000001/${SECRETS.hookToken}`,
        },
      },
    ],
    email: [
      { name: "one address", config: { recipients: "ops@example.com" } },
      { name: "three addresses", config: { recipients: "ops@example.com, lead@example.com\nnight@example.com" } },
    ],
    webhook: [{ name: "signed", config: { url: webhookUrl, secret: SECRETS.signing } }],
  };
}

export const VENDOR_BASES: SinkBases = {
  pagerduty: "events.pagerduty.com",
  pagerdutyEu: "events.eu.pagerduty.com",
  opsgenieUs: "https://api.opsgenie.com",
  opsgenieEu: "https://api.eu.opsgenie.com",
  jsm: "https://api.atlassian.com/jsm/ops/integration",
  discord: "https://discord.com/api/v10",
  slack: "https://slack.com/api",
  slackHooks: "https://hooks.slack.com",
  smtp: "smtp://relay:SECRETrelaypassword@mail.example.com:587",
  mailFrom: "Tocsin <tocsin@example.com>",
};

export function aNotice(kind: NoticeKind, given: { dedupKey?: string; content?: Partial<NoticeContent> } = {}): Notice {
  return {
    id: randomUUID(),
    tenantId: randomUUID(),
    incidentId: isStandalone(kind) ? null : "0190a0b0-0000-7000-8000-000000000001",
    dedupKey: given.dedupKey ?? "inc_0123456789abcdef",
    kind,
    content: {
      title: "Payments MCP is down: connection refused",
      serverName: "Payments MCP",
      serverUrl: "https://mcp.example.com/mcp",
      tenantName: "Acme",
      severity: "P1",
      status: kind === "resolve" ? "up" : "down",
      reason: "connection_refused",
      reasonLabel: "Connection refused",
      advice: "Nothing listens on that address and port: start the server process, or correct the port.",
      evidence: "Two of three regions were refused at mcp.example.com:443.",
      regions: [
        { region: "fra", status: "down", reason: "connection_refused" },
        { region: "iad", status: "down", reason: "connection_refused" },
        { region: "sin", status: "up", reason: null },
      ],
      startedAt: "2026-11-21T11:57:00.000Z",
      at: "2026-11-21T12:00:00.000Z",
      ...(kind === "acknowledge" ? { by: "Ada Ops" } : {}),
      ...(kind === "resolve" ? { durationS: 754 } : {}),
      incidentUrl: "https://tocsin.example.com/incidents/0190a0b0-0000-7000-8000-000000000001",
      runbookUrl: "https://wiki.example.com/runbooks/connection-refused",
      drill: false,
      ...(kind === "challenge" ? { code: "K7QX-29MD", to: "ops@example.com" } : {}),
      ...(kind === "digest" ? { lines: ["3 × Connection refused", "1 × Too slow"] } : {}),
      ...given.content,
    },
  };
}

export function aContext(
  config: unknown,
  notice: Notice,
  given: { bases?: SinkBases; memory?: SinkMemory; mayRepeat?: boolean; deliveryId?: string; now?: Date } = {},
): RenderContext<unknown> {
  return {
    notice,
    deliveryId: given.deliveryId ?? randomUUID(),
    config,
    bases: given.bases ?? VENDOR_BASES,
    memory: given.memory ?? {},
    mayRepeat: given.mayRepeat ?? false,
    now: given.now ?? new Date("2026-11-21T12:00:05.000Z"),
  };
}
