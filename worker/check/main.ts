import type { Asked } from "#lib/checks/look";
import { look } from "./look.ts";

process.once("message", async (asked: Asked) => {
  process.send?.(await look(asked), () => process.disconnect());
});
