// What a person may say about a monitored server.
import { z } from "zod";
import { cleanText } from "./text.ts";

export const INTERVALS_S = [15, 20, 30, 60, 120, 300] as const;
export const WEIGHTS = ["own", "third_party"] as const;
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/;
/** Set by the prober itself or by the connection; a credential in them would break or redirect the probe. */
const RESERVED_HEADERS = new Set([
  "host",
  "content-length",
  "content-type",
  "connection",
  "transfer-encoding",
  "accept",
  "mcp-session-id",
  "mcp-protocol-version",
  "mcp-method",
  "mcp-name",
  "cookie",
  "origin",
  "te",
  "upgrade",
]);

export const serverUrlSchema = z
  .string()
  .trim()
  .min(1, "Paste the server's address, for example https://mcp.example.com/mcp.")
  .max(2048, "That address is too long: at most 2,048 characters.")
  .transform((raw, ctx) => {
    const url = parse(raw);
    if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
      ctx.addIssue({
        code: "custom",
        message: "That is no web address: it starts with https:// (or http://), as in https://mcp.example.com/mcp.",
      });
      return z.NEVER;
    }
    if (url.username !== "" || url.password !== "") {
      ctx.addIssue({
        code: "custom",
        message: "Leave user name and password out of the address: give them as a credential, where they are sealed.",
      });
      return z.NEVER;
    }
    url.hash = "";
    return url.href;
  });

export const serverNameSchema = z.string().transform((raw) => cleanText(raw, 120));

const intText = (allowed: readonly number[], message: string) =>
  z
    .union([
      z.number(),
      z
        .string()
        .regex(/^\d{1,4}$/, message)
        .transform(Number),
    ])
    .refine((n) => allowed.includes(n), message);

export const intervalSchema = intText(INTERVALS_S, "Choose one of the intervals offered.");
export const streakSchema = intText([1, 2, 3, 4, 5], "Choose between 1 and 5 checks in a row.");
export const weightSchema = z.enum(WEIGHTS, { error: "Say whether you run this server or depend on it." });

export const credentialSchema = z.object({
  kind: z.enum(["bearer", "header"], { error: "Choose how the credential is sent." }),
  headerName: z
    .string()
    .trim()
    .regex(HEADER_NAME, "That is no header name: letters, digits and dashes, as in X-API-Key.")
    .refine(
      (name) => !RESERVED_HEADERS.has(name.toLowerCase()),
      "That header belongs to the probe itself: use the one your server reads its key from.",
    ),
  secret: z
    .string()
    .trim()
    .min(1, "Enter the credential.")
    .max(4096, "That credential is too long: at most 4,096 characters.")
    .regex(/^[\x20-\x7e]+$/, "A header can hold plain ASCII characters only: check what was pasted."),
});

/** "mcp.example.com/mcp": what a server is called until somebody names it. */
export function nameFromUrl(href: string): string {
  const url = parse(href);
  return url === null ? "MCP server" : cleanText(`${url.host}${url.pathname === "/" ? "" : url.pathname}`, 120);
}

function parse(raw: string): URL | null {
  try {
    return new URL(raw);
  } catch {
    return null;
  }
}
