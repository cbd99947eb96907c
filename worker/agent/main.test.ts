import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { tokenOf } from "#lib/domain/region";
import { given } from "./main.ts";

const TOKEN = tokenOf("0123456789ab", "A".repeat(43));
const NONE: Parameters<typeof given>[1] = { TOCSIN_EGRESS_TARGETS: [], LOG_LEVEL: "info" };

describe("what an agent is told", () => {
  test.each(["https://agents.example.com", "http://127.0.0.1:4400", "http://localhost:1", "http://[::1]:1"])(
    "%s is a home that it calls",
    (url) => {
      expect(given(["--url", url, "--token", TOKEN], NONE).url.origin).toBe(url);
    },
  );

  test.each(["http://agents.example.com", "http://10.0.0.1", "http://127.0.0.1.example.com"])(
    "it does not send its token to %s in clear, unless that is said",
    (url) => {
      expect(() => given(["--url", url, "--token", TOKEN], NONE)).toThrow(/in clear/);
      expect(given(["--url", url, "--token", TOKEN, "--allow-http"], NONE).url.origin).toBe(url);
    },
  );

  test("the token may come from a file or the environment, and never stands in an error", () => {
    const folder = mkdtempSync(join(tmpdir(), "agent-"));
    const file = join(folder, "token");
    writeFileSync(file, `${TOKEN}\n`);
    const url = ["--url", "https://a.example.com"];
    expect(given([...url, "--token-file", file], NONE).token).toBe(TOKEN);
    expect(given(url, { ...NONE, TOCSIN_AGENT_TOKEN: TOKEN }).token).toBe(TOKEN);
    rmSync(folder, { recursive: true });
    const wrong = `${TOKEN}secret`;
    expect(() => given([...url, "--token", wrong], NONE)).toThrow(/^Give the region's token/);
    expect(() => given(["--token", TOKEN], NONE)).toThrow(/Say where agents are served/);
  });
});
