// HTML by template: everything put in is escaped unless it was made here.
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Piece = Html | string | number | null | undefined | false | readonly Piece[];

const escaped = (text: string) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

function piece(value: Piece): string {
  if (value === null || value === undefined || value === false) return "";
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map(piece).join("");
  return escaped(String(value));
}

export function html(parts: TemplateStringsArray, ...values: Piece[]): Html {
  return new Html(parts.reduce((out, part, i) => out + piece(values[i - 1]) + part));
}

/** The URL for an href when it is http or https, else "#". */
export function safe(url: unknown): string {
  const parsed = typeof url === "string" ? URL.parse(url) : null;
  return parsed && /^https?:$/.test(parsed.protocol) ? parsed.href : "#";
}

export const clock = (iso: string) => iso.slice(11, 19);

export function moment(iso: string): Html {
  return html`<time datetime="${iso}" title="${iso}">${clock(iso)}</time>`;
}
