// Months of the log as files beside the saved checkpoints: whole on disk under their own name, or not there at all.
import { createHash } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";

/** "/data/checkpoints" → "/data/exports" */
export const archiveFolder = (checkpointDir: string): string => join(dirname(checkpointDir), "exports");

/** @param name path below the folder, "2019-10/<tenant>.ndjson" @returns SHA-256 of the file, hex */
export async function writeArchive(folder: string, name: string, lines: AsyncIterable<string>): Promise<string> {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const unfinished = `${file}.unfinished`;
  const fd = openSync(unfinished, "w", 0o600);
  const digest = createHash("sha256");
  try {
    for await (const text of lines) {
      writeSync(fd, text);
      digest.update(text);
    }
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(unfinished, file);
  const parent = openSync(dirname(file), "r");
  try {
    fsyncSync(parent); // Without it the new name may not survive a power cut.
  } finally {
    closeSync(parent);
  }
  return digest.digest("hex");
}
