import { genericPosted } from "#lib/domain/generic-alert";
import { answer, taken } from "../../../_server/hook.ts";
import { takeAlerts } from "../../../_server/source-hook.ts";

const HOOK = { road: "generic", endsUnsent: false, read: genericPosted } as const;

/** One alert of any script, as docs/inbound.md describes it. */
export async function POST(request: Request): Promise<Response> {
  return answer(async () => {
    await takeAlerts(HOOK, request);
    return taken(202);
  });
}
