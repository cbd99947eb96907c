// Email: one thread per incident. The Message-ID is the delivery's, so that mailboxes which drop duplicates can; most
// do not, so a second sending after a lost answer says that it is one.
import { z } from "zod";
import { titleTemplate } from "../domain/template.ts";
import { TITLE_FIELD } from "./forms.ts";
import type { Judgement, SinkMemory } from "../domain/delivery.ts";
import { dead, disable, quote, retry, sent, unanswered } from "./judge.ts";
import { emailHtml, emailText } from "./email-message.ts";
import type { RenderContext, Sink } from "./sink.ts";
import { oneLine } from "./text.ts";
import { headline } from "./words.ts";

export const MAX_RECIPIENTS = 20;
// ASCII only: a look-alike letter in a domain sends pages to a stranger.
const ADDRESS =
  /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}$/;

const config = z.strictObject({
  recipients: z
    .string({ error: "Enter at least one address." })
    .max(MAX_RECIPIENTS * 260, {
      error: `Enter at most ${MAX_RECIPIENTS} addresses: use a distribution list for more.`,
    })
    .transform((text) => [...new Set(text.split(/[\s,;]+/).filter(Boolean))].join(", "))
    .refine((list) => list !== "", { error: "Enter at least one address." })
    .refine((list) => split(list).length <= MAX_RECIPIENTS, {
      error: `Enter at most ${MAX_RECIPIENTS} addresses: use a distribution list for more.`,
    })
    .refine((list) => split(list).every((a) => a.length <= 254 && ADDRESS.test(a)), {
      error: "Write each address as name@example.com, in plain letters, separated by commas.",
    }),
  /** Who has confirmed, comma-separated; written by the confirmation and never by a form. Absent: all, from before it was asked. */
  confirmed: z
    .string()
    .max(MAX_RECIPIENTS * 260)
    .optional(),
  titleTemplate,
});
type Config = z.infer<typeof config>;
type Context = RenderContext<Config>;

function split(list: string): string[] {
  return list.split(", ").filter(Boolean);
}

/** A short mark of an address, so that what is remembered stays small whatever the addresses' length. */
function mark(address: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < address.length; i++) hash = Math.imul(hash ^ address.charCodeAt(i), 0x01000193) >>> 0;
  return hash.toString(36);
}

function told(c: Context): Set<string> {
  const [id, marks = ""] = String(c.memory["told"] ?? "").split(":");
  return new Set(id === c.deliveryId ? marks.split(",") : []);
}

/** Only who confirmed; a challenge goes to the one whom it asks. */
function addressees({ notice, config }: Pick<Context, "notice" | "config">): string[] {
  if (notice.kind === "challenge") return notice.content.to === undefined ? [] : [notice.content.to];
  const all = split(config.recipients);
  if (config.confirmed === undefined) return all;
  const confirmed = new Set(split(config.confirmed));
  return all.filter((address) => confirmed.has(address));
}

const waiting = (c: Context) => addressees(c).filter((a) => !told(c).has(mark(a)));

/** The relay took the message for these; the rest is asked for again in a message of its own. */
function remember(c: Context, accepted: string[], messageId: string, subject: string): SinkMemory {
  const marks = [...told(c), ...accepted.map(mark)].filter(Boolean).join(",");
  return { told: `${c.deliveryId}:${marks}`, root: String(c.memory["root"] ?? "") || messageId, subject };
}

function domainOf(from: string): string {
  return /@([A-Za-z0-9.-]{1,200})>?\s*$/.exec(from)?.[1] ?? "tocsin.invalid";
}

export const email: Sink<Config> = {
  kind: "email",
  name: "Email",
  summary: "One mail thread per incident, to up to 20 addresses.",
  fields: [
    {
      name: "recipients",
      label: "Recipients",
      help: `Up to ${MAX_RECIPIENTS} addresses, separated by commas or lines; they see each other.`,
      input: "textarea",
      required: true,
      placeholder: "ops@example.com",
    },
    TITLE_FIELD,
  ],
  config,
  secretFields: [],
  capabilities: () => ({
    acknowledge: true,
    editInPlace: false,
    resolve: true,
    thread: true,
    dedup: "none",
    wakes: false,
  }),
  describe(given) {
    const list = split(given.recipients);
    return list.length <= 2 ? list.join(", ") : `${list[0]} and ${list.length - 1} others`;
  },

  next(c) {
    const to = waiting(c);
    if (to.length === 0) return null;
    const host = domainOf(c.bases.mailFrom);
    const root = String(c.memory["root"] ?? "");
    const messageId = `<${c.deliveryId}@${host}>`;
    // Mailboxes thread by References, and some by an unchanged subject too, so the first one stays.
    const first = String(c.memory["subject"] ?? "");
    const subject = first === "" ? headline(c.notice, 150) : `Re: ${oneLine(first, 150)}`;
    const thread = root !== "" && root !== messageId ? { inReplyTo: root, references: [root] } : {};
    return {
      via: "smtp",
      label: "send mail",
      server: { url: c.bases.smtp },
      message: {
        from: c.bases.mailFrom,
        to,
        subject: first !== "" && root === messageId ? oneLine(first, 150) : subject,
        text: emailText(c.notice, c.mayRepeat),
        html: emailHtml(c.notice, c.mayRepeat),
        messageId,
        ...thread,
        headers: {
          "X-Tocsin-Incident": c.notice.dedupKey.replace(/[^\w-]/g, ""),
          "Auto-Submitted": "auto-generated",
          "X-Auto-Response-Suppress": "All",
        },
      },
    };
  },

  judge(c, request, answer): Judgement {
    if (answer.kind === "failure") {
      if (answer.code === "E_MAIL_NOT_SET_UP")
        return dead("This installation cannot send email yet: an operator sets TOCSIN_SMTP_URL, then send this again.");
      if (answer.code === "EAUTH")
        return retry("The mail relay refused Tocsin's own credentials: an operator checks TOCSIN_SMTP_URL.", false);
      return unanswered("The mail relay", answer);
    }
    const { status } = answer;
    const said = quote(answer.body, [c.bases.smtp, decodeURIComponent(URL.parse(c.bases.smtp)?.password ?? "")]);
    if (status >= 200 && status < 300 && request.via === "smtp") {
      const refused = new Set((answer.headers["rejected"] ?? "").split(", "));
      return sent(
        remember(
          c,
          request.message.to.filter((a) => !refused.has(a)),
          request.message.messageId,
          String(c.memory["subject"] ?? "") || request.message.subject,
        ),
      );
    }
    if (status >= 400 && status < 500) return retry(`The mail relay asks to try later (${status} ${said}).`, false);
    const who =
      request.via === "smtp" && told(c).size > 0
        ? ` ${request.message.to.length} of ${addressees(c).length} addresses; the others were told`
        : "";
    if (who === "" && /^(550|551|553|556)/.test(String(status)))
      return disable(`The mail relay knows none of these addresses (${status} ${said}): correct them.`);
    return dead(`The mail relay refused${who || " the message"} (${status} ${said}).`);
  },
};
