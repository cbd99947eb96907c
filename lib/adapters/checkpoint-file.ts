// The saved checkpoints: append-only NDJSON, one file per month, on disk before the call returns. The first line of each
// file names all heads, so that every file can be checked alone.
import {
  closeSync,
  createReadStream,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { type Checkpoint, CheckpointSchema } from "../domain/audit/checkpoint.ts";

const NAME = /^\d{4}-\d{2}\.ndjson$/;
const TAIL_BYTES = 4 * 1024 * 1024;

export const monthFile = (dir: string, at: string): string => join(dir, `${at.slice(0, 7)}.ndjson`);

/** @returns the newest saved checkpoint that is whole, null when none is */
export function lastSaved(dir: string): Checkpoint | null {
  const files = existsSync(dir)
    ? readdirSync(dir)
        .filter((f) => NAME.test(f))
        .sort()
        .reverse()
    : [];
  for (const file of files) {
    for (const line of tail(join(dir, file)).split("\n").reverse()) {
      const read = parse(line);
      if (read !== null) return read;
    }
  }
  return null;
}

/** Appends lines to the month's file and waits for the disk. A torn last line (power cut) is ended first. */
export function save(dir: string, checkpoint: Checkpoint): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const file = monthFile(dir, checkpoint.at);
  const torn = existsSync(file) && statSync(file).size > 0 && !tail(file, 1).endsWith("\n");
  const fd = openSync(file, "a", 0o600);
  try {
    writeSync(fd, `${torn ? "\n" : ""}${JSON.stringify(checkpoint)}\n`);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Lines of any NDJSON file as values, in batches; a line that is none, or no JSON, is given as null. */
export async function* ndjson(file: string, size = 1_000): AsyncGenerator<unknown[]> {
  let batch: unknown[] = [];
  for await (const line of linesOf(file)) {
    if (line === "") continue;
    try {
      batch.push(JSON.parse(line));
    } catch {
      batch.push(null);
    }
    if (batch.length >= size) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

/** Ended by line feeds only: node:readline would end a line at U+2028 too, which may stand in a text. */
async function* linesOf(file: string): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of createReadStream(file, { encoding: "utf8", highWaterMark: 1 << 18 })) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield line.endsWith("\r") ? line.slice(0, -1) : line;
  }
  yield rest;
}

function parse(line: string): Checkpoint | null {
  try {
    return CheckpointSchema.parse(JSON.parse(line));
  } catch {
    return null;
  }
}

function tail(file: string, bytes = TAIL_BYTES): string {
  const { size } = statSync(file);
  const length = Math.min(size, bytes);
  const buffer = Buffer.alloc(length);
  const fd = openSync(file, "r");
  try {
    readSync(fd, buffer, 0, length, size - length);
  } finally {
    closeSync(fd);
  }
  return buffer.toString("utf8");
}
