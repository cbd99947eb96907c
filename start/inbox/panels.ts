// One panel per sink: what a person sees at that vendor now, newest first.
import type { SinkKind } from "../../lib/sinks/sink.ts";
import type { DiscordMessage } from "../../lib/testing/vendors/discord.ts";
import type { Mail } from "../../lib/testing/vendors/mail.ts";
import type { OpsgenieAlert } from "../../lib/testing/vendors/opsgenie.ts";
import type { PagerDutyIncident } from "../../lib/testing/vendors/pagerduty.ts";
import type { WebhookEvent } from "../../lib/testing/vendors/receiver.ts";
import type { SlackMessage } from "../../lib/testing/vendors/slack.ts";
import { clock, type Html, html, moment, safe } from "./html.ts";
import { discordMarkup, slackDecode, slackMarkup } from "./markup.ts";

type Json = Record<string, unknown>;
const list = (value: unknown): Json[] => (Array.isArray(value) ? (value as Json[]) : []);
const str = (value: unknown): string => (typeof value === "string" ? value : "");

/** State by colour, shape and word. */
function badge(state: "bad" | "held" | "good" | "quiet", word: string): Html {
  const shape = { bad: "■", held: "◆", good: "●", quiet: "○" }[state];
  return html`<span class="badge ${state}"><i aria-hidden="true">${shape}</i> ${word}</span>`;
}

function details(id: string, summary: Html, body: Html): Html {
  return html`<details data-id="${id}"><summary>${summary}</summary>${body}</details>`;
}

function pagerduty(i: PagerDutyIncident): Html {
  const state = { triggered: "bad", acknowledged: "held", resolved: "good" } as const;
  const word = { triggered: "Triggered", acknowledged: "Acknowledged", resolved: "Resolved" };
  return html`<article>
    <header>${badge(state[i.status], word[i.status])}<span class="chip">${i.severity}</span><span class="mono dim">#${i.number}</span>${moment(i.openedAt)}</header>
    <p class="lead">${i.summary}</p>
    <p class="links">${list(i.links).map((l) => html`<a href="${safe(l["href"])}">${str(l["text"])}</a>`)}</p>
    ${details(`pd-${i.number}`, html`${i.log.length} ${i.log.length === 1 ? "entry" : "entries"} · <code>${i.key}</code>`, html`<ul class="log">${i.log.map((l) => html`<li>${moment(l.at)} ${l.action}</li>`)}</ul>${definition(i.details)}`)}
  </article>`;
}

function definition(value: unknown): Html {
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return html`<dl>${entries.map(([k, v]) => html`<dt>${k}</dt><dd>${String(v)}</dd>`)}</dl>`;
}

function opsgenie(a: OpsgenieAlert): Html {
  const state =
    a.status === "closed"
      ? badge("good", "Closed")
      : a.acknowledged
        ? badge("held", "Acknowledged")
        : badge("bad", "Open");
  return html`<article>
    <header>${state}<span class="chip">${a.priority}</span><span class="mono dim">${a.account}</span>${a.count > 1 ? html`<span class="chip">×${a.count}</span>` : null}${moment(a.log[0]?.at ?? "")}</header>
    <p class="lead">${a.message}</p>
    <p class="body">${a.description}</p>
    ${details(a.id, html`${a.log.length} ${a.log.length === 1 ? "entry" : "entries"} · <code>${a.alias}</code>`, html`<ul class="log">${a.log.map((l) => html`<li>${moment(l.at)} ${l.action} ${l.note && html`<span class="dim">${l.note}</span>`}</li>`)}</ul>${definition(a.details)}`)}
  </article>`;
}

function discord(m: DiscordMessage): Html {
  const embeds = m.embeds.map(
    (e) => html`<div class="embed" style="border-color:#${Number(e["color"] ?? 0)
      .toString(16)
      .padStart(6, "0")}">
    <a class="lead" href="${safe(e["url"])}">${discordMarkup(str(e["title"]))}</a>
    <p class="body">${discordMarkup(str(e["description"]))}</p>
    <div class="grid">${list(e["fields"]).map((f) => html`<div><b>${str(f["name"])}</b><span>${discordMarkup(str(f["value"]))}</span></div>`)}</div>
    <p class="dim small">${str((e["footer"] as Json | undefined)?.["text"])}</p></div>`,
  );
  return html`<article class="chat">
    <header><b>Tocsin</b><span class="chip">APP</span>${m.editedAt ? html`<span class="dim small">(edited ${clock(m.editedAt)})</span>` : null}${m.pinged.length > 0 ? html`<span class="chip ping">pinged</span>` : null}${moment(m.at)}</header>
    <p>${discordMarkup(m.content)}</p>${embeds}
  </article>`;
}

