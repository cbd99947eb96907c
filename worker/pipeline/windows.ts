// What was planned: silences and maintenance windows, asked for in one question, because it is asked on the way to every
// page. Of several that hold, the one that ends last decides.
import { silencing } from "#lib/domain/silence";
import { draft } from "#lib/domain/event";
import { describeRule, type Holding, holdingWindow, ruleOfRow } from "#lib/domain/window";
import type { Hold, HoldRule } from "./holds.ts";
import { plansOf } from "./shared.ts";
import { silenced } from "./silences.ts";

export const byPlan: HoldRule = async (ask) => {
  const { tx, incident, now } = ask;
  const rows = await plansOf(ask);
  if (rows.length === 0) return null;
  const silence = silencing(
    rows.filter((r) => r.serverIds === null),
    incident.serverId,
    now,
  );
  const windows = rows.flatMap(({ id, comment, serverIds, rule: raw }) => {
    const rule = serverIds === null ? null : ruleOfRow(raw);
    return rule === null || serverIds === null ? [] : [{ id, comment, serverIds, rule }];
  });
  const holding = holdingWindow(windows, incident.serverId, now);
  if (holding !== null && (silence === null || holding.end > silence.endsAt.getTime())) {
    // Whoever changes or removes the window takes this lock alone: they see this incident, or we see what they did.
    await tx.$queryRaw`SELECT pg_advisory_xact_lock_shared(hashtextextended(${`window:${holding.window.id}`}, 0))::text`;
    const still = await tx.$queryRaw<unknown[]>`SELECT 1 FROM maintenance_window WHERE tenant_id = app.tenant()
      AND id = ${holding.window.id}::uuid AND removed_at IS NULL AND server_ids = ${[...holding.window.serverIds]}::uuid[] AND rule = ${JSON.stringify(rows.find((r) => r.id === holding.window.id)?.rule)}::jsonb`;
    if (still.length > 0) return windowHold(holding);
  }
  return silence === null ? null : { kind: "silence", ref: silence.id, until: silence.endsAt, said: silenced(silence) };
};

function windowHold({ window, end }: Holding): Hold {
  const until = new Date(end);
  const at = until.toISOString().slice(0, 16).replace("T", " ");
  return {
    kind: "window",
    ref: window.id,
    until,
    said: draft(
      "held",
      `Planned work until ${at} UTC (${window.comment}; ${describeRule(window.rule)}): nobody is told before that, and what still fails then is told once.`,
      { kind: "window", windowId: window.id, until: until.toISOString() },
    ),
  };
}
