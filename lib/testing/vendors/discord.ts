// Discord webhooks, API v10: a post answers with the message only when asked to wait, edits never ping, limits are
// answered with code 50035. A token that begins with "unknown" belongs to a deleted webhook.
import { now } from "../../adapters/clock.ts";
import { type Call, parsed, put, type Reply, text, type Vendor } from "./vendor.ts";

export interface DiscordMessage {
  id: string;
  webhook: string;
  thread: string | null;
  content: string;
  embeds: Record<string, unknown>[];
  /** Roles that were really pinged, at the post. */
  pinged: string[];
  at: string;
  editedAt: string | null;
}

type Json = Record<string, unknown>;
const list = (value: unknown): Json[] => (Array.isArray(value) ? (value as Json[]) : []);

export function discord(): Vendor {
  const messages = new Map<string, DiscordMessage>();
  let count = 0;

  function post(webhook: string, call: Call, given: Json): Reply {
    const content = text(given["content"]);
    const message: DiscordMessage = {
      id: String(1_300_000_000_000_000_000n + BigInt(++count)),
      webhook,
      thread: call.query.get("thread_id"),
      content,
      embeds: list(given["embeds"]),
      pinged: pinged(content, given["allowed_mentions"]),
      at: now().toISOString(),
      editedAt: null,
    };
    put(messages, message.id, message);
    return call.query.get("wait") === "true" ? { status: 200, body: shown(message) } : { status: 204, body: "" };
  }

  function edit(message: DiscordMessage, given: Json): Reply {
    if (given["content"] !== undefined) message.content = text(given["content"]);
    if (given["embeds"] !== undefined) message.embeds = list(given["embeds"]);
    message.editedAt = now().toISOString();
    return { status: 200, body: shown(message) };
  }

  return {
    kind: "discord",
    pages: () => count,
    shows: () => [...messages.values()].reverse(),
    answer(call: Call): Reply {
      const [, id = "", token = "", messageId] =
        /^\/api\/v10\/webhooks\/(\d+)\/([\w-]+)(?:\/messages\/(\d+))?$/.exec(call.path) ?? [];
      if (id === "") return { status: 404, body: { message: "404: Not Found", code: 0 } };
      if (token.startsWith("unknown")) return { status: 404, body: { message: "Unknown Webhook", code: 10015 } };
      if (!call.headers["user-agent"]) return { status: 403, body: { message: "internal network error", code: 40333 } };
      if (call.method === "GET" && messageId === undefined)
        return {
          status: 200,
          body: { id, type: 1, name: "Tocsin", channel_id: "1200000000000000001", guild_id: "1200000000000000000" },
        };
      const given = parsed(call.body);
      if (!given) return { status: 400, body: { message: "The request body contains invalid JSON.", code: 50109 } };
      const errors = invalid(given);
      if (errors) return { status: 400, body: { message: "Invalid Form Body", code: 50035, errors } };
      if (messageId === undefined && call.method === "POST") {
        if (!text(given["content"]) && list(given["embeds"]).length === 0)
          return { status: 400, body: { message: "Cannot send an empty message", code: 50006 } };
        return post(id, call, given);
      }
      const message = messages.get(messageId ?? "");
      const sameThread = message?.thread === call.query.get("thread_id");
      if (!message || message.webhook !== id || !sameThread)
        return { status: 404, body: { message: "Unknown Message", code: 10008 } };
      return call.method === "PATCH"
        ? edit(message, given)
        : { status: 405, body: { message: "405: Method Not Allowed", code: 0 } };
    },
  };
}

const shown = (m: DiscordMessage) => ({
  id: m.id,
  type: 0,
  channel_id: m.thread ?? "1200000000000000001",
  webhook_id: m.webhook,
  content: m.content,
  embeds: m.embeds,
  timestamp: m.at,
  edited_timestamp: m.editedAt,
});

function pinged(content: string, allowed: unknown): string[] {
  const roles = list((allowed as Json | undefined)?.["roles"]).map(String);
  const parse = allowed === undefined ? ["users"] : list((allowed as Json)["parse"]).map(String);
  const everyone = parse.includes("everyone") && /@(everyone|here)/.test(content) ? ["everyone"] : [];
  const users = parse.includes("users") ? [...content.matchAll(/<@!?(\d+)>/g)].map((m) => m[1] ?? "") : [];
  return [
    ...everyone,
    ...users,
    ...[...content.matchAll(/<@&(\d+)>/g)]
      .map((m) => m[1] ?? "")
      .filter((id) => roles.includes(id) || parse.includes("roles")),
  ];
}

/** The limits of the documentation, as field paths; null when all are kept. */
function invalid(given: Json): Json | null {
  const errors: Json = {};
  const tooLong = (path: string, value: unknown, most: number) => {
    if (text(value).length > most)
      errors[path] = { _errors: [{ code: "BASE_TYPE_MAX_LENGTH", message: `Must be ${most} or fewer in length.` }] };
    return text(value).length;
  };
  tooLong("content", given["content"], 2000);
  let sum = 0;
  list(given["embeds"]).forEach((embed, i) => {
    sum +=
      tooLong(`embeds.${i}.title`, embed["title"], 256) +
      tooLong(`embeds.${i}.description`, embed["description"], 4096);
    sum += tooLong(`embeds.${i}.footer`, (embed["footer"] as Json | undefined)?.["text"], 2048);
    if (list(embed["fields"]).length > 25)
      errors[`embeds.${i}.fields`] = {
        _errors: [{ code: "BASE_TYPE_MAX_LENGTH", message: "Must be 25 or fewer in length." }],
      };
    list(embed["fields"]).forEach((field, f) => {
      sum +=
        tooLong(`embeds.${i}.fields.${f}.name`, field["name"], 256) +
        tooLong(`embeds.${i}.fields.${f}.value`, field["value"], 1024);
      if (!text(field["name"]) || !text(field["value"]))
        errors[`embeds.${i}.fields.${f}`] = {
          _errors: [{ code: "BASE_TYPE_REQUIRED", message: "This field is required" }],
        };
    });
  });
  if (sum > 6000)
    errors["embeds"] = {
      _errors: [{ code: "MAX_EMBED_SIZE_EXCEEDED", message: "Embed size exceeds maximum size of 6000" }],
    };
  const mentions = given["allowed_mentions"] as Json | undefined;
  if (list(mentions?.["parse"]).map(String).includes("roles") && list(mentions?.["roles"]).length > 0)
    errors["allowed_mentions"] = {
      _errors: [
        {
          code: "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
          message: 'parse:["roles"] and roles: [ids...] are mutually exclusive.',
        },
      ],
    };
  return Object.keys(errors).length > 0 ? errors : null;
}
