// Silences as the pipeline asks for them.
import type { Tx } from "#lib/adapters/db";
import { draft } from "#lib/domain/event";
import type { Silence } from "#lib/domain/silence";

export const silenced = (silence: Silence) =>
  draft(
    "silenced",
    `Silenced until ${silence.endsAt.toISOString().slice(0, 16).replace("T", " ")} UTC (${silence.comment}); if it still fails then, the policy starts there.`,
    { silenceId: silence.id, until: silence.endsAt.toISOString() },
  );

/** The next step waits for the silence's end; the incident itself goes on. */
export async function hold(tx: Tx, incidentId: string, silence: Pick<Silence, "id" | "endsAt">): Promise<void> {
  await tx.$executeRaw`UPDATE incident SET silence_id = ${silence.id}::uuid, next_step_at = ${silence.endsAt}
    WHERE tenant_id = app.tenant() AND id = ${incidentId}::uuid AND state = 'open'`;
  // Somebody may have ended it between our look and now, and cannot have seen this incident: its end counts all the same.
  // The foreign key made us wait for them; endSilence() waits for us where we were first.
  await tx.$executeRaw`UPDATE incident i SET next_step_at = s.ends_at FROM silence s WHERE i.tenant_id = app.tenant() AND i.id = ${incidentId}::uuid
    AND s.tenant_id = i.tenant_id AND s.id = i.silence_id AND s.ends_at < i.next_step_at AND i.state = 'open'`;
}
