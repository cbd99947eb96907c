"use client";
import { useRouter } from "next/navigation";
import { useId } from "react";

/** Which tenant: stands in the address, so that a list of tenants can lead here. */
export function TenantChoice({ tenants, chosen }: { tenants: { slug: string; name: string }[]; chosen: string }) {
  const router = useRouter();
  const id = useId();
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="text-sm font-medium">
        Tenant
      </label>
      <select
        id={id}
        value={chosen}
        onChange={(event) => router.replace(`/visits/new?tenant=${encodeURIComponent(event.target.value)}`)}
        className="h-9 w-full rounded-md border border-line-strong bg-panel px-2.5 text-sm"
      >
        <option value="" disabled>
          Choose a tenant…
        </option>
        {tenants.map((tenant) => (
          <option key={tenant.slug} value={tenant.slug}>
            {tenant.name}
          </option>
        ))}
      </select>
    </div>
  );
}
