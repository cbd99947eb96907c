// One sentence for the moment in which no server is checked at all: whose fault it is, and who mends it.
import type { ServerRow } from "./servers.ts";

type Seen = Pick<ServerRow, "status" | "reasonName" | "stale" | "paused">;

const STOPPED: Record<string, string> = {
  worker_stopped: "The worker has stopped, so no server is checked and no new incident opens. ",
  region_stopped: "Every region has stopped checking, so nothing new is known of any server. ",
  prober_fault: "No prober can do its work, so nothing new is known of any server. ",
};
const YOURS = "The fault is not in your servers: whoever runs this installation is told and has to start it again.";

/** @returns null unless every server that is not paused is unknown for a reason on our side */
export function nothingChecked(rows: readonly Seen[]): string | null {
  const watched = rows.filter((row) => !row.paused);
  if (watched.length === 0 || watched.some((row) => row.status !== "unknown")) return null;
  const why = watched.find((row) => row.reasonName !== null && Object.hasOwn(STOPPED, row.reasonName))?.reasonName;
  if (why === undefined || why === null)
    return watched.every((row) => row.stale)
      ? "No server has been checked for two intervals, and nothing says why: whoever runs this installation should see whether the worker runs."
      : null;
  return watched.every((row) => row.stale || Object.hasOwn(STOPPED, row.reasonName ?? ""))
    ? `${STOPPED[why]}${YOURS}`
    : null;
}
