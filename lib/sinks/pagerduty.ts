// PagerDuty Events API v2. One dedup_key per incident: a trigger on an open alert adds a log line and pages nobody,
// so a repeat after a lost answer does no harm.
import { z } from "zod";
import { titleTemplate } from "../domain/template.ts";
import type { Judgement } from "../domain/delivery.ts";
import { isStandalone } from "../domain/notice.ts";
import type { Severity } from "../domain/reason.ts";
import { choice, matching, TITLE_FIELD } from "./forms.ts";
import { busy, dead, disable, jsonBody, quote, retry, sent, unanswered } from "./judge.ts";
import type { RenderContext, Sink } from "./sink.ts";
import { stepDone, stepsDone } from "./steps.ts";
import { isoTime, link, oneLine } from "./text.ts";
import { actions, facts, headline, sentences } from "./words.ts";

const config = z.strictObject({
  routingKey: matching(
    /^[A-Za-z0-9]{32}$/,
    "Paste the 32 letters and digits of the service's Events API v2 integration key.",
  ),
  region: choice(["us", "eu"], "Choose the region of your PagerDuty account.").default("us"),
  titleTemplate,
});
type Config = z.infer<typeof config>;

const SEVERITY: Record<Severity, string> = { P1: "critical", P2: "error", P3: "warning", P4: "info" };

function trigger(c: RenderContext<Config>): Record<string, unknown> {
  const { notice } = c;
  const content = notice.content;
  const timestamp = isoTime(content.startedAt);
  const url = link(content.incidentUrl);
  const { advice, evidence } = sentences(notice);
  return {
    client: "Tocsin",
    ...(url === undefined ? {} : { client_url: url }),
    links: actions(notice)
      .filter((a) => a.id !== "resolve")
      .map((a) => ({ href: a.url, text: a.label })),
    payload: {
      summary: headline(notice, 1024),
      source: oneLine(content.serverUrl, 255) || "tocsin",
      severity: isStandalone(notice.kind) ? "info" : SEVERITY[content.severity],
      ...(timestamp === undefined ? {} : { timestamp }),
      component: oneLine(content.serverName, 200),
      group: oneLine(content.tenantName, 200),
      class: content.reason,
      custom_details: {
        ...Object.fromEntries(facts(notice).map((f) => [f.label, f.value])),
        Advice: advice,
        Evidence: evidence,
        Incident: url ?? "",
        Drill: content.drill,
      },
    },
  };
}

export const pagerduty: Sink<Config> = {
  kind: "pagerduty",
  name: "PagerDuty",
  summary: "Opens, acknowledges and resolves one PagerDuty incident per Tocsin incident.",
  fields: [
    {
      name: "routingKey",
      label: "Integration key",
      help: "Service → Integrations → Events API v2.",
      input: "secret",
      required: true,
      placeholder: "32 letters and digits",
    },
    {
      name: "region",
      label: "Region",
      help: "Where your PagerDuty account lives.",
      input: "select",
      required: true,
      options: [
        { value: "us", label: "US" },
        { value: "eu", label: "EU" },
      ],
    },
    TITLE_FIELD,
  ],
  config,
  secretFields: ["routingKey"],
  capabilities: () => ({
    acknowledge: true,
    editInPlace: false,
    resolve: true,
    thread: false,
    dedup: "vendor",
    wakes: true,
    rate: { requests: 120, perMs: 60_000 },
  }),
  describe: (given) => `PagerDuty service (${given.region.toUpperCase()})`,

  next(c) {
    const done = stepsDone(c);
    // A message of its own must not stay open on somebody's service, so it is resolved at once.
    const plan = isStandalone(c.notice.kind)
      ? ["trigger", "resolve"]
      : [c.notice.kind === "update" ? "trigger" : c.notice.kind];
    const action = plan[done];
    if (action === undefined) return null;
    const body = {
      routing_key: c.config.routingKey,
      event_action: action,
      dedup_key: c.notice.dedupKey,
      ...(action === "trigger" ? trigger(c) : {}),
    };
    return {
      via: "pagerduty",
      label: `${action} event`,
      server: c.config.region === "eu" ? c.bases.pagerdutyEu : c.bases.pagerduty,
      data: body,
    };
  },

  judge(c, _request, answer): Judgement {
    if (answer.kind === "failure") return unanswered("PagerDuty", answer);
    const json = jsonBody(answer);
    if (answer.status === 202 && json?.["status"] === "success") return sent(stepDone(c));
    // "3 times, 30 s apart" is their own advice, and they send no Retry-After.
    if (answer.status === 429) return busy("PagerDuty", answer, Number(answer.headers["retry-after"]) || 30);
    if (answer.status >= 500) return busy("PagerDuty", answer);
    if (answer.status < 300)
      return retry(
        `PagerDuty's address gave an answer that is not PagerDuty's (${answer.status}): check proxies on the way.`,
        true,
      );
    // An unknown key is told in plain text, everything else as JSON.
    const said = quote(
      json ? [json["message"], ...(Array.isArray(json["errors"]) ? json["errors"] : [])].join(": ") : answer.body,
      [c.config.routingKey],
    );
    if (answer.status === 401 || answer.status === 403 || /routing.?key/i.test(said)) {
      return disable(
        "PagerDuty does not know this integration key in this region: paste the key again and check the region.",
      );
    }
    return dead(`PagerDuty refused the event (${answer.status}): ${said || "no reason given"}.`);
  },
};
