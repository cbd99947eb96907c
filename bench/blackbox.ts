// Prometheus with blackbox_exporter asking 2,000 addresses every 10 s for a single GET each: what a general prober spends
// on looking at a status code, beside what a whole check costs us. Skipped, and said, where they are not on the PATH.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "#lib/testing/servers";
import { type Row, responder, round } from "./parts.ts";

const TARGETS = 2_000;
const INTERVAL_S = 10;
const onPath = (program: string): string | undefined =>
  (process.env.PATH ?? "")
    .split(":")
    .map((dir) => join(dir, program))
    .find((path) => existsSync(path));

export async function benchBlackbox(seconds: number): Promise<Row[]> {
  const prometheus = onPath("prometheus");
  const exporter = onPath("prometheus-blackbox-exporter") ?? onPath("blackbox_exporter");
  if (!prometheus || !exporter) {
    console.log("prometheus and prometheus-blackbox-exporter are not on the PATH: nothing to stand beside.");
    return [];
  }
  const dir = mkdtempSync(join(tmpdir(), "tocsin-bench-blackbox-"));
  const servers = await responder();
  const children: ChildProcess[] = [];
  try {
    const [exporterPort, prometheusPort] = [await freePort(), await freePort()];
    const targets = Array.from({ length: TARGETS }, (_, i) => `${servers.url}get/${i}`);
    writeFileSync(join(dir, "blackbox.yml"), "modules:\n  get:\n    prober: http\n    timeout: 5s\n");
    writeFileSync(join(dir, "targets.json"), JSON.stringify([{ targets }]));
    writeFileSync(
      join(dir, "prometheus.yml"),
      `global: {scrape_interval: ${INTERVAL_S}s}
scrape_configs:
  - job_name: get
    metrics_path: /probe
    params: {module: [get]}
    file_sd_configs: [{files: [${join(dir, "targets.json")}]}]
    relabel_configs:
      - {source_labels: [__address__], target_label: __param_target}
      - {source_labels: [__param_target], target_label: instance}
      - {target_label: __address__, replacement: "127.0.0.1:${exporterPort}"}
`,
    );
    const run = (program: string, ...args: string[]) =>
      children.push(spawn(program, args, { stdio: "ignore", cwd: dir }));
    run(exporter, `--config.file=${join(dir, "blackbox.yml")}`, `--web.listen-address=127.0.0.1:${exporterPort}`);
    run(
      prometheus,
      ...[`--config.file=${join(dir, "prometheus.yml")}`, `--storage.tsdb.path=${join(dir, "data")}`],
      `--web.listen-address=127.0.0.1:${prometheusPort}`,
    );
    await new Promise((warm) => setTimeout(warm, 3 * INTERVAL_S * 1_000));
    const [before, countBefore] = [children.map(used), await servers.gets()];
    await new Promise((done) => setTimeout(done, seconds * 1_000));
    const [after, gets] = [children.map(used), (await servers.gets()) - countBefore];
    const cpuS = after.map((a, i) => a.cpuS - (before[i]?.cpuS ?? 0));
    const row = (what: string, s: number, mb: number): Row => ({
      what,
      "CPU-s per 1,000 checks": round((s * 1_000) / gets, 3),
      "RSS MB": round(mb, 0),
    });
    const mb = after.reduce((sum, a) => sum + a.mb, 0);
    const total = cpuS.reduce((a, b) => a + b);
    console.log(`${gets} single GETs in ${seconds} s by Prometheus and blackbox_exporter`);
    return [
      row("Prometheus and blackbox_exporter, single GETs", total, mb),
      row("  blackbox_exporter", cpuS[0] ?? 0, after[0]?.mb ?? 0),
      row("  Prometheus", cpuS[1] ?? 0, after[1]?.mb ?? 0),
    ];
  } finally {
    for (const child of children) child.kill("SIGKILL");
    servers.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

function used(child: ChildProcess): { cpuS: number; mb: number } {
  const text = readFileSync(`/proc/${child.pid}/stat`, "latin1");
  const fields = text
    .slice(text.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
  return { cpuS: ((fields[11] ?? 0) + (fields[12] ?? 0)) / 100, mb: ((fields[21] ?? 0) * 4_096) / 1e6 };
}
