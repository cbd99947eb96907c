"use server";
import { revokeAddress } from "#lib/commands/address/revoke";
import { addTenant } from "#lib/commands/tenant/add";
import { changeTenant } from "#lib/commands/tenant/change";
import { act, text } from "../../_server/action.ts";
import { askInstead } from "../../_server/ask.ts";
import type { FormState } from "../../_ui/form-state.ts";

export async function addTenantAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const { id } = await run(addTenant, {
      slug: text(form, "slug"),
      name: text(form, "name"),
      tier: text(form, "tier"),
    });
    return { to: `/tenants/${id}` };
  });
}

export async function changeTenantAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(changeTenant, {
      tenantId: text(form, "tenantId"),
      name: text(form, "name"),
      tier: text(form, "tier"),
    });
    return "Saved.";
  });
}

export async function askAllowAction(_: FormState, form: FormData): Promise<FormState> {
  return act((doing) =>
    askInstead(
      doing,
      "address.allow",
      { tenantId: text(form, "tenantId"), cidr: text(form, "cidr"), ports: text(form, "ports") },
      text(form, "why"),
    ),
  );
}

export async function revokeAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const { cidr } = await run(revokeAddress, { tenantId: text(form, "tenantId"), id: text(form, "id") });
    return `${cidr} may no longer be reached.`;
  });
}

export async function askEraseAction(_: FormState, form: FormData): Promise<FormState> {
  return act((doing) => askInstead(doing, "tenant.erase", { tenantId: text(form, "tenantId") }, text(form, "why")));
}
