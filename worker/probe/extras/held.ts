// Sessions that a look left open travel beside its transcript and never in it: a transcript is stored and shown.
import type { Transcript } from "#lib/domain/transcript";
import type { HeldSession } from "./looking.ts";

const beside = new WeakMap<Transcript, Record<string, HeldSession | null>>();

export const holdBeside = (transcript: Transcript, held: Record<string, HeldSession | null>): void =>
  void beside.set(transcript, held);

/** By check; null says that none is held any more. */
export const heldBeside = (transcript: Transcript): Record<string, HeldSession | null> | undefined =>
  beside.get(transcript);
