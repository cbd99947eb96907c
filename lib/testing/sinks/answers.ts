// What each vendor answers, and what a sink must make of it: sent, retry (and whether the work may be done) or dead
// (and whether every later delivery would fail the same way).
import type { SinkAnswer, SinkKind } from "../../sinks/sink.ts";

export interface Row {
  title: string;
  variant?: string;
  answer: SinkAnswer;
  want:
    | { verdict: "sent" }
    | { verdict: "retry"; maybe: boolean; afterS?: number }
    | { verdict: "dead"; disablesSink: boolean };
}

const response = (status: number, body: unknown = "", headers: Record<string, string> = {}): SinkAnswer => ({
  kind: "response",
  status,
  headers,
  body: typeof body === "string" ? body : JSON.stringify(body),
});
const sent = { verdict: "sent" } as const;
const again = (maybe: boolean, afterS?: number) => ({
  verdict: "retry" as const,
  maybe,
  ...(afterS === undefined ? {} : { afterS }),
});
const lost = { verdict: "dead", disablesSink: false } as const;
const off = { verdict: "dead", disablesSink: true } as const;
const row = (title: string, answer: SinkAnswer, want: Row["want"], variant?: string): Row => ({
  title,
  answer,
  want,
  ...(variant === undefined ? {} : { variant }),
});

const HTML = "<html><body>Sign in to Wi-Fi</body></html>";

/** Every sink that speaks HTTP treats these alike. */
const shared: Row[] = [
  row("500", response(500, "oops"), again(true)),
  row("502 as HTML", response(502, HTML), again(true)),
  row("503 with Retry-After", response(503, "", { "retry-after": "120" }), again(true, 120)),
  row("a redirect", response(302, "", { location: "https://elsewhere.example.com" }), lost),
];
const portal = (variant?: string) => row("200 from a captive portal", response(200, HTML), again(true), variant);

/** No answer at all: the same for all six. */
export const failures: Row[] = [
  row("nothing listens", { kind: "failure", code: "ECONNREFUSED", detail: "", sentBytes: false }, again(false)),
  row("no such name", { kind: "failure", code: "ENOTFOUND", detail: "", sentBytes: false }, again(false)),
  row("address not allowed", { kind: "failure", code: "E_URL_BLOCKED", detail: "", sentBytes: false }, again(false)),
  row(
    "certificate not trusted",
    { kind: "failure", code: "SELF_SIGNED_CERT_IN_CHAIN", detail: "", sentBytes: false },
    again(false),
  ),
  row("reset after the request", { kind: "failure", code: "ECONNRESET", detail: "", sentBytes: true }, again(true)),
  row("timeout after the request", { kind: "failure", code: "ABORTED", detail: "", sentBytes: true }, again(true)),
];

const discordLimit = { message: "You are being rate limited.", retry_after: 1.337, global: false };

