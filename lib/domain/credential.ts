// What a probe presents to a server: four kinds, what a person types for each, and what of it is a secret. The sealed
// part is opened by the region alone; nothing of it comes back to a person.
import { z } from "zod";
import { credentialSchema } from "./server.ts";

export const CREDENTIAL_KINDS = ["bearer", "header", "oauth", "mtls"] as const;
export type CredentialKind = (typeof CREDENTIAL_KINDS)[number];
export const KIND_WORDS: Record<CredentialKind, string> = {
  bearer: "Bearer token",
  header: "Header of its own",
  oauth: "OAuth 2.1 client",
  mtls: "Client certificate",
};

/** Told so long before the end, and told only once. */
export const EXPIRY_NOTICE_MS = 72 * 3_600_000;

/** What of an OAuth client is no secret. Empty: found by discovery. */
export const oauthSettingsSchema = z.object({
  clientId: z.string(),
  tokenEndpoint: z.string().default(""),
  issuer: z.string().default(""),
  scope: z.string().default(""),
  /** RFC 8707; empty: the server's own address. */
  resource: z.string().default(""),
  method: z.enum(["basic", "post"]).default("basic"),
});
export type OAuthSettings = z.infer<typeof oauthSettingsSchema>;

/** Sealed as JSON, where a bare value does not do. */
export const sealedCertificateSchema = z.object({ certificate: z.string(), privateKey: z.string() });
export type ClientCertificate = z.infer<typeof sealedCertificateSchema>;

/** What goes over the wire of a probe. */
export interface Presented {
  headers: Record<string, string>;
  clientCertificate?: ClientCertificate | undefined;
}

const ASCII = /^[\x20-\x7e]*$/;
const short = (what: string) =>
  z
    .string()
    .trim()
    .max(2048, `${what} is too long: at most 2,048 characters.`)
    .regex(ASCII, `${what} holds other than plain ASCII characters: check what was pasted.`)
    .default("");

/** A form's fields; those of other kinds are empty and are not looked at. */
export const credentialFields = {
  kind: z.enum(CREDENTIAL_KINDS, { error: "Choose how the credential is sent." }),
  /** Empty: every region that has none of its own. */
  region: z
    .string()
    .regex(/^[a-z0-9-]{0,32}$/, "Choose one of the regions offered.")
    .default(""),
  headerName: z.string().default(""),
  secret: z.string().default(""),
  clientId: short("The client id"),
  tokenEndpoint: short("The token endpoint"),
  issuer: short("The issuer"),
  scope: short("The scope"),
  resource: short("The resource"),
  method: z.enum(["basic", "post"], { error: "Choose how the client shows its secret." }).default("basic"),
  certificate: z.string().max(65_536, "That certificate is too long: at most 64 KiB.").default(""),
  privateKey: z.string().max(65_536, "That key is too long: at most 64 KiB.").default(""),
  /** A day; empty: not known, or read from the credential itself. */
  expiresOn: z
    .string()
    .regex(/^(|\d{4}-\d{2}-\d{2})$/, "Give the day as YYYY-MM-DD, or leave it empty.")
    .refine((day) => day === "" || dayEnd(day) !== null, "There is no such day.")
    .default(""),
};
const flat = z.object(credentialFields);
export const CREDENTIAL_FORM = Object.keys(credentialFields);

export type NewCredential = { region: string; expiresAt: Date | null } & (
  | { kind: "bearer" | "header"; headerName: string; secret: string }
  | { kind: "oauth"; secret: string; settings: OAuthSettings }
  | { kind: "mtls"; certificate: ClientCertificate }
);

