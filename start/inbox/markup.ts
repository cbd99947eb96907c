// Discord's and Slack's own markup, as far as our messages use it, the way a person sees it there.
import { type Html, html, safe } from "./html.ts";

const DISCORD = /\\([\\*_~`|#>[\]()<-])|\[([^\]\\]+)\]\((https?:\/\/[^)\s]+)\)|<@&(\d+)>|(\n)|([^\\[<\n]+|.)/gs;

export function discordMarkup(text: string): Html {
  const parts = [...text.matchAll(DISCORD)].map(([, literal, label, url, role, br, rest]) => {
    if (literal !== undefined) return html`${literal}`;
    if (label !== undefined) return html`<a href="${safe(url)}">${label}</a>`;
    if (role !== undefined) return html`<span class="mention">@role ${role.slice(-4)}</span>`;
    return br === undefined ? html`${rest ?? ""}` : html`<br>`;
  });
  return html`${parts}`;
}

export const slackDecode = (text: string) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

export function slackMarkup(text: string): Html {
  const lines = text.split("\n").map((line, i) => {
    const parts = line
      .split(/(\*[^*]+\*)/)
      .map((p) => (/^\*[^*]+\*$/.test(p) ? html`<b>${slackDecode(p.slice(1, -1))}</b>` : html`${slackDecode(p)}`));
    return html`${i > 0 ? html`<br>` : null}${parts}`;
  });
  return html`${lines}`;
}
