// A signed webhook as Standard Webhooks says. webhook-id is the delivery's and stays over all tries: the receiver
// recognises a repeat by it. Event names: tocsin.incident.{triggered,updated,acknowledged,resolved} and tocsin.{test,digest,challenge,reminder}.
import { Webhook } from "standardwebhooks";
import { z } from "zod";
import { titleTemplate } from "../domain/template.ts";
import type { Judgement } from "../domain/delivery.ts";
import type { NoticeKind } from "../domain/notice.ts";
import { matching, TITLE_FIELD } from "./forms.ts";
import { busy, dead, disable, jsonBody, quote, type Response, retry, retryAfterS, sent, unanswered } from "./judge.ts";
import type { RenderContext, Sink } from "./sink.ts";
import { stepDone, stepsDone } from "./steps.ts";
import { isoTime, link, oneLine } from "./text.ts";

const EVENTS: Record<NoticeKind, string> = {
  trigger: "tocsin.incident.triggered",
  update: "tocsin.incident.updated",
  acknowledge: "tocsin.incident.acknowledged",
  resolve: "tocsin.incident.resolved",
  test: "tocsin.test",
  visit: "tocsin.visit.begun",
  digest: "tocsin.digest",
  challenge: "tocsin.challenge",
  reminder: "tocsin.reminder",
};

const WRONG_URL = "Enter an http or https URL without user name and password.";
const config = z.strictObject({
  url: matching(/^https?:\/\//i, WRONG_URL)
    .max(2048, { error: "Use a URL of at most 2048 characters." })
    .refine(
      (text) => {
        const url = URL.parse(text);
        return url !== null && url.hostname !== "" && url.username === "" && url.password === "";
      },
      { error: WRONG_URL },
    ),
  secret: matching(
    /^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/,
    "Enter whsec_ followed by 24 to 64 random bytes in base64.",
  ).refine(
    (text) => {
      const length = Math.floor((text.slice(6).replace(/=+$/, "").length * 3) / 4);
      return length >= 24 && length <= 64;
    },
    { error: "Enter whsec_ followed by 24 to 64 random bytes in base64." },
  ),
  /** The secret before this one, and until when (ISO 8601) it signs as well; written by its replacement, not by a form. */
  formerSecret: z.string().max(120).optional(),
  formerUntil: z.string().max(40).optional(),
  titleTemplate,
});
type Config = z.infer<typeof config>;

function payload(c: RenderContext<Config>): string {
  const n = c.notice.content;
  const clip = (text: string, max = 200) => oneLine(text, max);
  return JSON.stringify({
    type: EVENTS[c.notice.kind],
    timestamp: isoTime(n.at) ?? c.now.toISOString(),
    data: {
      dedupKey: c.notice.dedupKey,
      incidentId: c.notice.incidentId,
      title: clip(n.title),
      tenant: clip(n.tenantName),
      server: { name: clip(n.serverName), url: clip(n.serverUrl, 2048) },
      severity: n.severity,
      status: n.status,
      reason: n.reason,
      reasonLabel: clip(n.reasonLabel),
      advice: clip(n.advice, 500),
      evidence: clip(n.evidence, 500),
      regions: n.regions.slice(0, 20).map((r) => ({ region: clip(r.region, 80), status: r.status, reason: r.reason })),
      startedAt: isoTime(n.startedAt) ?? null,
      at: isoTime(n.at) ?? null,
      ...(n.by === undefined ? {} : { by: clip(n.by) }),
      ...(n.lines === undefined ? {} : { lines: n.lines.map((line) => clip(line)) }),
      ...(n.code === undefined ? {} : { code: clip(n.code, 64) }),
      ...(n.durationS === undefined ? {} : { durationS: n.durationS }),
      incidentUrl: n.incidentUrl,
      ...(link(n.runbookUrl) === undefined ? {} : { runbookUrl: n.runbookUrl }),
      drill: n.drill,
    },
  });
}

/** For a day after its replacement the former secret signs too, so that the receiver may take its time. */
function signatures(c: RenderContext<Config>, body: string): string {
  const { secret, formerSecret, formerUntil } = c.config;
  const both = formerSecret !== undefined && formerUntil !== undefined && Date.parse(formerUntil) > c.now.getTime();
  return [secret, ...(both ? [formerSecret] : [])].map((s) => new Webhook(s).sign(c.deliveryId, c.now, body)).join(" ");
}

/** A challenge is answered with what it said: {"challenge": code} as JSON, or the code alone. A mere mirror is no answer. */
function echoed(c: RenderContext<Config>, answer: Response): boolean {
  const code = c.notice.content.code ?? "";
  return code !== "" && (jsonBody(answer)?.["challenge"] === code || answer.body.trim() === code);
}

export const webhook: Sink<Config> = {
  kind: "webhook",
  name: "Webhook",
  summary: "Signed JSON events to a URL of yours, as Standard Webhooks describes.",
  fields: [
    {
      name: "url",
      label: "URL",
      help: "Shown to everybody who may see this sink, so put no secret in it: the signature proves the sender.",
      input: "url",
      required: true,
      placeholder: "https://example.com/hooks/tocsin",
    },
    {
      name: "secret",
      label: "Signing secret",
      help: "whsec_ and 24 to 64 random bytes in base64, the same as at the receiver.",
      input: "secret",
      required: true,
      placeholder: "whsec_…",
    },
    TITLE_FIELD,
  ],
  config,
  secretFields: ["secret"],
  capabilities: () => ({
    acknowledge: true,
    editInPlace: false,
    resolve: true,
    thread: false,
    dedup: "receiver",
    wakes: false,
  }),
  describe: (given) => URL.parse(given.url)?.host ?? "webhook",

  next(c) {
    if (stepsDone(c) > 0) return null;
    const body = payload(c);
    const headers = {
      "content-type": "application/json",
      "webhook-id": c.deliveryId,
      "webhook-timestamp": String(Math.floor(c.now.getTime() / 1000)),
      "webhook-signature": signatures(c, body),
    };
    return {
      via: "http",
      label: EVENTS[c.notice.kind],
      host: "tenant",
      repeatable: true,
      method: "POST",
      url: c.config.url,
      headers,
      body,
    };
  },

  judge(c, _request, answer): Judgement {
    if (answer.kind === "failure") return unanswered("The receiver", answer);
    const { status } = answer;
    if (status >= 200 && status < 300 && c.notice.kind === "challenge" && !echoed(c, answer))
      return dead(`The receiver took the challenge (${status}) but did not answer with its code as {"challenge": …}.`);
    if (status >= 200 && status < 300) return sent(stepDone(c));
    if (status === 410) return disable("The receiver says that this webhook is gone (410): enter its new URL.");
    if (status === 429 || status >= 500) return busy("The receiver", answer);
    if ([408, 409, 425].includes(status))
      return retry(`The receiver asks to try again (${status}).`, true, retryAfterS(answer.headers));
    if (status < 400)
      return dead(`The receiver redirects (${status}), which is not followed: enter the address it points to.`);
    const said = quote(answer.body, [c.config.secret, c.config.formerSecret, c.config.url]);
    return dead(
      `The receiver refused the event (${status})${said && `: ${said}`}. Correct it there, then send this again.`,
    );
  },
};
