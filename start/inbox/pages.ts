// The inbox's page, its panels one by one, and the stream that says which to fetch anew.
import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { SINK_KINDS, type SinkKind } from "../../lib/sinks/sink.ts";
import type { Vendors } from "../../lib/testing/vendors/index.ts";
import { Html, html } from "./html.ts";
import type { Live } from "./live.ts";
import { panel } from "./panels.ts";
import { SCRIPT, STYLE } from "./looks.ts";

const NAMES: Record<SinkKind, string> = {
  pagerduty: "PagerDuty",
  opsgenie: "OpsGenie / JSM",
  discord: "Discord",
  slack: "Slack",
  email: "Email",
  webhook: "Webhook",
};

/** @param vendors undefined until they listen */
export function inboxPages(
  vendors: () => Vendors | undefined,
  live: Live,
): (req: IncomingMessage, res: ServerResponse) => void {
  return (req, res) => {
    const path = new URL(req.url ?? "/", "http://inbox").pathname;
    const v = vendors();
    // Another site's name pointed at this machine must not read what arrived here.
    if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(req.headers.host ?? "")) return void res.writeHead(421).end();
    if (!v || req.method !== "GET") return void res.writeHead(v ? 405 : 503).end();
    if (path === "/") return page(res, v);
    if (path === "/events") return live.follow(res);
    const kind = SINK_KINDS.find((k) => path === `/panel/${k}`);
    if (kind) return answer(res, section(kind, v).text);
    res.writeHead(404, { "content-type": "text/plain" }).end("Nothing here: the inbox is at /.\n");
  };
}

function section(kind: SinkKind, v: Vendors): Html {
  const items = v.shows(kind);
  return html`<h2>${NAMES[kind]} <span class="count" title="Pages a person there would have got">${v.pages(kind)} ${v.pages(kind) === 1 ? "page" : "pages"}</span><span class="count">${items.length} shown</span></h2><div class="items" tabindex="0" role="region" aria-label="${NAMES[kind]}">${panel(kind, items)}</div>`;
}

function page(res: ServerResponse, v: Vendors): void {
  const nonce = randomBytes(16).toString("base64");
  const body = html`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>Tocsin sink inbox</title><style>${new Html(STYLE)}</style></head>
<body><header class="top"><h1>Sink inbox</h1><p>What each sink sent, as a person would see it there. Development only; a restart empties it.</p><span id="live" class="badge quiet"><i aria-hidden="true">○</i> <span>Connecting</span></span></header>
<main>${SINK_KINDS.map((kind) => html`<section id="${kind}" class="${kind}">${section(kind, v)}</section>`)}</main>
<script nonce="${nonce}">${new Html(SCRIPT)}</script></body></html>`;
  answer(res, body.text, nonce);
}

function answer(res: ServerResponse, text: string, nonce = ""): void {
  const script = nonce === "" ? "" : `script-src 'nonce-${nonce}'; `;
  res.writeHead(200, {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "content-security-policy": `default-src 'none'; ${script}style-src 'unsafe-inline'; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  });
  res.end(text);
}
