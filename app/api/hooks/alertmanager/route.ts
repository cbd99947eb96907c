import { webhookPosted } from "#lib/domain/alertmanager";
import { TocsinError } from "#lib/domain/error";
import { answer, taken } from "../../../_server/hook.ts";
import { takeAlerts } from "../../../_server/source-hook.ts";

const HOOK = { road: "alertmanager", endsUnsent: false, read: webhookPosted } as const;

/** What an Alertmanager sends to a webhook receiver, version 4. It sends again after a 5xx alone. */
export async function POST(request: Request): Promise<Response> {
  return answer(async () => {
    const { refused } = await takeAlerts(HOOK, request);
    if (refused.length > 0) throw new TocsinError("E_INVALID", refused.slice(0, 5).join(" ").slice(0, 900));
    return taken();
  });
}
