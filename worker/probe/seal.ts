// The sweep: a slot whose time is over is closed with whatever its regions wrote, also with nothing at all.
import type { Redis } from "ioredis";
import { crashPoint } from "#lib/adapters/crash";
import { dueMember, SLOT_TTL_S, shutBit, type SlotId, slotKeys, withScripts } from "./slots.ts";

const PAGE = 500;

/** Any number of processes may sweep at once. @returns how many slots this sweep closed */
export async function sealDue(redis: Redis, prefix: string, now: Date): Promise<number> {
  const scripted = withScripts(redis);
  let closed = 0;
  for (;;) {
    const members = await redis.zrangebyscore(`${prefix}:due`, "-inf", now.getTime(), "LIMIT", 0, PAGE);
    const answers = await Promise.all(
      members.map((member) => {
        const id = parse(member);
        return scripted.tocsinSeal(...slotKeys(prefix, id), shutBit(id.slot), SLOT_TTL_S, dueMember(id));
      }),
    );
    if (answers.includes("sealed")) crashPoint("after_seal");
    closed += answers.filter((a) => a === "sealed").length;
    if (members.length < PAGE) return closed;
  }
}

function parse(member: string): Pick<SlotId, "serverId" | "slot"> {
  const [serverId = "", slot = "0"] = member.split("|");
  return { serverId, slot: Number(slot) };
}
