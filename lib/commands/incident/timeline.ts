// Writes decisions to an incident's timeline, in the order they were taken, in the transaction that acts on them.
import type { Prisma, Tx } from "#lib/adapters/db";
import { DECISIONS, type EventDraft } from "#lib/domain/event";
import { cleanText } from "#lib/domain/text";

export async function writeTimeline(
  tx: Tx,
  of: { tenantId: string; incidentId: string; actorId?: string },
  drafts: readonly EventDraft[],
  now: Date,
): Promise<void> {
  if (drafts.length === 0) return;
  await tx.incidentEvent.createMany({
    data: drafts.map(({ decision, sentence, data }) => ({
      tenantId: of.tenantId,
      incidentId: of.incidentId,
      at: now,
      stage: DECISIONS[decision],
      decision,
      sentence: cleanText(sentence, 1000),
      actorId: of.actorId ?? null,
      data: (data ?? {}) as Prisma.InputJsonObject,
    })),
  });
}
