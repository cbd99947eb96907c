import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { expect, test } from "./fixtures.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => probe.once("listening", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}

let server: ChildProcess | undefined;
let url = "";

test.beforeAll(async () => {
  const port = await freePort();
  url = `http://127.0.0.1:${port}/mcp`;
  server = spawn(
    process.execPath,
    [
      "--import",
      "./start/fleet/loopback.mjs",
      "node_modules/@modelcontextprotocol/server-everything/dist/index.js",
      "streamableHttp",
    ],
    {
      cwd: ROOT,
      env: { ...process.env, PORT: String(port) },
      stdio: "ignore",
    },
  );
  await expect
    .poll(
      () =>
        fetch(url).then(
          () => true,
          () => false,
        ),
      { timeout: 20_000 },
    )
    .toBe(true);
});
test.afterAll(() => {
  server?.kill("SIGKILL");
});

test("somebody pastes an address and watches its first probe, step by step, from every region", async ({ as }) => {
  const page = await as("operator", { to: "/servers/new" });
  await page.getByLabel("Address").fill(url);
  await page.getByLabel("Name").fill("Pasted by hand");
  await page.getByRole("button", { name: "Register and check now" }).click();
  await page.waitForURL(/\/servers\/[0-9a-f-]{36}\?look=/);
  const look = page
    .getByRole("region", { name: "First look" })
    .or(page.getByRole("region", { name: "Look asked for by hand" }));
  await expect(look).toBeVisible();
  await expect(look.getByText("Done.")).toBeVisible({ timeout: 50_000 });
  const regions = look.getByRole("heading", { level: 3 });
  expect(await regions.count()).toBeGreaterThanOrEqual(3);
  for (const heading of await regions.all()) await expect(heading).toContainText("Up");
  expect(await look.getByRole("listitem").count()).toBeGreaterThanOrEqual(3 * 3);
});

test.describe("an address that cannot be probed is refused beside its field", () => {
  for (const [what, address, sentence] of [
    ["no address", "my server", /no web address/],
    ["a password inside", "https://user:pw@mcp.example.com/mcp", /Leave user name and password out/],
    ["the machine's metadata service", "http://169.254.169.254/latest/meta-data", /./],
  ] as const) {
    test(what, async ({ as }) => {
      const page = await as("operator", { to: "/servers/new" });
      await page.getByLabel("Address").fill(address);
      await page.getByRole("button", { name: "Register and check now" }).click();
      await expect(page.getByLabel("Address")).toHaveAttribute("aria-invalid", "true");
      await expect(page.getByRole("alert").first()).toHaveText(sentence);
      await expect(page.getByLabel("Address")).toHaveValue(address);
    });
  }
});
