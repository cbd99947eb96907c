// One mail over the operator's relay, on a guarded socket. Whether a mail "may have arrived" is known exactly here:
// the message is read lazily, and nobody reads it before the relay has said that it wants it.
import { Readable } from "node:stream";
import { rootCertificates } from "node:tls";
import MailComposer from "nodemailer/lib/mail-composer";
import SMTPConnection from "nodemailer/lib/smtp-connection";
import type { SinkAnswer, SinkRequest } from "../sinks/sink.ts";
import { guardedSocket } from "./http.ts";
import { type Bounds, failure, OPERATORS_CHOICE } from "./answer.ts";

type Mail = Extract<SinkRequest, { via: "smtp" }>;
interface Refusal {
  code?: string;
  responseCode?: number;
  response?: string;
}

const notSetUp: SinkAnswer = {
  kind: "failure",
  code: "E_MAIL_NOT_SET_UP",
  detail: "No mail relay is configured.",
  sentBytes: false,
};

/** Answers with the relay's own code (250 accepted, 4xx later, 5xx never); `rejected` names refused recipients. */
export async function sendMail(request: Mail, bounds: Bounds): Promise<SinkAnswer> {
  const relay = request.server.url === "" ? null : URL.parse(request.server.url);
  if (relay === null || !/^smtps?:$/.test(relay.protocol)) return notSetUp;
  const secure = relay.protocol === "smtps:";
  const host = relay.hostname.replace(/^\[|\]$/g, "");
  let reading = false;
  let connection: SMTPConnection | undefined;
  const stop = () => connection?.close();
  try {
    const message = await new MailComposer(composed(request)).compile().build();
    const socket = await guardedSocket(OPERATORS_CHOICE, {
      host,
      port: Number(relay.port) || (secure ? 465 : 587),
      timeoutMs: Math.min(5_000, bounds.timeoutMs),
    });
    connection = new SMTPConnection({
      host,
      secure,
      connection: socket,
      // Credentials never travel in the clear.
      requireTLS: relay.username !== "",
      tls: bounds.ca === undefined ? {} : { ca: [...rootCertificates, bounds.ca] },
      greetingTimeout: bounds.timeoutMs,
      socketTimeout: bounds.timeoutMs,
      socketCloseTimeout: 0,
    });
    bounds.signal.addEventListener("abort", stop, { once: true });
    const lazily = Readable.from(
      (async function* () {
        reading = true;
        yield message;
      })(),
    );
    return await converse(
      connection,
      relay,
      { from: addressOf(request.message.from), to: request.message.to, size: message.length },
      lazily,
      bounds.signal,
    );
  } catch (err) {
    const refusal = err as Refusal;
    if (refusal.code === "EAUTH") return failure(err, false);
    const code = refusal.responseCode;
    if (code !== undefined && code >= 400)
      return { kind: "response", status: code, headers: {}, body: String(refusal.response ?? "").slice(0, 500) };
    return failure(bounds.signal.aborted ? bounds.signal.reason : err, reading);
  } finally {
    bounds.signal.removeEventListener("abort", stop);
    connection?.close();
  }
}

function converse(
  connection: SMTPConnection,
  relay: URL,
  envelope: { from: string; to: string[]; size: number },
  message: Readable,
  signal: AbortSignal,
): Promise<SinkAnswer> {
  return new Promise((resolve, reject) => {
    // on, not once: a second error after the first would otherwise end the process.
    connection.on("error", reject);
    connection.once("end", () => reject(signal.reason ?? Object.assign(new Error("closed"), { code: "ECONNRESET" })));
    const deliver = () =>
      connection.send(envelope, message, (err, info) => {
        if (err) return reject(err);
        resolve({
          kind: "response",
          status: 250,
          headers: { rejected: info.rejected.join(", ") },
          body: String(info.response ?? "").slice(0, 500),
        });
      });
    connection.connect((err?: Error | null) => {
      if (err) return reject(err);
      if (relay.username === "") return deliver();
      connection.login(
        { user: decodeURIComponent(relay.username), pass: decodeURIComponent(relay.password) },
        (refused) => (refused ? reject(refused) : deliver()),
      );
    });
  });
}

function composed({ message }: Mail) {
  const { inReplyTo, references, headers, ...rest } = message;
  return {
    ...rest,
    ...(inReplyTo === undefined ? {} : { inReplyTo }),
    ...(references === undefined ? {} : { references }),
    ...(headers === undefined ? {} : { headers }),
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

const addressOf = (from: string) => /<([^<>\s]+)>\s*$/.exec(from)?.[1] ?? from.trim();
