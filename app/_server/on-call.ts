import "server-only";
import { consoleUrl } from "#lib/adapters/env";

/** An address of this console as others reach it. */
export const ownUrl = (path: string): string => new URL(path, consoleUrl()).href;
