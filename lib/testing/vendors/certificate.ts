// A private authority and one certificate for this machine, made anew at each start: nothing secret is kept in the
// project, and nothing that was once trusted stays trusted.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generate } from "selfsigned";

export interface Certificate {
  key: string;
  cert: string;
  ca: string;
  /** PEM of the authority, for TOCSIN_CA_FILE. */
  caFile: string;
}

export async function certificate(dir: string): Promise<Certificate> {
  const name = (value: string) => [{ name: "commonName", value }];
  const kind = { keyType: "ec", curve: "P-256", algorithm: "sha256" } as const;
  const authority = await generate(name("Tocsin development authority"), {
    ...kind,
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const leaf = await generate(name("localhost"), {
    ...kind,
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: "basicConstraints", cA: false },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: [
          { type: 2, value: "localhost" },
          { type: 7, ip: "127.0.0.1" },
        ],
      },
    ],
  });
  mkdirSync(dir, { recursive: true });
  const caFile = join(dir, "authority.pem");
  writeFileSync(caFile, authority.cert);
  return { key: leaf.private, cert: leaf.cert, ca: authority.cert, caFile };
}
