// Slack's Web API (200 with ok:false for nearly every error) and its incoming webhooks (plain text, no ts). A token
// with "revoked" in it is revoked; channel C00000000 does not exist; hook path …/gone has no service.
import { now } from "../../adapters/clock.ts";
import { type Call, parsed, put, type Reply, text, type Vendor } from "./vendor.ts";

export interface SlackMessage {
  ts: string;
  channel: string;
  via: "bot" | "webhook";
  text: string;
  blocks: Record<string, unknown>[];
  at: string;
  edited: boolean;
  replies: { ts: string; text: string; at: string }[];
}

type Json = Record<string, unknown>;
const list = (value: unknown): Json[] => (Array.isArray(value) ? (value as Json[]) : []);
const no = (error: string): Reply => ({ status: 200, body: { ok: false, error } });

export function slack(): Vendor {
  const messages = new Map<string, SlackMessage>();
  let count = 0;

  const stamp = () => `${Math.floor(now().getTime() / 1000)}.${String(++count).padStart(6, "0")}`;

  function post(channel: string, via: SlackMessage["via"], given: Json): SlackMessage {
    const message: SlackMessage = {
      ts: stamp(),
      channel,
      via,
      text: text(given["text"]).slice(0, 40_000),
      blocks: list(given["blocks"]),
      at: now().toISOString(),
      edited: false,
      replies: [],
    };
    put(messages, message.ts, message);
    return message;
  }

  function postMessage(channel: string, given: Json): Reply {
    const thread = text(given["thread_ts"]);
    if (thread === "") {
      const message = post(channel, "bot", given);
      return {
        status: 200,
        body: {
          ok: true,
          channel,
          ts: message.ts,
          message: { text: message.text, blocks: message.blocks, ts: message.ts },
        },
      };
    }
    const parent = messages.get(thread);
    if (!parent || parent.channel !== channel) return no("thread_not_found");
    const reply = { ts: stamp(), text: text(given["text"]), at: now().toISOString() };
    parent.replies.push(reply);
    return {
      status: 200,
      body: { ok: true, channel, ts: reply.ts, message: { text: reply.text, ts: reply.ts, thread_ts: thread } },
    };
  }

  function update(channel: string, given: Json): Reply {
    const message = messages.get(text(given["ts"]));
    if (!message || message.channel !== channel) return no("message_not_found");
    if (text(given["text"]).length > 4_000) return no("msg_too_long");
    message.text = text(given["text"]);
    if (given["blocks"] !== undefined) message.blocks = list(given["blocks"]);
    message.edited = true;
    return { status: 200, body: { ok: true, channel, ts: message.ts, text: message.text } };
  }

  function api(call: Call, method: string): Reply {
    const token = /^Bearer (.+)$/.exec(call.headers["authorization"] ?? "")?.[1] ?? "";
    if (token === "") return no("not_authed");
    if (!token.startsWith("xoxb-")) return no("invalid_auth");
    if (token.includes("revoked")) return no("token_revoked");
    if (method === "auth.test")
      return { status: 200, body: { ok: true, team: "Acme", team_id: "T0000001", user: "tocsin", bot_id: "B0000001" } };
    const given = parsed(call.body);
    if (!given) return no("invalid_json");
    const channel = text(given["channel"]);
    if (!/^[CGD][A-Z0-9]{7,}$/.test(channel) || channel === "C00000000") return no("channel_not_found");
    if (!text(given["text"]) && list(given["blocks"]).length === 0) return no("no_text");
    if (!blocksValid(list(given["blocks"]))) return no("invalid_blocks");
    if (method === "chat.postMessage") return postMessage(channel, given);
    return method === "chat.update" ? update(channel, given) : no("unknown_method");
  }

  function hook(call: Call, path: string): Reply {
    if (call.method !== "POST" || path.endsWith("/gone")) return { status: 404, body: "no_service" };
    const given = parsed(call.body);
    if (!given) return { status: 400, body: "invalid_payload" };
    if (!text(given["text"]) && list(given["blocks"]).length === 0) return { status: 400, body: "no_text" };
    if (!blocksValid(list(given["blocks"]))) return { status: 400, body: "invalid_blocks" };
    post("the webhook's channel", "webhook", given);
    return { status: 200, body: "ok" };
  }

  return {
    kind: "slack",
    // Replies in a thread call nobody anew.
    pages: () => messages.size,
    shows: () => [...messages.values()].reverse(),
    answer(call: Call): Reply {
      const method = /^\/api\/([\w.]+)$/.exec(call.path)?.[1];
      if (method !== undefined)
        return call.method === "POST" || method === "auth.test"
          ? api(call, method)
          : no("method_not_supported_for_channel_type");
      const path = /^\/hooks(\/services\/[\w/]+)$/.exec(call.path)?.[1];
      return path === undefined ? { status: 404, body: "not found" } : hook(call, path);
    },
  };
}

const sized = (object: unknown, most: number) => text((object as Json | undefined)?.["text"]).length <= most;

/** Block Kit's published limits, for the blocks that exist here. */
function blocksValid(blocks: Json[]): boolean {
  if (blocks.length > 50 || JSON.stringify(blocks).length > 13_000) return false;
  return blocks.every((block) => {
    if (block["type"] === "header")
      return (
        (block["text"] as Json)["type"] === "plain_text" &&
        text((block["text"] as Json)["text"]).length > 0 &&
        sized(block["text"], 150)
      );
    if (block["type"] === "section")
      return (
        sized(block["text"], 3000) &&
        list(block["fields"]).length <= 10 &&
        list(block["fields"]).every((f) => sized(f, 2000)) &&
        (block["text"] !== undefined || list(block["fields"]).length > 0)
      );
    if (block["type"] === "context") return list(block["elements"]).length > 0 && list(block["elements"]).length <= 10;
    if (block["type"] !== "actions") return block["type"] === "divider";
    const elements = list(block["elements"]);
    const ids = new Set(elements.map((e) => e["action_id"]));
    return (
      elements.length > 0 &&
      elements.length <= 25 &&
      ids.size === elements.length &&
      elements.every((e) => sized(e["text"], 75) && text(e["url"]).length <= 3000)
    );
  });
}
