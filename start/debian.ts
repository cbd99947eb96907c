// A Debian package with what it needs, unpacked into a folder without installing anything: apt downloads, dpkg unpacks.
import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const NAME = /^[a-z0-9][a-z0-9+.:-]*$/;

/**
 * @param into where usr/, lib/ … of the package and of its missing dependencies appear
 * @param aptState package lists of our own, fetched when the system's are absent or stale; needs no root
 * @throws Error with apt's last words
 */
export async function downloadPackage(name: string, into: string, aptState: string): Promise<void> {
  const packages = join(into, ".packages");
  mkdirSync(packages, { recursive: true });
  let options: string[] = [];
  try {
    await fetchAll(name, packages, options);
  } catch {
    options = privateState(aptState);
    await apt([...options, "update"], packages);
    await fetchAll(name, packages, options);
  }
  for (const file of readdirSync(packages).filter((f) => f.endsWith(".deb")))
    await run("dpkg", ["-x", join(packages, file), into], { timeout: 120_000 });
  rmSync(packages, { recursive: true, force: true });
}

/** What an installation would add to this machine is exactly what is missing here. */
async function fetchAll(name: string, cwd: string, options: string[]): Promise<void> {
  const { stdout } = await apt(
    [...options, "-s", "-o", "APT::Get::Upgrade=false", "install", "--no-install-recommends", name],
    cwd,
  );
  const missing = [...stdout.matchAll(/^Inst (\S+)/gm)].map((m) => m[1] ?? "").filter((n) => NAME.test(n));
  const wanted = missing.length > 0 ? missing : [name];
  for (const old of readdirSync(cwd)) rmSync(join(cwd, old), { force: true });
  await apt([...options, "download", ...wanted], cwd);
}

function privateState(folder: string): string[] {
  for (const part of ["lists/partial", "cache/archives/partial"]) mkdirSync(join(folder, part), { recursive: true });
  return [
    "-o",
    `Dir::State::lists=${join(folder, "lists")}`,
    "-o",
    `Dir::Cache=${join(folder, "cache")}`,
    "-o",
    "APT::Sandbox::User=",
    "-o",
    "Debug::NoLocking=true",
  ];
}

async function apt(args: string[], cwd: string): Promise<{ stdout: string }> {
  try {
    return await run("apt-get", ["-q", ...args], {
      cwd,
      timeout: 180_000,
      maxBuffer: 16 * 1024 * 1024,
      env: { ...process.env, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" },
    });
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new Error(`apt-get ${args.at(-1)}: ${(stderr ?? String(error)).trim().split("\n").slice(-3).join(" ")}`);
  }
}
