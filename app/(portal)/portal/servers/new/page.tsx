import type { Metadata } from "next";
import { tenantTier } from "#lib/queries/tenant";
import { RegisterServer } from "../../../../_parts/register-server.tsx";
import { read } from "../../../../_server/read.ts";
import { enter } from "../../../_parts/enter.ts";
import { portalRegisterServer } from "../actions.ts";

export const metadata: Metadata = { title: "Register a server" };

export default async function PortalNewServerPage() {
  const who = await enter("/portal/servers/new");
  return <RegisterServer tier={await read(who, (tx) => tenantTier(tx, who.seat.id))} action={portalRegisterServer} />;
}
