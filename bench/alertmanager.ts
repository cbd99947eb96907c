// Prometheus Alertmanager on the same machine, as fast as it goes: every alert its own group, no waiting. What it knows
// is in memory: an alert that was accepted and not yet told is gone with the process.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { freePort } from "#lib/testing/servers";

export interface Alertmanager {
  /** Resolves when they are accepted. */
  alert(...ids: string[]): Promise<void>;
  stop(): Promise<void>;
}

/** @returns null where it is not installed */
export async function alertmanager(to: string): Promise<Alertmanager | null> {
  const path = (process.env.PATH ?? "").split(delimiter);
  const program = ["prometheus-alertmanager", "alertmanager"]
    .flatMap((name) => path.map((folder) => join(folder, name)))
    .find((file) => existsSync(file));
  if (program === undefined) return null;
  const dir = mkdtempSync(join(tmpdir(), "tocsin-bench-am-"));
  writeFileSync(
    join(dir, "config.yml"),
    `route: { receiver: bench, group_by: ["..."], group_wait: 0s, group_interval: 1h, repeat_interval: 24h }
receivers: [{ name: bench, webhook_configs: [{ url: "${to}alerts", send_resolved: false }] }]\n`,
  );
  const port = await freePort();
  const child = spawn(
    program,
    [
      `--config.file=${join(dir, "config.yml")}`,
      `--storage.path=${dir}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--cluster.listen-address=",
      "--log.level=error",
    ],
    { stdio: ["ignore", "ignore", "ignore"] },
  );
  const base = `http://127.0.0.1:${port}`;
  for (let tries = 0; ; tries++) {
    const ready = await fetch(`${base}/-/ready`).then(
      (r) => r.ok,
      () => false,
    );
    if (ready) break;
    if (tries > 100) throw new Error("Alertmanager was not ready in time");
    await new Promise((again) => setTimeout(again, 100));
  }
  return {
    async alert(...ids) {
      const body = JSON.stringify(ids.map((id) => ({ labels: { alertname: "Down", id }, annotations: {} })));
      const headers = { "content-type": "application/json" };
      const answer = await fetch(`${base}/api/v2/alerts`, { method: "POST", headers, body });
      if (!answer.ok) throw new Error(`Alertmanager said ${answer.status}`);
      await answer.arrayBuffer();
    },
    async stop() {
      await ended(child);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function ended(child: ChildProcess): Promise<void> {
  const gone = new Promise((done) => child.once("exit", done));
  child.kill("SIGTERM");
  await gone;
}
