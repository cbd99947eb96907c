// Which of our own parts have gone silent. Rules over heartbeats, nothing else: pure.
export interface Beat {
  kind: "worker" | "guard" | "prober";
  region: string | null;
  startedAt: Date;
  heartbeatAt: Date;
  stoppedAt: Date | null;
}

export interface Silent {
  /** True: the last beat is too old, or there never was one. */
  worker: boolean;
  /** Enabled regions without a fresh beat. */
  regions: string[];
  /** When the last of each came, for the sentence. */
  lastBeat(of: "worker" | { region: string }): Date | null;
}

/**
 * @param silentMs how old the last beat may be
 * @returns null while the installation has not been up for so long itself: after a night off nothing is "stopped"
 */
export function silent(
  beats: readonly Beat[],
  enabledRegions: readonly string[],
  now: Date,
  silentMs: number,
): Silent | null {
  const since = upSince(beats, now, silentMs);
  if (since === null || now.getTime() - since.getTime() < silentMs) return null;
  const newest = (of: readonly Beat[]): Date | null =>
    of.reduce<Date | null>((last, b) => (last === null || b.heartbeatAt > last ? b.heartbeatAt : last), null);
  const lastBeat: Silent["lastBeat"] = (of) =>
    newest(of === "worker" ? beats.filter((b) => b.kind === "worker") : beats.filter((b) => b.region === of.region));
  const gone = (at: Date | null) => at === null || now.getTime() - at.getTime() > silentMs;
  return {
    worker: gone(lastBeat("worker")),
    regions: enabledRegions.filter((region) => gone(lastBeat({ region }))),
    lastBeat,
  };
}

/** Start of the oldest process that is alive; null when none is. */
export function upSince(beats: readonly Beat[], now: Date, silentMs: number): Date | null {
  const alive = beats.filter((b) => b.stoppedAt === null && now.getTime() - b.heartbeatAt.getTime() <= silentMs);
  return alive.reduce<Date | null>((first, b) => (first === null || b.startedAt < first ? b.startedAt : first), null);
}