/** The kind's own fields, checked. Issues carry the field that they belong to. */
export function newCredential(given: z.infer<typeof flat>, ctx: z.RefinementCtx): NewCredential {
  const place = { region: given.region, expiresAt: dayEnd(given.expiresOn) };
  if (given.kind === "bearer" || given.kind === "header") {
    const parsed = take(
      credentialSchema.safeParse({ ...given, headerName: given.kind === "bearer" ? "Bearer" : given.headerName }),
      ctx,
    );
    if (parsed === null) return z.NEVER;
    const bearer = given.kind === "bearer";
    const secret = bearer ? parsed.secret.replace(/^bearer\s+/i, "") : parsed.secret;
    const expiresAt = place.expiresAt ?? (bearer ? jwtExpiry(secret) : null);
    return { ...place, expiresAt, kind: given.kind, headerName: bearer ? "Authorization" : parsed.headerName, secret };
  }
  if (given.kind === "mtls") {
    const certificate = given.certificate.trim();
    const privateKey = given.privateKey.trim();
    if (!certificate.includes("-----BEGIN CERTIFICATE-----"))
      issue(ctx, "certificate", "Paste the certificate as PEM: it begins with -----BEGIN CERTIFICATE-----.");
    if (!/-----BEGIN (EC |RSA )?PRIVATE KEY-----/.test(privateKey))
      issue(
        ctx,
        "privateKey",
        "Paste the private key as PEM, without a passphrase: it begins with -----BEGIN PRIVATE KEY-----.",
      );
    return { ...place, kind: "mtls", certificate: { certificate, privateKey } };
  }
  if (given.clientId === "") issue(ctx, "clientId", "Enter the client id that the authorization server gave.");
  const taken = take(credentialSchema.pick({ secret: true }).safeParse(given), ctx);
  for (const field of ["tokenEndpoint", "issuer", "resource"] as const)
    if (given[field] !== "" && !isWebAddress(given[field]))
      issue(ctx, field, "That is no web address: it starts with https://, and holds neither user name nor fragment.");
  // Not left to the server to say: one that was taken over would name its own, and be sent the client's secret.
  if (given.tokenEndpoint === "" && given.issuer === "")
    issue(ctx, "issuer", "Name the issuer or the token endpoint: the server's page shows what the server itself says.");
  if (given.scope !== "" && !/^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/.test(given.scope))
    issue(ctx, "scope", "Scopes are words with one space between them.");
  if (taken === null) return z.NEVER;
  return { ...place, kind: "oauth", secret: taken.secret, settings: oauthSettingsSchema.parse(given) };
}

/** When a JWT says that it ends; null for any other text. It is read and not trusted: a hint for the watchdog. */
export function jwtExpiry(token: string): Date | null {
  const [, payload, signature] = token.split(".");
  if (payload === undefined || signature === undefined || token.length > 8_192) return null;
  try {
    const { exp } = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))) as { exp?: unknown };
    const at = typeof exp === "number" && Number.isFinite(exp) ? new Date(exp * 1_000) : null;
    return at !== null && at.getTime() > 0 && at.getTime() < MAX_MS ? at : null;
  } catch {
    return null;
  }
}

/** The one of this region, else the one of all. */
export function credentialFor<C extends { region: string }>(stored: readonly C[], region: string): C | undefined {
  return stored.find((c) => c.region === region) ?? stored.find((c) => c.region === "");
}

/** What the watchdog says of a credential. @returns null while it is not due */
export function expirySentence(expiresAt: Date, region: string, now: Date): string | null {
  const leftMs = expiresAt.getTime() - now.getTime();
  if (leftMs > EXPIRY_NOTICE_MS) return null;
  const which = region === "" ? "The credential for checking" : `The credential for checking from ${region}`;
  const at = `${expiresAt.toISOString().slice(0, 16).replace("T", " ")} UTC`;
  return leftMs > 0
    ? `${which} expires on ${at}: less than ${Math.ceil(leftMs / 3_600_000)} hours are left.`
    : `${which} expired on ${at}.`;
}

/** 9999-12-31: what PostgreSQL and Date both hold. */
const MAX_MS = 253_402_214_400_000;

/** The end of that day in UTC. */
function dayEnd(day: string): Date | null {
  const at = new Date(`${day}T23:59:59.000Z`);
  return day === "" || Number.isNaN(at.getTime()) || !at.toISOString().startsWith(day) ? null : at;
}

function isWebAddress(text: string): boolean {
  const url = URL.parse(text);
  return (
    url !== null &&
    (url.protocol === "https:" || url.protocol === "http:") &&
    url.username === "" &&
    url.password === "" &&
    url.hash === ""
  );
}

function issue(ctx: z.RefinementCtx, field: string, message: string): void {
  ctx.addIssue({ code: "custom", path: [field], message });
}

function take<T>(parsed: z.ZodSafeParseResult<T>, ctx: z.RefinementCtx): T | null {
  if (parsed.success) return parsed.data;
  for (const { path, message } of parsed.error.issues) issue(ctx, String(path[0] ?? ""), message);
  return null;
}
