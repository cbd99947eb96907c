// `npm run tocsin -- audit …`: verifies the log of a database or of an export, and makes exports. Reads as the owner,
// so that it sees all tenants; changes nothing.
import { createHash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { ndjson } from "#lib/adapters/checkpoint-file";
import { checkpointPlaces, publicKeyFile } from "#lib/adapters/checkpoint-key";
import { now } from "#lib/adapters/clock";
import { openSweeper } from "#lib/adapters/db";
import { countLoose, exportLines, manifestOf } from "#lib/commands/audit/export";
import { type Bundle, verifyBundle } from "#lib/commands/audit/verify-bundle";
import { type Verified, verifyLive } from "#lib/commands/audit/verify-live";
import { BUNDLE_FILES, type BundleKind, bundleLine, BundleManifest } from "#lib/domain/audit/bundle";
import { publicKeys } from "#lib/domain/audit/checkpoint";
import { onlyGaps } from "#lib/domain/audit/finding";
import { auditedTenants, type Ask } from "#lib/queries/audit-proof";
import { placeHold, releaseHold } from "./audit-hold.ts";
import { ledgerUrls, withLedger } from "./ledger.ts";
import { dataFolder } from "./places.ts";
import { rememberedOwnerUrl } from "./postgres.ts";
import { Problem } from "./problem.ts";

export const AUDIT_USAGE = `  npm run tocsin -- audit verify [--checkpoints FILE] [--public-key FILE]     the database in DATABASE_URL
  npm run tocsin -- audit verify --bundle DIR|FILE [--checkpoints FILE] [--public-key FILE]   an export, without any database
  npm run tocsin -- audit export --tenant SLUG --out DIR
  npm run tocsin -- audit hold|release --tenant SLUG --reason "why"           keep its months past seven years`;

const MANIFEST = "manifest.json";

/** @returns the exit code: 0 clean, 1 with findings, 2 for a command that is none. @throws Problem with one sentence */
export async function auditCommand(args: string[], say: (line: string) => void = console.log): Promise<number> {
  const text = { type: "string" } as const;
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { checkpoints: text, "public-key": text, bundle: text, tenant: text, out: text, reason: text },
  });
  const keyFile = values["public-key"];
  if (positionals[0] === "verify" && values.bundle)
    return report(
      await verifyBundle({
        ...(await openBundle(values.bundle, keyFile, say)),
        ...(values.checkpoints ? { saved: ndjson(must(values.checkpoints, "saved file", "--checkpoints")) } : {}),
      }),
      say,
    );
  if (positionals[0] === "verify")
    return withDatabase(async (ask) =>
      report(
        await verifyLive({
          ask,
          tenantId: null,
          keys: publicKeys(readFileSync(must(keyFile ?? ownPublicKey(), "public key", "--public-key"), "utf8")),
          ...(values.checkpoints ? { saved: ndjson(must(values.checkpoints, "saved file", "--checkpoints")) } : {}),
          now: now().getTime(),
        }),
        say,
      ),
    );
  const { tenant, out } = values;
  const verb = positionals[0];
  if ((verb === "hold" || verb === "release") && tenant) {
    const act = verb === "hold" ? placeHold : releaseHold;
    await withLedger(ledgerUrls(), (ledger) => act(ledger, tenant, values.reason ?? ""));
    say(verb === "hold" ? `No month of ${tenant}'s log is dropped until this is released.` : `${tenant}: released.`);
    return 0;
  }
  if (positionals[0] === "export" && tenant && out)
    return withDatabase((ask) => exportBundle(ask, tenant, out, keyFile, say));
  return 2;
}

function must(file: string, what: string, option: string): string {
  if (!existsSync(file)) throw new Problem(`There is no ${what} at ${file}: name the right one with ${option}.`);
  return file;
}

function report(result: Verified, say: (line: string) => void): number {
  for (const f of result.findings) say(`✗ ${f.code}  ${f.where}: ${f.sentence}`);
  for (const d of result.dropped)
    say(`  month ${d.month} of tenant ${d.tenantId}: ${d.events} events lawfully dropped after seven years`);
  if (result.count > result.findings.length) say(`… and ${result.count - result.findings.length} more`);
  const checkpoint = result.checkpoint ? `, checkpoints up to ${result.checkpoint.no} (${result.checkpoint.at})` : "";
  const saved = result.saved ? `, saved file up to ${result.saved.no} (${result.saved.at})` : "";
  say(
    `${result.events} events${checkpoint}${saved}: ${result.count === 0 ? "nothing was changed" : `${result.count} findings${onlyGaps(result.findings) ? ", all of them times without a checkpoint" : ""}`}`,
  );
  return result.count === 0 ? 0 : 1;
}

/** The folder of the key: as configured, or that of the development start. */
function ownPublicKey(): string {
  const settings = {
    ...process.env,
    TOCSIN_KEY_FILE: process.env.TOCSIN_KEY_FILE || join(dataFolder(), "secrets", "key"),
  };
  return publicKeyFile(checkpointPlaces(settings).keyFile);
}

