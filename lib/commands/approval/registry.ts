// Every command that takes two people, a line each. permissions.ts says which actions these are; approval.store.test.ts
// holds that none of them is missing here.
import { allowAddress } from "#lib/commands/address/allow";
import { rotateKey } from "#lib/commands/key/rotate";
import { cutRetention } from "#lib/commands/retention/cut";
import { bindDual } from "#lib/commands/role/bind";
import { unbindDual } from "#lib/commands/role/unbind";
import { rotateSecrets } from "#lib/commands/secret/rotate";
import { eraseTenant } from "#lib/commands/tenant/erase";
import type { DualName } from "#lib/domain/approval";
import type { Dual } from "./dual.ts";

export const DUALS = {
  "address.allow": allowAddress,
  "key.rotate": rotateKey,
  "retention.cut": cutRetention,
  "role.bind": bindDual,
  "role.unbind": unbindDual,
  "secret.rotate": rotateSecrets,
  "tenant.erase": eraseTenant,
} as const satisfies Record<DualName, unknown>;

export type { DualName };

/** @returns null for a name that an older or a newer version wrote */
export function dualOf(name: string): Dual | null {
  return Object.hasOwn(DUALS, name) ? (DUALS[name as DualName] as unknown as Dual) : null;
}
