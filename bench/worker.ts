// The whole worker per full check: queue, probers, sealing, decision, with every process of ours counted, beside
// Prometheus with blackbox_exporter doing as many single GETs. PostgreSQL and Redis stand in rows of their own.
import { benchBlackbox } from "./blackbox.ts";
import { between, type Fleet, product, type Spent } from "./product.ts";
import { type Row, round } from "./parts.ts";

/** As many checks as 2,000 servers every 10 s: 200 a second. A team's servers may be asked every 30 s, 250 of them. */
const FLEET: Fleet = {
  tenants: 24,
  servers: Number(process.env.BENCH_SERVERS ?? 6_000),
  intervalS: 30,
  regions: ["fra"],
  tier: "team",
};
const OURS = ["worker", "region", "probers"];

export async function benchWorker(seconds: number): Promise<Row[]> {
  return [...(await benchOurs(seconds)), ...(await benchBlackbox(seconds))];
}

async function benchOurs(seconds: number): Promise<Row[]> {
  const ours = await product(FLEET);
  try {
    // The first looks find eras, start processes and are decided one by one: no steady state before the sixth.
    await new Promise((warm) => setTimeout(warm, 5 * FLEET.intervalS * 1_000 + 5_000));
    const count = async () => Number((await ours.db.sql("SELECT count(*) AS n FROM probe_minute"))[0]?.n ?? 0);
    const [before, countBefore] = [ours.spent(), await count()];
    const start = performance.now();
    await new Promise((done) => setTimeout(done, seconds * 1_000));
    const [spent, checks] = [between(before, ours.spent()), (await count()) - countBefore];
    const wallS = (performance.now() - start) / 1_000;
    const bad = await ours.db.sql("SELECT status, reason, count(*) AS n FROM server_now GROUP BY 1, 2 ORDER BY 3 DESC");
    console.log(
      `${checks} full checks in ${round(wallS)} s (${round(checks / wallS)} a second); now: ${bad.map((r) => `${r.status} ${r.reason ?? ""} ${r.n}`).join(", ")}`,
    );
    const per1000 = (s: Spent) => round((s.cpuS * 1_000) / checks, 3);
    const sum = OURS.reduce((t, kind) => t + (spent.get(kind)?.cpuS ?? 0), 0);
    const mb = OURS.reduce((t, kind) => t + (spent.get(kind)?.rssMb ?? 0), 0);
    return [
      { what: "whole worker", "CPU-s per 1,000 checks": round((sum * 1_000) / checks, 3), "RSS MB": mb },
      ...[...spent].map(([kind, s]) => ({
        what: `  ${kind} (${s.processes})`,
        "CPU-s per 1,000 checks": per1000(s),
        "RSS MB": s.rssMb,
      })),
    ];
  } finally {
    await ours.stop();
  }
}
