// The words of `keys`: the file with the keys above the tenants' data keys. It never prints one; a key is named by its id.
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { ageKeyId, newAgeKey } from "#lib/adapters/secrets/age-store";
import { fileKeyId, newFileKey } from "#lib/adapters/secrets/file-store";
import { readKeyLines, writeKeyLines } from "#lib/adapters/secrets/key-lines";
import { dataKeysUnder, inFirstForm } from "#lib/queries/secret-keys";
import { type Ledger, ledgerUrls, SHELL_ACTOR, withLedger } from "./ledger.ts";
import { dataFolder } from "./places.ts";
import { Problem } from "./problem.ts";
import { PLATFORM } from "./role-table.ts";
import { present, type Settings } from "./settings.ts";

export const KEYS_USAGE = `  npm run tocsin -- keys list          the keys of the key file by their ids, and what lies under each
  npm run tocsin -- keys add           a new key becomes the current one; then have it put in use under Platform, Keys
  npm run tocsin -- keys remove <id>   takes a key out of the file, once nothing lies under it`;

interface KeyFile {
  path: string;
  setting: "TOCSIN_KEY_FILE" | "TOCSIN_AGE_FILE";
  make(): string | Promise<string>;
  idOf(line: string): string | Promise<string>;
}

/** @throws Problem where keys are kept by a service */
export function keyFileOf(source: Settings): KeyFile {
  const given = present(source);
  const store = given.TOCSIN_KEY_STORE ?? "file";
  if (store === "age") {
    const path = given.TOCSIN_AGE_FILE;
    if (path === undefined) throw new Problem("TOCSIN_KEY_STORE is age: name the file in TOCSIN_AGE_FILE.");
    return { path, setting: "TOCSIN_AGE_FILE", make: newAgeKey, idOf: ageKeyId };
  }
  if (store !== "file")
    throw new Problem(
      `Keys of ${store} are made where they are kept: set the new one as TOCSIN_KMS_KEY_ID and the old one in TOCSIN_KMS_FORMER_KEY_IDS.`,
    );
  const path = given.TOCSIN_KEY_FILE ?? join(dataFolder(given as NodeJS.ProcessEnv), "secrets", "key");
  return { path, setting: "TOCSIN_KEY_FILE", make: newFileKey, idOf: fileKeyId };
}

/** @returns the lines to print; null when the words make no sense @throws Problem, TocsinError */
export async function keysCommand(args: string[], source: Settings = process.env): Promise<string[] | null> {
  const { positionals } = parseArgs({ args, allowPositionals: true });
  const [verb, id, ...rest] = positionals;
  const file = keyFileOf(source);
  const on = <T>(work: (ledger: Ledger) => Promise<T>) => withLedger(ledgerUrls(source), work);
  if (verb === "list" && id === undefined) return on((ledger) => list(ledger, file));
  if (verb === "add" && id === undefined) return add(file);
  if (verb === "remove" && id !== undefined && rest.length === 0) return on((ledger) => remove(ledger, file, id));
  return null;
}

const linesOf = (file: KeyFile): string[] => readKeyLines({ ...file, outside: false });
const idsOf = (file: KeyFile, lines: string[]): Promise<string[]> => Promise.all(lines.map((l) => file.idOf(l)));

async function under(ledger: Ledger): Promise<{ counts: Map<string, number>; firstForm: number }> {
  return ledger.app.withTenant({ tenantId: PLATFORM, actorId: SHELL_ACTOR, readOnly: true }, async (tx) => ({
    counts: new Map((await dataKeysUnder(tx)).map((k) => [k.kekId, k.dataKeys])),
    firstForm: await inFirstForm(tx),
  }));
}

export async function list(ledger: Ledger, file: KeyFile): Promise<string[]> {
  const ids = await idsOf(file, linesOf(file));
  const { counts, firstForm } = await under(ledger);
  const strange = [...counts.keys()].filter((id) => !ids.includes(id));
  return [
    ...ids.map((id, n) => `${id}  ${counts.get(id) ?? 0} data keys${n === 0 ? "  (current)" : ""}`),
    ...strange.map((id) => `${id}  ${counts.get(id)} data keys  NOT IN ${file.path}`),
    ...(firstForm > 0 ? [`${firstForm} values in the first form: the key file itself opens them`] : []),
  ];
}

export async function add(file: KeyFile): Promise<string[]> {
  const there = existsSync(file.path);
  if (!there) mkdirSync(dirname(file.path), { recursive: true, mode: 0o700 });
  const lines = there ? linesOf(file) : [];
  const line = await file.make();
  // Remarks are for whoever wrote them: kept, below the new key.
  const rest = there ? readFileSync(file.path, "utf8").trimEnd().split("\n") : [];
  writeKeyLines(file.path, [line, ...rest]);
  const id = await file.idOf(line);
  return [
    `${id} is the current key of ${file.path} now; the ${lines.length} before it still open what lies under them.`,
    "Copy the file to every machine that runs a part of Tocsin, and to where it is kept safe: without it nothing opens.",
    "Then have it put in use: Platform, Keys, “Ask to replace the key”.",
  ];
}

export async function remove(ledger: Ledger, file: KeyFile, id: string): Promise<string[]> {
  const lines = linesOf(file);
  const at = (await idsOf(file, lines)).indexOf(id);
  if (at === -1) throw new Problem(`There is no key ${id} in ${file.path}: see \`keys list\`.`);
  if (at === 0) throw new Problem("This is the current key: add another one first.");
  const { counts, firstForm } = await under(ledger);
  const left = counts.get(id) ?? 0;
  if (left > 0) throw new Problem(`${left} data keys lie under it still: have the current key put in use first.`);
  if (firstForm > 0 && file.setting === "TOCSIN_KEY_FILE")
    throw new Problem(
      `${firstForm} values are still in the first form, which this key may open: replace the key first.`,
    );
  writeKeyLines(
    file.path,
    lines.filter((_, n) => n !== at),
  );
  return [`${id} is out of ${file.path}. Backups of the database from before its replacement open with no other key.`];
}
