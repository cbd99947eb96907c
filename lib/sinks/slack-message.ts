// What a Slack message looks like: a lock-screen line, four fields, what to do, and buttons that lead to the console.
import type { Notice } from "../domain/notice.ts";
import { cut, oneLine, slackEscape } from "./text.ts";
import { actions, facts, headline, REPEAT_MARK, sentences } from "./words.ts";

// verbatim: Slack then makes no links, channels or mentions of what it finds in the text.
const mrkdwn = (text: string) => ({ type: "mrkdwn", text, verbatim: true });
const plain = (text: string) => ({ type: "plain_text", text, emoji: false });

const ACTS: ReadonlySet<string> = new Set(["acknowledge", "resolve"]);

/** The lock-screen line; also what is read where blocks are not shown. */
export function slackText(notice: Notice, repeat: boolean): string {
  return `${repeat ? `${REPEAT_MARK} ` : ""}${cut(headline(notice, 400), 1000, slackEscape)}`;
}

/** @param clicks the app sends clicks here: then buttons act by themselves, and open nothing */
export function slackBlocks(notice: Notice, repeat: boolean, clicks = false): Record<string, unknown>[] {
  const { advice, evidence } = sentences(notice);
  const said = [advice, evidence]
    .filter(Boolean)
    .map((s) => cut(s, 1200, slackEscape))
    .join("\n");
  const buttons = actions(notice).map((a) => ({
    type: "button",
    action_id: `tocsin_${a.id}`,
    text: plain(a.label),
    // Slack tells the app of a click on a link too: without the reference nobody knows whose secret signed it.
    ...(clicks && notice.act !== undefined ? { value: notice.act.ref } : {}),
    ...(clicks && notice.act !== undefined && ACTS.has(a.id) ? {} : { url: a.url }),
    ...(a.id === "acknowledge" ? { style: "primary" } : {}),
  }));
  const blocks: (Record<string, unknown> | null)[] = [
    { type: "header", text: plain(cut(headline(notice, 150), 150, slackEscape)) },
    repeat ? { type: "context", elements: [mrkdwn(REPEAT_MARK)] } : null,
    {
      type: "section",
      fields: facts(notice)
        .slice(0, 4)
        .map((f) => mrkdwn(`*${f.label}*\n${cut(f.value, 500, slackEscape)}`)),
    },
    said === "" ? null : { type: "section", text: mrkdwn(said) },
    buttons.length > 0 ? { type: "actions", elements: buttons } : null,
    {
      type: "context",
      elements: [
        mrkdwn(
          `Tocsin · ${slackEscape(notice.dedupKey)} · ${cut(oneLine(notice.content.tenantName, 200), 200, slackEscape)}`,
        ),
      ],
    },
  ];
  return blocks.filter((b) => b !== null);
}
