// Three projects by what they need: unit nothing, store PostgreSQL and Redis, scenario the real processes as well.
import { defineConfig } from "vitest/config";
import { CHECKOUT } from "./places.ts";

const never = ["**/node_modules/**", ".next/**", ".tocsin/**", "generated/**", "e2e/**"];

export default defineConfig({
  root: CHECKOUT,
  test: {
    passWithNoTests: false,
    // The machine may have two cores and runs PostgreSQL, Redis and servers beside the tests.
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: [
            "lib/**/*.test.ts",
            "app/**/*.test.{ts,tsx}",
            "worker/**/*.test.ts",
            "start/**/*.test.ts",
            "prisma/**/*.test.ts",
          ],
          exclude: [...never, "**/*.store.test.ts", "**/*.scenario.test.ts", "worker/scenarios/**"],
          testTimeout: 30_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "store",
          include: ["{lib,app,worker,start,prisma}/**/*.store.test.ts"],
          exclude: never,
          testTimeout: 30_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: "scenario",
          include: ["worker/scenarios/**/*.test.ts", "start/**/*.scenario.test.ts"],
          exclude: never,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // Most of each is waiting for processes of its own; none judges by less than seconds.
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
