import { expect, test } from "vitest";
import { extraResult, failing, unseen } from "#lib/checks/extra";
import type { ExtraCheck } from "#lib/domain/extra-check/index";
import { settled } from "#lib/domain/extra-check/settle";
import type { Wire } from "../wire.ts";
import type { Looking } from "./looking.ts";
import { askSession } from "./session.ts";

const NOW = 1_000_000;
const check = {
  ...{ id: "6f0f2f5e-6a35-4d0c-9d3b-0f4a0c9a2f11", kind: "session", name: "Held", settings: { holdS: 60 } },
  ...{ everyS: 60, callsPerDay: 2_880 },
} as unknown as Extract<ExtraCheck, { kind: "session" }>;
const last = extraResult(check, failing("session_not_held", "The session held for 60 s is not known any more."), 1);
const planned = { check, last, due: true, spent: false, used: 1 };

test("a server that failed its session check and now speaks an era without sessions does not fail it for ever", async () => {
  const looking = { now: () => NOW, leftMs: () => 40_000 } as Looking;
  const { result } = await askSession(check, {} as Wire, "modern", undefined, looking);
  expect(settled(planned, result, 60, NOW)).toMatchObject({ status: "unknown", reason: null, at: NOW });
});

test("a look that could not be made is no recovery", () => {
  const fresh = extraResult(check, unseen("No session could be opened."), NOW);
  expect(settled(planned, fresh, 60, NOW)).toMatchObject({ status: "degraded" });
});
