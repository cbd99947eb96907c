// A client certificate as it was pasted: does the key belong to it, whom does it name, and when does it end?
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { ClientCertificate } from "./credential.ts";
import { cleanText } from "./text.ts";

export interface CertificateFacts {
  subject: string;
  issuer: string;
  /** SHA-256, as OpenSSL prints it. */
  fingerprint: string;
  validFrom: Date;
  expiresAt: Date;
}

export type Unreadable = { field: "certificate" | "privateKey"; message: string };

/** PURE. Of a chain the first certificate counts: it is the client's own. */
export function readCertificate(given: ClientCertificate): CertificateFacts | Unreadable {
  let leaf: X509Certificate;
  try {
    leaf = new X509Certificate(given.certificate);
  } catch {
    return {
      field: "certificate",
      message: "This certificate cannot be read: paste the whole PEM block, ends included.",
    };
  }
  let matches: boolean;
  try {
    matches = leaf.checkPrivateKey(createPrivateKey(given.privateKey));
  } catch {
    return {
      field: "privateKey",
      message: "This key cannot be read: paste the whole PEM block of a key without a passphrase.",
    };
  }
  if (!matches)
    return {
      field: "privateKey",
      message: "This key does not belong to the certificate: paste the two that were issued together.",
    };
  return {
    subject: cleanText(leaf.subject.replaceAll("\n", ", "), 200),
    issuer: cleanText(leaf.issuer.replaceAll("\n", ", "), 200),
    fingerprint: leaf.fingerprint256,
    validFrom: leaf.validFromDate,
    expiresAt: leaf.validToDate,
  };
}