function slackBlock(b: Json): Html | null {
  const words = (o: unknown) => str((o as Json | undefined)?.["text"]);
  if (b["type"] === "header") return html`<p class="lead">${slackDecode(words(b["text"]))}</p>`;
  if (b["type"] === "context")
    return html`<p class="dim small">${list(b["elements"]).map((e) => slackMarkup(str(e["text"])))}</p>`;
  if (b["type"] === "actions")
    return html`<p class="buttons">${list(b["elements"]).map((e) => html`<a class="button ${str(e["style"])}" href="${safe(e["url"])}">${words(e["text"])}</a>`)}</p>`;
  if (b["type"] !== "section") return null;
  const fields = list(b["fields"]);
  return html`${b["text"] ? html`<p class="body">${slackMarkup(words(b["text"]))}</p>` : null}${fields.length > 0 ? html`<div class="grid">${fields.map((f) => html`<div><span>${slackMarkup(str(f["text"]))}</span></div>`)}</div>` : null}`;
}

function slack(m: SlackMessage): Html {
  const thread =
    m.replies.length === 0
      ? null
      : html`<div class="thread"><p class="dim small">${m.replies.length} ${m.replies.length === 1 ? "reply" : "replies"}</p>${m.replies.map((r) => html`<p>${moment(r.at)} ${slackMarkup(r.text)}</p>`)}</div>`;
  return html`<article class="chat">
    <header><b>Tocsin</b><span class="chip">${m.via === "bot" ? "APP" : "WEBHOOK"}</span><span class="mono dim small">${m.channel}</span>${m.edited ? html`<span class="dim small">(edited)</span>` : null}${moment(m.at)}</header>
    ${m.blocks.length > 0 ? m.blocks.map(slackBlock) : html`<p>${slackMarkup(m.text)}</p>`}${thread}
  </article>`;
}

function email(m: Mail): Html {
  return html`<article class="${m.inReplyTo ? "reply" : ""}">
    <header><b>${m.from}</b><span class="dim small">to ${m.to.join(", ")}</span>${m.encrypted ? html`<span class="chip">TLS</span>` : null}${moment(m.at)}</header>
    <p class="lead">${m.subject}</p>
    <p class="body clamp">${m.text}</p>
    ${details(m.messageId, html`Read as HTML`, html`<iframe sandbox title="Mail" srcdoc="${m.html}"></iframe>`)}
  </article>`;
}

function webhook(e: WebhookEvent): Html {
  const state = e.type.endsWith("resolved")
    ? "good"
    : e.type.endsWith("acknowledged")
      ? "held"
      : e.type.endsWith("triggered")
        ? "bad"
        : "quiet";
  return html`<article>
    <header>${badge(state, e.type.replace("tocsin.", ""))}${e.repeats > 0 ? html`<span class="chip">${e.repeats} repeat${e.repeats > 1 ? "s" : ""} recognised</span>` : null}${moment(e.at)}</header>
    <p class="mono small dim">webhook-id ${e.id}</p>
    ${details(e.id, html`Signed JSON`, html`<pre>${JSON.stringify(e.body, null, 2)}</pre>`)}
  </article>`;
}

const render: Record<SinkKind, (item: never) => Html> = { pagerduty, opsgenie, discord, slack, email, webhook };
const SHOWN = 50;

/** @param items as the vendor shows them, newest first */
export function panel(kind: SinkKind, items: unknown[]): Html {
  if (items.length === 0) return html`<p class="empty">Nothing has arrived yet.</p>`;
  const more =
    items.length > SHOWN ? html`<p class="empty">${items.length - SHOWN} older ones are not shown.</p>` : null;
  return html`${items.slice(0, SHOWN).map((item) => render[kind](item as never))}${more}`;
}
