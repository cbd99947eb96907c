// A Discord webhook: one message per incident, edited in place. Nobody recognises a repeat here, so a second post
// after a lost answer says that it is one. Mentions are parsed from nothing but the configured role.
import { z } from "zod";
import { titleTemplate } from "../domain/template.ts";
import type { Judgement } from "../domain/delivery.ts";
import { isStandalone } from "../domain/notice.ts";
import { matching, optional, TITLE_FIELD } from "./forms.ts";
import { busy, dead, disable, jsonBody, quote, retry, sent, unanswered } from "./judge.ts";
import type { RenderContext, Sink, SinkAnswer } from "./sink.ts";
import { stepDone, stepsDone } from "./steps.ts";
import { cut, discordEscape, isoTime, link } from "./text.ts";
import { actions, colour, facts, headline, REPEAT_MARK, sentences } from "./words.ts";

const URL_SHAPE =
  /^https:\/\/(?:ptb\.|canary\.)?discord(?:app)?\.com\/api(?:\/v\d{1,2})?\/webhooks\/(\d{15,25})\/([\w-]{20,200})\/?$/;
const snowflake = (what: string) =>
  matching(/^\d{15,25}$/, `Copy the ${what} with developer mode on: it is digits only.`);

const config = z.strictObject({
  webhookUrl: matching(URL_SHAPE, "Paste the webhook URL as Discord gives it: https://discord.com/api/webhooks/…"),
  roleId: optional(snowflake("role ID")),
  threadId: optional(snowflake("thread ID")),
  titleTemplate,
});
type Config = z.infer<typeof config>;

/** Discord serves version 6 on the pasted URL, so the path is built anew on the operator's versioned base. */
function address(c: RenderContext<Config>, messageId: string): string {
  const [, id = "", token = ""] = URL_SHAPE.exec(c.config.webhookUrl) ?? [];
  const thread = c.config.threadId === undefined ? "" : `thread_id=${c.config.threadId}`;
  const query = [messageId === "" ? "wait=true" : "", thread].filter(Boolean).join("&");
  return `${c.bases.discord}/webhooks/${id}/${token}${messageId === "" ? "" : `/messages/${messageId}`}${query && `?${query}`}`;
}

function message(c: RenderContext<Config>, first: boolean) {
  const { notice } = c;
  const { advice, evidence } = sentences(notice);
  const ping = first && notice.kind === "trigger" && c.config.roleId !== undefined ? c.config.roleId : null;
  // All embed text together may have 6,000 characters; the cuts below leave room under it.
  const links = actions(notice)
    .filter((a) => a.url.length <= 500)
    .map((a) => `[${a.label}](${a.url.replace(/[()]/g, encodeURIComponent)})`)
    .join(" · ");
  const timestamp = isoTime(notice.content.at);
  const url = link(notice.content.incidentUrl);
  const text = cut(headline(notice, 400), 600, discordEscape);
  return {
    content: `${ping === null ? "" : `<@&${ping}> `}${first && c.mayRepeat ? `${REPEAT_MARK}\n` : ""}${text}`,
    allowed_mentions: ping === null ? { parse: [] } : { parse: [], roles: [ping] },
    embeds: [
      {
        title: cut(headline(notice, 200), 256, discordEscape),
        ...(url === undefined ? {} : { url }),
        description:
          [advice, evidence]
            .filter(Boolean)
            .map((s) => cut(s, 900, discordEscape))
            .join("\n") + (links && `\n\n${links}`),
        color: colour(notice),
        fields: facts(notice)
          .slice(0, 6)
          .map((f) => ({ name: f.label, value: cut(f.value, 250, discordEscape), inline: true })),
        footer: { text: `Tocsin · ${notice.dedupKey}`.slice(0, 200) },
        ...(timestamp === undefined ? {} : { timestamp }),
      },
    ],
  };
}

const known = (c: RenderContext<Config>) => String(c.memory["message"] ?? "");

