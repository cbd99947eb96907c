// A mail relay and mailbox in one: takes mail over SMTP with STARTTLS, parses it, and shows it by thread. Addresses
// that begin with "refused" are refused for good (550), with "later" for now (451).
import type { AddressInfo } from "node:net";
import PostalMime from "postal-mime";
import { SMTPServer, type SMTPServerDataStream, type SMTPServerError, type SMTPServerSession } from "smtp-server";
import { now } from "../../adapters/clock.ts";
import { type Fault, push } from "./vendor.ts";

export interface Mail {
  messageId: string;
  inReplyTo: string;
  references: string;
  from: string;
  to: string[];
  subject: string;
  text: string;
  html: string;
  key: string;
  encrypted: boolean;
  at: string;
}

export interface MailVendor {
  port: number;
  pages(): number;
  shows(): Mail[];
  stop(): Promise<void>;
}

type Done = (error?: Error | null, message?: string) => void;
const refusal = (code: number, words: string): SMTPServerError =>
  Object.assign(new Error(words), { responseCode: code });

/** @param onMail told of every message that reached the DATA stage; `worked` when it was kept */
export async function mailVendor(options: {
  key: string;
  cert: string;
  port: number;
  fault: () => Fault | null;
  onMail: (mail: Mail, worked: boolean, status: number | null) => void;
}): Promise<MailVendor> {
  const mails: Mail[] = [];
  let pages = 0;
  const server = new SMTPServer({
    key: options.key,
    cert: options.cert,
    authOptional: true,
    disableReverseLookup: true,
    closeTimeout: 200,
    logger: false,
    onAuth: (_auth, _session, done) => done(null, { user: "relay" }),
    onRcptTo(address, _session, done) {
      if (address.address.startsWith("refused")) return done(refusal(550, "5.1.1 No such user here"));
      done(address.address.startsWith("later") ? refusal(451, "4.3.0 Try again later") : null);
    },
    onData: (stream, session, done) => void take(stream, session, done),
  });
  server.on("error", () => {});

  async function take(stream: SMTPServerDataStream, session: SMTPServerSession, done: Done): Promise<void> {
    const mail = await read(stream, session);
    const fault = options.fault();
    const hangUp = () => [...server.connections].find((c) => c.session.id === session.id)?._socket.destroy();
    if (fault?.mode === "status") {
      options.onMail(mail, false, fault.status);
      return done(refusal(fault.status, "refused by a fault"));
    }
    const works =
      fault === null || fault.mode === "delay" || fault.mode === "reset_after" || fault.mode === "silent_after";
    const answers = fault === null || fault.mode === "delay";
    if (fault?.mode === "delay") await new Promise((resolve) => setTimeout(resolve, fault.ms));
    if (works) {
      push(mails, mail);
      if (mail.inReplyTo === "") pages++;
    }
    options.onMail(mail, works, answers ? 250 : null);
    if (answers) done(null, "queued");
    else if (fault.mode === "reset_before" || fault.mode === "reset_after") hangUp();
  }

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, "127.0.0.1", resolve);
  });
  return {
    port: (server.server.address() as AddressInfo).port,
    pages: () => pages,
    shows: () => mails,
    stop: () =>
      new Promise((resolve) => {
        for (const connection of server.connections) connection._socket.destroy();
        server.close(() => resolve());
      }),
  };
}

async function read(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<Mail> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  const mail = await PostalMime.parse(Buffer.concat(parts));
  const header = (name: string) => mail.headers.find((h) => h.key === name)?.value ?? "";
  return {
    messageId: mail.messageId ?? "",
    inReplyTo: mail.inReplyTo ?? "",
    references: mail.references ?? "",
    from: mail.from?.address ?? "",
    to: session.envelope.rcptTo.map((r) => r.address),
    subject: mail.subject ?? "",
    text: mail.text ?? "",
    html: mail.html ?? "",
    key: header("x-tocsin-incident"),
    encrypted: Boolean(session.secure),
    at: now().toISOString(),
  };
}
