// One request of the matrix as an attacker's tool would send it, and the answer boiled down to what must not differ.
import { at } from "../where.ts";

export interface Answer {
  status: number;
  /** Where it sends the browser, without the origin; "" when it does not. */
  to: string;
  /** The stable code in a problem's body or in an action's state; "" when there is none. */
  code: string;
  /** true when an action says that it did what was asked. */
  done: boolean;
  body: string;
}

export interface Ask {
  path: string;
  method?: string;
  cookie: string;
  headers?: Record<string, string>;
  body?: BodyInit;
  base?: string;
}

const PATIENCE_MS = 20_000;
/** Streams stay open: what has come by then is enough to judge. */
const ENOUGH_BYTES = 2_000_000;

export async function ask(given: Ask): Promise<Answer> {
  const base = given.base ?? at.console;
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE_MS);
  try {
    const response = await fetch(new URL(given.path, base), {
      method: given.method ?? "GET",
      redirect: "manual",
      signal: stop.signal,
      headers: { ...(given.cookie === "" ? {} : { cookie: given.cookie }), ...given.headers },
      ...(given.body === undefined ? {} : { body: given.body }),
    });
    const streams = response.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
    const body = streams ? await begin(response) : await response.text();
    const to = response.headers.get("location") ?? response.headers.get("x-action-redirect")?.split(";")[0] ?? "";
    return {
      status: response.status,
      to: to === "" ? redirectInside(body) : to.replace(base, "").replace(at.console, ""),
      code: /"code":"(E_[A-Z_]+)"/.exec(body)?.[1] ?? "",
      done: /"ok":true/.test(body),
      body,
    };
  } finally {
    clearTimeout(timer);
    stop.abort();
  }
}

async function begin(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  const first = await reader?.read();
  await reader?.cancel();
  return new TextDecoder().decode(first?.value).slice(0, ENOUGH_BYTES);
}

/** A page that has begun to stream redirects from inside its payload. */
const redirectInside = (body: string): string => /NEXT_REDIRECT;[a-z]+;([^;"]+);/.exec(body)?.[1] ?? "";

/** What React sends for action(state, formData): the arguments, and the form's fields under the second one's number. */
export function actionBody(fields: Record<string, string>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(`_1_${name}`, value);
  form.append("0", '[{"ok":null},"$K1"]');
  return form;
}

/** Parts of a streamed page come in the order in which they are ready, and are numbered by it: neither says anything. */
function inOrder(text: string): string {
  const whole = text.replace(/"\]\)<\/script><script nonce="">self\.__next_f\.push\(\[1,"/g, "");
  return whole
    .split(/\\n|\n/)
    .map((line) => line.replace(/^[0-9a-f]+:/, ":").replace(/(\\?")\$[A-Za-z]?[0-9a-f]+\1/g, '"$"'))
    .sort()
    .join("\n");
}

/** The same answer, without what differs by design from one request to the next. */
export function still(answer: Answer, ids: readonly string[]): string {
  let text = `${answer.status} ${answer.to} ${answer.code}\n${answer.body}`;
  for (const id of ids) text = text.replaceAll(id, "<id>").replaceAll(encodeURIComponent(id), "<id>");
  text = text
    .replace(/nonce="[^"]*"/g, 'nonce=""')
    .replace(/"nonce":"[^"]*"/g, '"nonce":""')
    .replace(/\\"nonce\\":\\"[^"]*\\"/g, '\\"nonce\\":\\"\\"')
    .replace(/(\\?")[\w-]{21}[a-z]\1/g, '"<key>"')
    .replace(/((?:serverNow|leftMs)\\?":)\d+/g, "$1 0")
    .replace(/"n":\d+/g, '"n":0')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "<time>");
  return inOrder(text);
}
