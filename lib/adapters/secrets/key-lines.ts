// A file of keys, one a line, the current one first; "#" begins a remark. Read again when it has changed, so that a key
// that was added is known everywhere without a restart.
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { TocsinError } from "../../domain/error.ts";

export interface KeyFile {
  path: string;
  /** The setting that names it, for sentences. */
  setting: string;
  /** Refused inside a repository, with which it would be copied; development keeps its data there. */
  outside: boolean;
}

/** @throws TocsinError E_CONFIG for a file that is not there, that others may read, or that lies where it must not */
export function readKeyLines({ path, setting, outside }: KeyFile): string[] {
  let text: string;
  try {
    const { mode } = statSync(path);
    if ((mode & 0o077) !== 0)
      throw new TocsinError("E_CONFIG", `${setting} can be read by others: run chmod 0400 on it.`);
    if (outside && insideRepository(path))
      throw new TocsinError(
        "E_CONFIG",
        `${setting} lies inside a repository, with which it would be copied: move it elsewhere.`,
      );
    text = readFileSync(path, "utf8");
  } catch (cause) {
    if (cause instanceof TocsinError) throw cause;
    throw new TocsinError("E_CONFIG", `${setting} cannot be read: name a file that holds the key.`, { cause });
  }
  return text.split("\n").flatMap((line) => {
    const key = line.trim();
    return key === "" || key.startsWith("#") ? [] : [key];
  });
}

function insideRepository(path: string): boolean {
  for (let at = dirname(resolve(path)); ; at = dirname(at)) {
    if (existsSync(join(at, ".git")) || existsSync(join(at, "prisma", "migrate.ts"))) return true;
    if (at === dirname(at)) return false;
  }
}

/** What changes when the file does; empty when it is not there. */
export function fileStamp(path: string): string {
  try {
    const { mtimeMs, ino, size } = statSync(path);
    return `${mtimeMs} ${ino} ${size}`;
  } catch {
    return "";
  }
}

/** Whole or not at all, readable by its owner only. */
export function writeKeyLines(path: string, lines: readonly string[]): void {
  const next = `${path}.next`;
  rmSync(next, { force: true });
  const file = openSync(next, "wx", 0o400);
  try {
    writeSync(file, `${lines.join("\n")}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  chmodSync(next, 0o400);
  renameSync(next, path);
  const folder = openSync(dirname(resolve(path)), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
