// The hostile servers of the bench in a process of their own, so that what they cost is not taken for the product's.
import { hostileServer } from "#lib/testing/hostile";
import { rawServer } from "#lib/testing/servers";

const KINDS = [
  "an endless event stream",
  "a gzip bomb",
  "ten thousand tools",
  "JSON a hundred thousand levels deep",
] as const;

const poured = await Promise.all(KINDS.map((kind) => hostileServer(kind)));
const loris = await rawServer((socket) => {
  const drip = setInterval(() => socket.write("H"), 1_000);
  socket.on("close", () => clearInterval(drip));
});
const silent = await rawServer(() => {});
process.send?.([...poured, loris, silent].map((s) => s.url));
process.on("disconnect", () => process.exit(0));
