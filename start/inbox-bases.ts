// The sink inbox says where its vendors listen; the parts hear it as the settings that lib/adapters/env.ts reads.
import { z } from "zod";
import type { Settings } from "./settings.ts";

const text = z.string().min(1);
export const inboxReady = z.object({
  http: text,
  https: text,
  smtp: text,
  caFile: text,
  page: text,
  webhookUrl: text,
  webhookSecret: text,
  bases: z.object({
    pagerduty: text,
    pagerdutyEu: text,
    opsgenieUs: text,
    opsgenieEu: text,
    jsm: text,
    discord: text,
    slack: text,
    slackHooks: text,
  }),
});
export type InboxReady = z.infer<typeof inboxReady>;

export function inboxSettings(inbox: InboxReady): Settings {
  const { bases } = inbox;
  return {
    TOCSIN_CA_FILE: inbox.caFile,
    TOCSIN_PAGERDUTY_SERVER: bases.pagerduty,
    TOCSIN_PAGERDUTY_EU_SERVER: bases.pagerdutyEu,
    TOCSIN_OPSGENIE_US_URL: bases.opsgenieUs,
    TOCSIN_OPSGENIE_EU_URL: bases.opsgenieEu,
    TOCSIN_JSM_URL: bases.jsm,
    TOCSIN_DISCORD_URL: bases.discord,
    TOCSIN_SLACK_URL: bases.slack,
    TOCSIN_SLACK_HOOKS_URL: bases.slackHooks,
    TOCSIN_SMTP_URL: inbox.smtp,
  };
}
