// Buttons in Slack. The signature is over the raw bytes; which sink it is about stands in the button's own reference.
import { fromOutside } from "#lib/commands/incident/from-outside";
import { slackSigned } from "#lib/domain/signature";
import { slackClick } from "#lib/domain/vendor-call";
import { inboundSecrets } from "#lib/queries/sink-inbound";
import { ownSlackSecrets, refIn } from "../../../_server/act-ref.ts";
import { now } from "../../../_server/clock.ts";
import { db } from "../../../_server/db.ts";
import { sourceAddress } from "../../../_server/from.ts";
import { answer, bytesOf, jsonIn, SMALL, stranger, taken } from "../../../_server/hook.ts";

const KIND = { kind: "slack" } as const;

export async function POST(request: Request): Promise<Response> {
  return answer(async () => {
    const body = await bytesOf(request, SMALL);
    const at = now();
    const headers = {
      signature: request.headers.get("x-slack-signature"),
      timestamp: request.headers.get("x-slack-request-timestamp"),
    };
    const click = clickIn(body);
    const ref = click === null ? null : refIn(click.ref);
    const sink = ref === null || ref === "over" ? null : { tenantId: ref.tenantId, sinkId: ref.sinkId, ...KIND };
    const secrets = [...ownSlackSecrets(), ...(sink === null ? [] : await inboundSecrets(db(), sink, at))];
    if (!slackSigned(secrets, headers, body, at)) return stranger(request);
    // Signed, and not one of our buttons, or one whose time is over: nothing follows, and Slack is content.
    if (click === null || sink === null || ref === null || ref === "over") return taken();
    const { verb, who, key } = click;
    await fromOutside(
      db(),
      {
        ...{ tenantId: sink.tenantId, sinkId: sink.sinkId, road: "slack", key, verb, who },
        ...{ incident: { id: ref.incidentId }, from: sourceAddress(request.headers) },
      },
      at,
    );
    return taken();
  });
}

/** Read before it is believed, only to find by whose secret it is to be checked. */
function clickIn(body: Uint8Array): ReturnType<typeof slackClick> {
  const payload = new URLSearchParams(new TextDecoder().decode(body)).get("payload");
  if (payload === null) return null;
  try {
    return slackClick(jsonIn(new TextEncoder().encode(payload)));
  } catch {
    return null;
  }
}