export const discord: Sink<Config> = {
  kind: "discord",
  name: "Discord",
  summary: "One message per incident in a channel, edited in place; can ping a role once.",
  fields: [
    {
      name: "webhookUrl",
      label: "Webhook URL",
      help: "Channel settings → Integrations → Webhooks.",
      input: "secret",
      required: true,
      placeholder: "https://discord.com/api/webhooks/…",
    },
    {
      name: "roleId",
      label: "Role to ping",
      help: "Optional: pinged once, on the first post. The role must be mentionable.",
      input: "text",
      required: false,
      placeholder: "Role ID",
    },
    {
      name: "threadId",
      label: "Thread",
      help: "Optional: post into this thread of the channel. Forum channels need one.",
      input: "text",
      required: false,
      placeholder: "Thread ID",
    },
    TITLE_FIELD,
  ],
  config,
  secretFields: ["webhookUrl"],
  capabilities: () => ({
    acknowledge: true,
    editInPlace: true,
    resolve: true,
    thread: false,
    dedup: "none",
    wakes: false,
    rate: { requests: 5, perMs: 2_000 },
  }),
  describe: (given) =>
    `Discord webhook ${URL_SHAPE.exec(given.webhookUrl)?.[1] ?? ""}${given.threadId === undefined ? "" : `, thread ${given.threadId}`}`,

  next(c) {
    if (stepsDone(c) > 0) return null;
    const id = c.notice.kind === "trigger" || isStandalone(c.notice.kind) ? "" : known(c);
    const headers = { "content-type": "application/json" };
    const label = id === "" ? "post message" : "edit message";
    return {
      via: "http",
      label,
      host: "operator",
      method: id === "" ? "POST" : "PATCH",
      url: address(c, id),
      headers,
      body: JSON.stringify(message(c, id === "")),
    };
  },

  judge(c, request, answer): Judgement {
    if (answer.kind === "failure") return unanswered("Discord", answer);
    const json = jsonBody(answer);
    if (answer.status === 200 && typeof json?.["id"] === "string" && /^\d{1,25}$/.test(json["id"]))
      return sent(stepDone(c, { message: json["id"] }));
    // Posted without an id (something dropped ?wait=true): told, but later notices cannot edit it.
    if (answer.status === 204) return sent(stepDone(c));
    if (answer.status < 300)
      return retry(
        `Discord's address gave an answer that is not Discord's (${answer.status}): check proxies on the way.`,
        true,
      );
    if (answer.status === 429) return busy("Discord", answer, waitS(json, answer.headers));
    if (answer.status >= 500) return busy("Discord", answer);
    return refused(c, request.via === "http" && request.method === "PATCH", answer, json);
  },
};

/** Seconds: the body says it to the millisecond, the header in whole seconds; the later one counts. */
function waitS(json: Record<string, unknown> | null, headers: Record<string, string>): number | undefined {
  const most = Math.max(Number(json?.["retry_after"]) || 0, Number(headers["retry-after"]) || 0);
  return most > 0 ? Math.min(Math.ceil(most), 14_400) : undefined;
}

function refused(
  c: RenderContext<Config>,
  editing: boolean,
  answer: Extract<SinkAnswer, { kind: "response" }>,
  json: Record<string, unknown> | null,
): Judgement {
  const code = Number(json?.["code"]) || 0;
  // Somebody deleted our message: forget it, and the same notice is posted as a new one.
  if (editing && code === 10008) return sent({ message: "" });
  if (code === 30046) return retry("Discord limits edits of messages older than an hour.", false, 60);
  if (code === 220001)
    return disable("This webhook belongs to a forum channel: create a post there and enter its thread ID.");
  if (code === 10003)
    return disable("Discord does not know this thread in the webhook's channel: correct or empty the thread ID.");
  if ([401, 403].includes(answer.status) || code === 10015)
    return disable("Discord no longer knows this webhook: create a new one and paste its URL.");
  return dead(
    `Discord refused the message (${answer.status}${code ? `, code ${code}` : ""}): ${quote(json?.["message"] ?? "", [c.config.webhookUrl]) || "no reason given"}.`,
  );
}