async function withDatabase(work: (ask: Ask) => Promise<number>): Promise<number> {
  const url = process.env.DATABASE_URL || rememberedOwnerUrl(join(dataFolder(), "postgres"));
  if (!url) throw new Problem("DATABASE_URL is not set: name the database as its owner, as for `npm run migrate`.");
  const sweeper = openSweeper(url);
  try {
    return await work((sql, params = []) => sweeper.find(sql, params) as never);
  } finally {
    await sweeper.close();
  }
}

async function exportBundle(
  ask: Ask,
  slug: string,
  out: string,
  keyFile: string | undefined,
  say: (line: string) => void,
): Promise<number> {
  const tenant = (await auditedTenants(ask)).find((t) => t.slug === slug);
  if (tenant === undefined) throw new Problem(`There is no tenant "${slug}": give its short name, as in its address.`);
  if (existsSync(join(out, MANIFEST)))
    throw new Problem(`${out} holds an export already: name another folder with --out.`);
  const key = readFileSync(must(keyFile ?? ownPublicKey(), "public key", "--public-key"), "utf8");
  mkdirSync(out, { recursive: true });
  const manifest = await manifestOf(ask, tenant, now());
  const files = {
    event: writer(out, BUNDLE_FILES.event),
    link: writer(out, BUNDLE_FILES.link),
    checkpoint: writer(out, BUNDLE_FILES.checkpoint),
    key: writer(out, BUNDLE_FILES.key),
  };
  files.key.write(key);
  for await (const lines of exportLines(ask, manifest))
    for (const { kind, value } of lines) files[kind].write(bundleLine(value));
  const digests = Object.fromEntries(Object.values(files).map((f) => [f.name, f.end()]));
  writeFileSync(join(out, MANIFEST), `${JSON.stringify({ ...manifest, files: digests }, null, 2)}\n`, {
    flag: "wx",
    mode: 0o600,
  });
  const loose = await countLoose(ask, tenant.id);
  if (loose > 0)
    say(`${loose} events stand outside the chain: the export holds them, and its verification names them.`);
  say(
    `${out}: ${digests[BUNDLE_FILES.event]?.lines ?? 0} events, ${digests[BUNDLE_FILES.checkpoint]?.lines ?? 0} checkpoints`,
  );
  return 0;
}

function writer(folder: string, name: string) {
  const fd = openSync(join(folder, name), "wx", 0o600);
  const digest = createHash("sha256");
  let lines = 0;
  return {
    name,
    write(text: string): void {
      writeSync(fd, text);
      digest.update(text);
      lines += 1;
    },
    end(): { sha256: string; lines: number } {
      closeSync(fd);
      return { sha256: digest.digest("hex"), lines };
    },
  };
}

/** A folder from the command line, or the console's one file of tagged lines. */
async function openBundle(path: string, keyFile: string | undefined, say: (line: string) => void): Promise<Bundle> {
  must(path, "export", "--bundle");
  const folder = statSync(path).isDirectory();
  const manifest = folder
    ? readManifest(JSON.parse(readFileSync(must(join(path, MANIFEST), "manifest", "--bundle"), "utf8")))
    : readManifest(await firstValue(path));
  if (manifest.from !== undefined)
    say(
      `This is ${manifest.month ?? "a part"} alone: it begins after link ${manifest.from.seq}, and says nothing of before.`,
    );
  const altered: string[] = [];
  for (const [name, { sha256 }] of Object.entries(folder ? (manifest.files ?? {}) : {})) {
    const known = (Object.values(BUNDLE_FILES) as string[]).includes(name);
    if (!known || !existsSync(join(path, name)) || (await digestOf(join(path, name))) !== sha256) altered.push(name);
  }
  if (keyFile === undefined)
    say(
      "The public key of the export itself is used: for a proof, fetch it another way and name it with --public-key.",
    );
  const pem =
    keyFile !== undefined
      ? readFileSync(must(keyFile, "public key", "--public-key"), "utf8")
      : folder
        ? readFileSync(must(join(path, BUNDLE_FILES.key), "public key", "--public-key"), "utf8")
        : (manifest.publicKey ?? "");
  return {
    manifest,
    altered,
    keys: publicKeys(pem),
    lines: (kind) => (folder ? ndjson(join(path, BUNDLE_FILES[kind])) : tagged(path, kind)),
  };
}

function readManifest(value: unknown): BundleManifest {
  const parsed = BundleManifest.safeParse(value);
  if (!parsed.success) throw new Problem(`The manifest cannot be read: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

async function firstValue(file: string): Promise<unknown> {
  for await (const [first] of ndjson(file, 1)) return (first as { value?: unknown } | null)?.value;
  return null;
}

async function* tagged(file: string, kind: BundleKind): AsyncGenerator<unknown[]> {
  for await (const batch of ndjson(file))
    yield batch.flatMap((v) =>
      v === null || (v as { kind?: unknown }).kind === kind ? [(v as { value?: unknown } | null)?.value ?? null] : [],
    );
}

async function digestOf(file: string): Promise<string> {
  const digest = createHash("sha256");
  for await (const chunk of createReadStream(file)) digest.update(chunk as Buffer);
  return digest.digest("hex");
}
