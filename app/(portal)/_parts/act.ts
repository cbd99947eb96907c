import type { FormState } from "../../_ui/form-state.ts";
import { act, type Doing, type GoTo } from "../../_server/action.ts";
import { PORTAL_ACTIONS, type PortalAction } from "../allow-list.ts";

/**
 * The one road of the portal's actions. The command authorises as everywhere; here it is held besides to the
 * permission that the allow-list names for this action.
 */
export async function actInPortal(
  name: PortalAction,
  what: (doing: Doing) => Promise<string | GoTo>,
): Promise<FormState> {
  return act(
    (doing) =>
      what({
        ...doing,
        run: (command, input, why) => {
          const listed: string = PORTAL_ACTIONS[name];
          if (command.action !== listed) throw new Error(`${name} is listed with ${listed} and runs ${command.action}`);
          return doing.run(command, input, why);
        },
      }),
    "portal",
  );
}
