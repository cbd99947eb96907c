// As an Alertmanager answers: 200 without a body, 400 with one sentence as JSON text. Never 429, and no other 4xx for
// what is valid: Prometheus drops what is refused, and sends again what is answered with 503.
import { TocsinError } from "#lib/domain/error";
import { alertsPosted } from "#lib/domain/alertmanager";
import { answer, taken } from "../../../_server/hook.ts";
import { takeAlerts } from "../../../_server/source-hook.ts";

const HOOK = { road: "alertmanager", endsUnsent: true, read: alertsPosted } as const;

export async function POST(request: Request): Promise<Response> {
  return answer(async () => {
    try {
      const { refused } = await takeAlerts(HOOK, request);
      return refused.length === 0 ? taken() : sentence(refused.slice(0, 5).join(" "));
    } catch (error) {
      if (error instanceof TocsinError && ["E_INVALID", "E_UNKNOWN_FIELD"].includes(error.code))
        return sentence(error.message);
      throw error;
    }
  });
}

const sentence = (text: string): Response =>
  new Response(JSON.stringify(text), {
    status: 400,
    headers: { "content-type": "application/json", "cache-control": "no-store", "x-tocsin-code": "E_INVALID" },
  });
