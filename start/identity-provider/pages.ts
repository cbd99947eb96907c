// The development provider's few pages: plain forms, usable by keyboard, without a script.
import { PEOPLE } from "./people.ts";

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

const STYLE = `
:root{color-scheme:light dark;--bg:#f6f7f8;--card:#fff;--line:#d9dde2;--text:#14181d;--dim:#57606b;--mark:#0b62d6}
@media(prefers-color-scheme:dark){:root{--bg:#0e1115;--card:#161a20;--line:#2b323b;--text:#e8ebef;--dim:#98a2ae;--mark:#6aa9ff}}
*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--bg);color:var(--text);
font:15px/1.5 system-ui,sans-serif;padding:24px}main{width:100%;max-width:460px}h1{font-size:20px;margin:0 0 4px}
p{margin:0 0 20px;color:var(--dim)}form{display:grid;gap:8px}
button{font:inherit;text-align:left;color:inherit;background:var(--card);border:1px solid var(--line);border-radius:8px;padding:12px 14px;cursor:pointer}
button:hover{border-color:var(--mark)}button:focus-visible{outline:2px solid var(--mark);outline-offset:2px}
b{font-weight:600}.role{color:var(--dim)}.may{display:block;color:var(--dim);font-size:13.5px}
footer{margin-top:20px;font-size:13px;color:var(--dim)}`;

export function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escapeHtml(title)}</title><style>${STYLE}</style></head><body><main>${body}</main></body></html>`;
}

export function peoplePage(action: string): string {
  const buttons = PEOPLE.map(
    (p, i) =>
      `<button name="person" value="${p.id}"${i === 0 ? " autofocus" : ""}><b>${escapeHtml(p.name)}</b> <span class="role">· ${escapeHtml(p.role)}</span><span class="may">${escapeHtml(p.may)}</span></button>`,
  ).join("");
  return page(
    "Sign in to Tocsin (development)",
    `<h1>Who are you today?</h1><p>Choose a person to sign in to Tocsin.</p><form method="post" action="${escapeHtml(action)}">${buttons}</form><footer>Development identity provider on this machine. There are no passwords, and it does not exist in production.</footer>`,
  );
}

export function errorPage(code: string, description: string): string {
  return page(
    "Sign-in did not work",
    `<h1>Sign-in did not work</h1><p>${escapeHtml(description)} Go back to Tocsin and sign in again.</p><footer>${escapeHtml(code)}</footer>`,
  );
}

/** @param form oidc-provider's own hidden form, with the id op.logoutForm */
export function logoutPage(form: string): string {
  return page(
    "Sign out",
    `<h1>Sign out here as well?</h1><p>You have left Tocsin. The identity provider still knows you.</p>${form}<form><button form="op.logoutForm" name="logout" value="yes" autofocus><b>Sign out</b></button></form>`,
  );
}

export const signedOutPage = (): string =>
  page("Signed out", "<h1>You are signed out</h1><p>You can close this page.</p>");
