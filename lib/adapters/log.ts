// One JSON line per event. Secrets are redacted by key name wherever they stand; free text is never a key.
import pino from "pino";

const SECRET_KEYS = [
  "password",
  "secret",
  "token",
  "authorization",
  "cookie",
  "apiKey",
  "api_key",
  "routing_key",
  "routingKey",
  "sealed",
  "webhookUrl",
  "url_with_token",
];

export type Log = pino.Logger;

/** @param part which process and duty speaks, e.g. "worker" */
export function createLog(part: string, level = "info", destination?: pino.DestinationStream): Log {
  const options: pino.LoggerOptions = {
    level,
    base: { part },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: SECRET_KEYS.flatMap((k) => [k, `*.${k}`, `*.*.${k}`]), censor: "[redacted]" },
    serializers: {
      // The cause's message may quote a row or a URL: the operator gets code, message and our own detail only.
      err: (e: unknown) =>
        e instanceof Error
          ? {
              name: e.name,
              message: e.message.slice(0, 500),
              code: (e as { code?: unknown }).code,
              detail: (e as { detail?: unknown }).detail,
              stack: e.stack?.split("\n").slice(1, 6).join("\n"),
            }
          : { message: String(e).slice(0, 500) },
    },
  };
  return destination ? pino(options, destination) : pino(options);
}
