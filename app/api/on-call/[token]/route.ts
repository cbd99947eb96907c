// The calendar of a schedule, for whoever has its address: names of who is on call, and nothing else of the tenant.
import ical from "ical-generator";
import { TocsinError } from "#lib/domain/error";
import { cleanText } from "#lib/domain/text";
import { type Feed, feed, readFeedToken } from "#lib/queries/feed";
import { now } from "../../../_server/clock.ts";
import { db } from "../../../_server/db.ts";
import { answer } from "../../../_server/hook.ts";
import { addressKey, limitBefore } from "../../../_server/limit.ts";

const NOBODY = "00000000-0000-0000-0000-000000000000";

export async function GET(request: Request, { params }: { params: Promise<{ token: string }> }): Promise<Response> {
  return answer(async () => {
    await limitBefore("calendar", addressKey(request.headers));
    const asked = readFeedToken((await params).token.replace(/\.ics$/, ""));
    const found =
      asked === null
        ? null
        : await db().withTenant({ tenantId: asked.tenantId, actorId: NOBODY, readOnly: true }, (tx) =>
            feed(tx, asked, now()),
          );
    // An address that was taken back, one of a removed schedule and one that never was are the same answer.
    if (found === null) throw new TocsinError("E_NOT_FOUND", "No calendar has this address: ask for a new one.");
    return new Response(calendar(found, now()), {
      headers: { "content-type": "text/calendar; charset=utf-8", "cache-control": "private, no-store" },
    });
  });
}

/** Each turn with the same id as long as it begins at the same moment: a calendar then changes it in place. */
function calendar({ id, name, shifts }: Feed, at: Date): string {
  const made = ical({ name: cleanText(`On call: ${name}`, 120), prodId: { company: "Tocsin", product: "On call" } });
  for (const shift of shifts) {
    if (shift.personId === null) continue;
    made.createEvent({
      id: `${id}-${shift.from}@tocsin`,
      stamp: at,
      start: new Date(shift.from),
      end: new Date(shift.to),
      summary: cleanText(`${shift.who}: on call, ${name}`, 200),
    });
  }
  return made.toString();
}
