// Slack. With a bot token: one message per incident, edited in place, each change also said in its thread. With an
// incoming webhook: posts only. Nobody recognises a repeat, so a second post after a lost answer says that it is one.
import { z } from "zod";
import { titleTemplate } from "../domain/template.ts";
import type { Judgement, SinkMemory } from "../domain/delivery.ts";
import { isStandalone } from "../domain/notice.ts";
import { choice, matching, optional, TITLE_FIELD } from "./forms.ts";
import { busy, dead, disable, jsonBody, quote, type Response, retry, sent, unanswered } from "./judge.ts";
import type { RenderContext, Sink, SinkRequest } from "./sink.ts";
import { slackBlocks, slackText } from "./slack-message.ts";
import { allDone, stepDone, stepsDone } from "./steps.ts";

const HOOK = /^https:\/\/hooks\.slack\.com(\/services\/[A-Z0-9]{5,20}\/[A-Z0-9]{5,20}\/[A-Za-z0-9]{10,60})\/?$/;

const config = z
  .strictObject({
    mode: choice(["bot", "webhook"], "Choose how Tocsin speaks to Slack.").default("bot"),
    botToken: optional(matching(/^xoxb-[A-Za-z0-9-]{10,250}$/, "Paste the bot token, which begins with xoxb-.")),
    channel: optional(
      matching(
        /^[CGD][A-Z0-9]{7,20}$/,
        "Paste the channel's ID, such as C0123456789: it stands at the end of the channel's details.",
      ),
    ),
    buttons: choice(["link", "act"], "Choose what the buttons do.").default("link"),
    webhookUrl: optional(matching(HOOK, "Paste the webhook URL as Slack gives it: https://hooks.slack.com/services/…")),
    titleTemplate,
  })
  .superRefine((given, check) => {
    const need = given.mode === "bot" ? (["botToken", "channel"] as const) : (["webhookUrl"] as const);
    for (const name of need)
      if (given[name] === undefined)
        check.addIssue({
          code: "custom",
          path: [name],
          message: `Fill this in: it is needed with ${given.mode === "bot" ? "a bot token" : "an incoming webhook"}.`,
        });
  });
type Config = z.infer<typeof config>;
type Context = RenderContext<Config>;
type Call = "post" | "reply" | "edit";

const parent = (c: Context) => String(c.memory["ts"] ?? "");

// The reply goes first: only a post can repeat, and so its repeat is marked exactly when its own answer was lost.
function plan(c: Context): Call[] {
  const changes = c.notice.kind !== "trigger" && !isStandalone(c.notice.kind);
  return c.config.mode === "bot" && changes && parent(c) !== "" ? ["reply", "edit"] : ["post"];
}

const call = (c: Context) => plan(c)[stepsDone(c)];

function request(c: Context, step: Call): SinkRequest {
  const shared = { via: "http", host: "operator", method: "POST" } as const;
  const text = slackText(c.notice, step !== "edit" && c.mayRepeat);
  const blocks = slackBlocks(c.notice, step !== "edit" && c.mayRepeat, c.config.buttons === "act");
  const json = { "content-type": "application/json; charset=utf-8" };
  if (c.config.mode === "webhook") {
    const path = HOOK.exec(c.config.webhookUrl ?? "")?.[1] ?? "";
    return {
      ...shared,
      label: "post to webhook",
      url: `${c.bases.slackHooks}${path}`,
      headers: json,
      body: JSON.stringify({ text, blocks, unfurl_links: false, unfurl_media: false }),
    };
  }
  const headers = { ...json, authorization: `Bearer ${c.config.botToken ?? ""}` };
  const where = { channel: String(c.memory["channel"] ?? "") || c.config.channel };
  if (step === "edit")
    return {
      ...shared,
      label: "edit message",
      url: `${c.bases.slack}/chat.update`,
      headers,
      body: JSON.stringify({ ...where, ts: parent(c), text, blocks }),
    };
  const thread = step === "reply" ? { thread_ts: parent(c) } : {};
  return {
    ...shared,
    label: step === "reply" ? "reply in thread" : "post message",
    url: `${c.bases.slack}/chat.postMessage`,
    headers,
    body: JSON.stringify({
      ...where,
      ...thread,
      text,
      ...(step === "reply" ? {} : { blocks }),
      unfurl_links: false,
      unfurl_media: false,
    }),
  };
}

