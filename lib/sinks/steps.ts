// A delivery may need several requests. How many are done is remembered under the delivery's own id, because an
// incident's deliveries to one sink share their memory.
import type { SinkMemory } from "../domain/delivery.ts";
import type { RenderContext } from "./sink.ts";

type Place = Pick<RenderContext<unknown>, "deliveryId" | "memory">;

/** How many of this delivery's requests were answered well. */
export function stepsDone({ deliveryId, memory }: Place): number {
  const at = String(memory["at"] ?? "");
  return at.startsWith(`${deliveryId}:`) ? Number(at.slice(deliveryId.length + 1)) || 0 : 0;
}

/** Memory after one more of them. */
export function stepDone(place: Place, more: SinkMemory = {}): SinkMemory {
  return { ...more, at: `${place.deliveryId}:${stepsDone(place) + 1}` };
}

/** Memory when nothing more is to be sent, whatever the plan was. */
export function allDone(place: Place, more: SinkMemory = {}): SinkMemory {
  return { ...more, at: `${place.deliveryId}:99` };
}