export const answers: Record<SinkKind, Row[]> = {
  pagerduty: [
    ...shared,
    portal(),
    row("202", response(202, { status: "success", message: "Event processed", dedup_key: "k" }), sent),
    row(
      "400 for an invalid event",
      response(400, {
        status: "invalid event",
        message: "Event object is invalid",
        errors: ["'payload.severity' is invalid"],
      }),
      lost,
    ),
    row("400 as plain text for an unknown key", response(400, "Invalid routing key"), off),
    row("403", response(403, ""), off),
    row("413", response(413, "Payload Too Large"), lost),
    row(
      "429 without Retry-After",
      response(429, { status: "throttle exceeded", errors: ["Enhance Your Calm."] }),
      again(false, 30),
    ),
  ],
  opsgenie: [
    ...shared,
    portal(),
    row("202", response(202, { result: "Request will be processed", took: 0.1, requestId: "r" }), sent),
    row("401", response(401, { message: "Could not authenticate" }), off),
    row("402", response(402, { message: "Account is blocked" }), off),
    row("403 40301", response(403, { message: "You are not authorized", code: 40301 }), off),
    row("404", response(404, { message: "Not found" }), lost),
    row(
      "422 for a field",
      response(422, { message: "Request body is not processable.", errors: { message: "too long" } }),
      lost,
    ),
    row("422 for the key's format", response(422, { message: "Key format is not valid!" }), off),
    row(
      "429 with its own window",
      response(
        429,
        { message: "You are making too many requests!" },
        { "x-ratelimit-state": "THROTTLED", "x-ratelimit-period-in-sec": "60" },
      ),
      again(false, 60),
    ),
    row("429 without any hint", response(429, { message: "You are making too many requests!" }), again(false, 30)),
  ],
  discord: [
    ...shared,
    portal(),
    row("200 with the message", response(200, { id: "1300000000000000001", channel_id: "1" }), sent),
    row("204 where the query was dropped", response(204), sent),
    row("429 in the body", response(429, discordLimit), again(false, 2)),
    row("429 in the header", response(429, "", { "retry-after": "7" }), again(false, 7)),
    row(
      "429 in both, the longer counts",
      response(429, { ...discordLimit, retry_after: 64.57 }, { "retry-after": "65" }),
      again(false, 65),
    ),
    row("400 50035", response(400, { message: "Invalid Form Body", code: 50035, errors: {} }), lost),
    row(
      "400 220001 in a forum",
      response(400, {
        message: "Webhooks posted to forum channels must have a thread_name or thread_id",
        code: 220001,
      }),
      off,
    ),
    row("401 50027", response(401, { message: "Invalid Webhook Token", code: 50027 }), off),
    row("404 10015", response(404, { message: "Unknown Webhook", code: 10015 }), off),
    row("404 10003", response(404, { message: "Unknown Channel", code: 10003 }), off),
    row("403", response(403, { message: "Missing Access", code: 50001 }), off),
  ],
  slack: [
    ...shared,
    portal("bot"),
    portal("webhook"),
    row("ok:true", response(200, { ok: true, channel: "C0123456789", ts: "1763712345.000100" }), sent, "bot"),
    ...[
      "invalid_auth",
      "token_revoked",
      "missing_scope",
      "channel_not_found",
      "not_in_channel",
      "is_archived",
      "restricted_action_read_only_channel",
    ].map((error) => row(`ok:false ${error}`, response(200, { ok: false, error }), off, "bot")),
    ...["msg_too_long", "invalid_blocks", "no_text", "something_new"].map((error) =>
      row(`ok:false ${error}`, response(200, { ok: false, error }), lost, "bot"),
    ),
    ...["ratelimited", "message_limit_exceeded"].map((error) =>
      row(`ok:false ${error}`, response(200, { ok: false, error }), again(false), "bot"),
    ),
    ...["internal_error", "fatal_error", "service_unavailable", "request_timeout"].map((error) =>
      row(`ok:false ${error}`, response(200, { ok: false, error }), again(true), "bot"),
    ),
    row("429", response(429, "", { "retry-after": "30" }), again(false, 30)),
    row("200 ok", response(200, "ok"), sent, "webhook"),
    row("400 invalid_payload", response(400, "invalid_payload"), lost, "webhook"),
    row("403 action_prohibited", response(403, "action_prohibited"), off, "webhook"),
    row("404 no_service", response(404, "no_service"), off, "webhook"),
    row("410 channel_is_archived", response(410, "channel_is_archived"), off, "webhook"),
  ],
  email: [
    row("250", response(250, "2.0.0 queued"), sent),
    row("421", response(421, "4.3.2 closing"), again(false)),
    row("450", response(450, "4.2.1 mailbox busy"), again(false)),
    row("452", response(452, "4.3.1 no space"), again(false)),
    row("550 for the only address", response(550, "5.1.1 no such user"), off),
    row("552", response(552, "5.3.4 too big"), lost),
    row("554", response(554, "5.7.1 policy"), lost),
    row(
      "relay refuses our credentials",
      { kind: "failure", code: "EAUTH", detail: "", sentBytes: false },
      again(false),
    ),
    row("no relay set up", { kind: "failure", code: "E_MAIL_NOT_SET_UP", detail: "", sentBytes: false }, lost),
  ],
  webhook: [
    ...shared,
    row("200", response(200, "thanks"), sent),
    row("204", response(204), sent),
    row("400", response(400, "bad"), lost),
    row("401", response(401, "bad signature"), lost),
    row("404", response(404, ""), lost),
    row("410", response(410, ""), off),
    row("408", response(408, ""), again(true)),
    row("409", response(409, ""), again(true)),
    row("425", response(425, ""), again(true)),
    row("429", response(429, "", { "retry-after": "12" }), again(false, 12)),
    row(
      "429 until a date",
      response(429, "", { date: "Sat, 21 Nov 2026 12:00:00 GMT", "retry-after": "Sat, 21 Nov 2026 12:02:00 GMT" }),
      again(false, 120),
    ),
    row("504", response(504, ""), again(true)),
  ],
};
