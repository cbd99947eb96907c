// What the kinds of extra checks share while a server is being looked at.
import type { AddressPolicy } from "#lib/adapters/http";
import type { ExtraCheck } from "#lib/domain/extra-check/index";

/** A session that an earlier look opened: a secret of the server's, sealed wherever it rests. */
export interface HeldSession {
  id: string;
  version: string;
}

/** As it comes back from its rest: for how many seconds it was held. */
export interface AgedSession extends HeldSession {
  heldS: number;
}

/** What a target brings along; absent for servers without extra checks. */
export interface TargetExtras {
  /** Those that are due. */
  checks: ExtraCheck[];
  /** Tools that may be called without their server's mark. */
  allowedTools: string[];
  /** By check. */
  held: Record<string, AgedSession>;
}

export interface Looking {
  tools: readonly unknown[];
  allowedTools: readonly string[];
  policy: AddressPolicy;
  ca: string | undefined;
  /** The server's own origin, and what goes along to it. */
  origin: string;
  headers: Record<string, string>;
  signal: AbortSignal;
  /** Epoch milliseconds. */
  now(): number;
  monotonic(): number;
  /** What is left of the whole probe, with a little kept back for closing. */
  leftMs(): number;
}
