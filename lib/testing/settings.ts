// Settings of a process under test: commands read secrets and addresses through adapters/env.ts, which reads them once.
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TEST_SECRET, type TestDatabase } from "./database.ts";

/** Makes a key file and fills process.env; call it before the first command. @returns how to take the file away */
export function testSettings(db: TestDatabase): () => void {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-key-"));
  const keyFile = join(folder, "key");
  writeFileSync(keyFile, randomBytes(32).toString("base64"), { mode: 0o400 });
  Object.assign(process.env, {
    TOCSIN_MODE: "test",
    TOCSIN_SECRET: TEST_SECRET,
    TOCSIN_KEY_FILE: keyFile,
    TOCSIN_URL: "http://127.0.0.1:3000",
    TOCSIN_EGRESS_TARGETS: "none",
    DATABASE_URL: db.ownerUrl,
    REDIS_URL: "redis://127.0.0.1:1",
    OIDC_ISSUER: "http://127.0.0.1:1",
    OIDC_CLIENT_ID: "test",
    OIDC_CLIENT_SECRET: "test",
  });
  return () => rmSync(folder, { recursive: true, force: true });
}
