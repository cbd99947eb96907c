// What the mail says, as text and as plain, table-free HTML that any mailbox shows; no image, nothing is loaded.
import type { Notice } from "../domain/notice.ts";
import { htmlEscape, link } from "./text.ts";
import { actions, colour, facts, headline, REPEAT_MARK, sentences } from "./words.ts";

const SESSION = "These links open the console; acknowledging there needs you to be signed in.";
const STRANGER = "Nothing is sent to this address unless you confirm. If you do not expect this, do nothing.";
const foot = (notice: Notice): string => (notice.kind === "challenge" ? STRANGER : SESSION);

export function emailText(notice: Notice, repeat: boolean): string {
  const { advice, evidence } = sentences(notice);
  const lines = [
    ...(repeat ? [REPEAT_MARK, ""] : []),
    headline(notice, 400),
    "",
    ...[advice, evidence].filter(Boolean),
    "",
    ...facts(notice).map((f) => `${f.label}: ${f.value}`),
    "",
    ...actions(notice).map((a) => `${a.label}: ${a.url}`),
    "",
    foot(notice),
  ];
  return lines.join("\n");
}

export function emailHtml(notice: Notice, repeat: boolean): string {
  const { advice, evidence } = sentences(notice);
  const mark = `#${colour(notice).toString(16).padStart(6, "0")}`;
  const row = (label: string, value: string) =>
    `<tr><td style="padding:2px 16px 2px 0;color:#666;vertical-align:top">${htmlEscape(label)}</td><td style="padding:2px 0">${htmlEscape(value)}</td></tr>`;
  const buttons = actions(notice)
    .filter((a) => link(a.url) !== undefined)
    .map(
      (a) =>
        `<a href="${htmlEscape(a.url)}" style="display:inline-block;padding:6px 14px;margin:0 8px 8px 0;border:1px solid #999;border-radius:4px;color:#111;text-decoration:none">${htmlEscape(a.label)}</a>`,
    );
  return [
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${htmlEscape(headline(notice, 150))}</title></head>`,
    `<body style="font:14px/1.5 system-ui,sans-serif;color:#111;margin:0;padding:16px">`,
    repeat ? `<p><em>${htmlEscape(REPEAT_MARK)}</em></p>` : "",
    `<div style="border-left:4px solid ${mark};padding-left:12px"><h1 style="font-size:18px;margin:0 0 8px">${htmlEscape(headline(notice, 400))}</h1>`,
    ...[advice, evidence].filter(Boolean).map((s) => `<p style="margin:0 0 8px">${htmlEscape(s)}</p>`),
    `<table style="border-collapse:collapse;margin:8px 0 16px">${facts(notice)
      .map((f) => row(f.label, f.value))
      .join("")}</table></div>`,
    `<p>${buttons.join("")}</p><p style="color:#666;font-size:12px">${foot(notice)}</p></body></html>`,
  ].join("\n");
}
