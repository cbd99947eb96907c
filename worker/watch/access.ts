// The watch over the emergency door: each use is an alert of its own, and tries that failed are one for as long as it is
// open. Nothing closes them but a person who has looked.
import { type Db, PLATFORM_TENANT, type Tx, WORKER_ACTOR } from "#lib/adapters/db";
import type { Reason } from "#lib/domain/reason";
import { unlookedVerdict } from "#lib/domain/verdict";
import { walk } from "../pipeline/decide.ts";
import type { Subject } from "../pipeline/passage.ts";

interface Use {
  id: string;
  kind: "used" | "failed";
  at: Date;
  account_id: string | null;
  name: string | null;
}

const AT_ONCE = 100;

/** One look. @returns how many uses were told of for the first time */
export async function watchAccess(db: Db, now: Date): Promise<number> {
  const uses = await db.global(
    (tx) => tx.$queryRaw<Use[]>`SELECT u.id::text AS id, u.kind, u.at, u.account_id::text AS account_id, b.name
      FROM break_glass_use u LEFT JOIN break_glass b ON b.id = u.account_id WHERE u.told_at IS NULL ORDER BY u.at LIMIT ${AT_ONCE}`,
  );
  let told = 0;
  for (const use of uses) if (await tell(db, use, now)) told++;
  return told;
}

/** The mark and the incident commit together: another watcher that looks at the same moment finds nothing to do. */
function tell(db: Db, use: Use, now: Date): Promise<boolean> {
  return db.withTenant({ tenantId: PLATFORM_TENANT, actorId: WORKER_ACTOR }, async (tx) => {
    const mine =
      await tx.$executeRaw`UPDATE break_glass_use SET told_at = ${now} WHERE id = ${use.id}::uuid AND told_at IS NULL`;
    if (mine === 0) return false;
    const { reason, sentence } = words(use);
    await walk(tx, {
      tenantId: PLATFORM_TENANT,
      subject: await subjectOf(tx, use),
      verdict: unlookedVerdict("unknown", reason, sentence),
      sealed: null,
      slot: now,
      now,
      atOnce: true,
      before: { bad: 0, good: 0, flips: [] },
    });
    return true;
  });
}

function words({ kind, name, at }: Use): { reason: Reason; sentence: string } {
  const when = `${at.toISOString().slice(0, 19).replace("T", " ")} UTC`;
  const who = name === null ? "a name that no account has" : `the account ${name}`;
  return kind === "used"
    ? {
        reason: "emergency_access",
        sentence: `Somebody signed in with ${who} at ${when}. The audit log says from where.`,
      }
    : {
        reason: "emergency_refused",
        sentence: `Somebody tried ${who} with a wrong secret at ${when}. The audit log says from where.`,
      };
}

async function subjectOf(tx: Tx, use: Use): Promise<Subject> {
  const rows = await tx.$queryRaw<{ name: string }[]>`SELECT name FROM tenant WHERE id = ${PLATFORM_TENANT}::uuid`;
  return {
    kind: "access",
    key: use.kind === "used" ? `access:${use.id}` : `access:failed-${use.account_id ?? "unknown"}`,
    serverId: null,
    name: use.name === null ? "Emergency door" : `Emergency account ${use.name}`,
    url: "",
    tenantName: rows[0]?.name ?? "Tocsin",
    weight: "own",
    // At once, and again at once: whoever closed the last one did not know of this one.
    ...{ fireAfter: 1, clearAfter: 1, intervalMs: 0 },
  };
}
