import "server-only";
import { now } from "#lib/adapters/clock";
import { actKey } from "#lib/adapters/derived-keys";
import { consoleUrl, slackSigningSecret } from "#lib/adapters/env";
import { type ActRef, readRef } from "#lib/domain/act-ref";

/** What a link or a button in one of our notices names; null for what we did not make. */
export const refIn = (text: string): ActRef | "over" | null => readRef(actKey(), text, now());

/** Of the installation's own Slack app; none where it has none. */
export function ownSlackSecrets(): string[] {
  const own = slackSigningSecret();
  return own === undefined ? [] : [own];
}

/** A path of this console as others reach it. */
export const addressOf = (path: string): string => new URL(path, consoleUrl()).href;
