import { expect, test } from "vitest";
import { nothingChecked } from "./nothing-checked.ts";

const row = (
  reasonName: string | null,
  over: { status?: "up" | "unknown"; stale?: boolean; paused?: boolean } = {},
) => ({
  status: "unknown" as const,
  stale: true,
  paused: false,
  reasonName,
  ...over,
});

test.each([
  ["the worker's stop is named", [row("worker_stopped"), row("worker_stopped")], /worker has stopped/],
  ["so is the stop of every region", [row("region_stopped")], /Every region has stopped/],
  [
    "a server too new for a verdict does not hide it",
    [row("worker_stopped"), row("not_checked")],
    /worker has stopped/,
  ],
  ["a paused one neither", [row("worker_stopped"), row(null, { paused: true, stale: false })], /worker has stopped/],
  ["all too old with no reason is said as well", [row("not_checked"), row("not_checked")], /nothing says why/],
  ["one that is up is enough to say nothing", [row("worker_stopped"), row(null, { status: "up", stale: false })], null],
  ["servers that wait for their first verdict are no fault", [row("not_checked", { stale: false })], null],
  ["a rate limit is no stop of ours", [row("rate_limited", { stale: false })], null],
  [
    "a rate limit beside a stop: not everything stopped",
    [row("worker_stopped"), row("rate_limited", { stale: false })],
    null,
  ],
  ["no server, nothing to say", [], null],
])("%s", (_, rows, says) => {
  const answer = nothingChecked(rows);
  if (says === null) expect(answer).toBeNull();
  else expect(answer).toMatch(says);
});