export const slack: Sink<Config> = {
  kind: "slack",
  name: "Slack",
  summary: "One message per incident, edited in place with its thread (bot token), or plain posts (incoming webhook).",
  fields: [
    {
      name: "mode",
      label: "Connection",
      help: "An incoming webhook can only post: no editing, no thread, every change is a new message.",
      input: "select",
      required: true,
      options: [
        { value: "bot", label: "Bot token" },
        { value: "webhook", label: "Incoming webhook (post only)" },
      ],
    },
    {
      name: "botToken",
      label: "Bot token",
      help: "For a bot: scope chat:write, and the bot invited to the channel.",
      input: "secret",
      required: false,
      placeholder: "xoxb-…",
    },
    {
      name: "channel",
      label: "Channel ID",
      help: "For a bot: the ID, not the name.",
      input: "text",
      required: false,
      placeholder: "C0123456789",
    },
    {
      name: "buttons",
      label: "Buttons",
      help: "To act in Slack, give the app Tocsin's address for interactivity, and Tocsin the app's signing secret.",
      input: "select",
      required: true,
      options: [
        { value: "link", label: "Open Tocsin" },
        { value: "act", label: "Act in Slack" },
      ],
    },
    {
      name: "webhookUrl",
      label: "Webhook URL",
      help: "For an incoming webhook.",
      input: "secret",
      required: false,
      placeholder: "https://hooks.slack.com/services/…",
    },
    TITLE_FIELD,
  ],
  config,
  secretFields: ["botToken", "webhookUrl"],
  capabilities: (given) => ({
    acknowledge: true,
    editInPlace: given.mode === "bot",
    resolve: true,
    thread: given.mode === "bot",
    dedup: "none",
    wakes: false,
    // One a second to a channel; short bursts are borne.
    rate: { requests: 5, perMs: 5_000 },
  }),
  describe: (given) =>
    given.mode === "bot" ? `Slack channel ${given.channel ?? ""}` : "Slack incoming webhook (post only)",

  next(c) {
    const step = call(c);
    return step === undefined ? null : request(c, step);
  },

  judge(c, _request, answer): Judgement {
    if (answer.kind === "failure") return unanswered("Slack", answer);
    if (answer.status === 429 || answer.status >= 500) return busy("Slack", answer);
    return c.config.mode === "webhook" ? judgeHook(c, answer) : judgeApi(c, call(c) ?? "post", answer);
  },
};

const GONE = new Set(["thread_not_found", "message_not_found", "cannot_reply_to_message"]);
const FROZEN = new Set(["message_not_found", "edit_window_closed", "cant_update_message"]);
const LATER = new Set(["ratelimited", "rate_limited", "team_added_to_org", "message_limit_exceeded"]);
/** "May have partly succeeded", they say of the last. */
const UNSURE = new Set(["service_unavailable", "request_timeout", "internal_error", "fatal_error"]);
const CONFIG =
  /^(invalid_auth|not_authed|account_inactive|token_(revoked|expired)|missing_scope|no_permission|channel_not_found|is_archived|not_in_channel|team_not_found|restricted_action\w*|org_login_required|ekm_access_denied|enterprise_is_restricted)$/;

function judgeApi(c: Context, step: Call, answer: Response): Judgement {
  const json = jsonBody(answer);
  if (answer.status !== 200 || typeof json?.["ok"] !== "boolean") return foreign(answer);
  if (json["ok"]) return sent(step === "post" ? allDone(c, place(json)) : stepDone(c));
  const error = quote(json["error"], [c.config.botToken]).replace(/\W/g, "_") || "no_reason_given";
  // Somebody deleted our message: forget it, and the same notice is posted as a new one.
  if (step === "reply" && GONE.has(error)) return sent({ ts: "" });
  // The thread has said it; the old text cannot be changed any more.
  if (step === "edit" && FROZEN.has(error)) return sent(stepDone(c));
  if (LATER.has(error)) return busy("Slack", { ...answer, status: 429 });
  if (UNSURE.has(error)) return retry(`Slack has trouble of its own (${error}).`, true);
  if (CONFIG.test(error))
    return disable(
      `Slack refused the bot (${error}): check the token, its chat:write scope, and that the bot is in the channel.`,
    );
  return dead(`Slack refused the message (${error}).`);
}

function place(json: Record<string, unknown>): SinkMemory {
  const { ts, channel } = json;
  return typeof ts === "string" && /^[\d.]{1,30}$/.test(ts) && typeof channel === "string" && /^\w{1,30}$/.test(channel)
    ? { ts, channel }
    : {};
}

function judgeHook(c: Context, answer: Response): Judgement {
  if (answer.status === 200) return answer.body.trim() === "ok" ? sent(stepDone(c)) : foreign(answer);
  const said = quote(answer.body, [c.config.webhookUrl]);
  if ([403, 404, 410].includes(answer.status))
    return disable(
      `Slack no longer takes this webhook (${answer.status}${said && ` ${said}`}): create a new one and paste its URL.`,
    );
  return answer.status < 400
    ? foreign(answer)
    : dead(`Slack refused the message (${answer.status}): ${said || "no reason given"}.`);
}

function foreign(answer: Response): Judgement {
  const why = `Slack's address gave an answer that is not Slack's (${answer.status}): check proxies on the way.`;
  return answer.status < 300 ? retry(why, true) : dead(why);
}
