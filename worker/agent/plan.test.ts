import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import type { OpenLease } from "#lib/adapters/secrets/lease";
import { slotOffset } from "#lib/domain/cadence";
import type { Batch } from "../agents/wire.ts";
import type { TargetExtras } from "../probe/extras/looking.ts";
import type { ProbeTarget } from "../probe/transcript.ts";
import { Plan } from "./plan.ts";

const MINUTE = 60_000;
const SLOT = 28_000_000 * MINUTE;

test("without its home an agent makes no call again that home counts and spaces out, and looks at no wall again", () => {
  const [tenantId, serverId] = [randomUUID(), randomUUID()];
  const extras: TargetExtras = {
    checks: [{ id: randomUUID(), kind: "session" } as unknown as TargetExtras["checks"][number]],
    allowedTools: [],
    held: {},
  };
  const target: ProbeTarget = {
    ...{ serverId, tenantId, url: "https://mcp.example.com/mcp", headers: { Authorization: "Bearer a-token" } },
    ...{ knownEra: null, extras, look: { discover: true } },
  };
  const job = { tenantId, slot: SLOT, intervalS: 60, servers: [{ id: serverId, expected: ["lab"] }] };
  const batch: Batch = {
    grant: { text: JSON.stringify({ region: "lab", job, until: SLOT + 60 * MINUTE }), mac: "m".repeat(43) },
    ...{ policy: { allow: [] }, open: [] },
    lease: { token: JSON.stringify({ notAfter: SLOT + 5 * MINUTE }), signature: "", sealed: { [serverId]: "" } },
  };
  const lease = { open: () => Buffer.from(JSON.stringify(target)), close: () => {} } as unknown as OpenLease;
  const plan = new Plan();
  expect(plan.take(batch, () => lease).targets).toEqual([target]);
  const due = SLOT + MINUTE + slotOffset(serverId, 60);
  const [piece] = plan.due(due - 1_000, due + 1_000);
  const { extras: _extras, look: _look, ...plain } = target;
  expect(piece?.targets).toStrictEqual([plain]);
});
