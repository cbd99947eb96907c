import { defineConfig } from "@playwright/test";
import { at } from "./where.ts";

// One browser at a time: the machine may have two cores, and the whole product runs beside it.
export default defineConfig({
  testDir: ".",
  outputDir: "../test-results",
  workers: 1,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  forbidOnly: true,
  use: {
    baseURL: at.console,
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    viewport: { width: 1440, height: 900 },
    screenshot: "only-on-failure",
    launchOptions: {
      ...(at.chromium === undefined ? {} : { executablePath: at.chromium }),
      // Chromium refuses its sandbox to root; the pages are our own.
      args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
    },
  },
});
