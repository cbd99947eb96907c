import type { Metadata } from "next";
import { tenantTier } from "#lib/queries/tenant";
import { RegisterServer } from "../../../_parts/register-server.tsx";
import { read } from "../../../_server/read.ts";
import { allowed } from "../../../_server/session.ts";
import { registerServerAction } from "../actions.ts";

export const metadata: Metadata = { title: "Register a server" };

export default async function NewServerPage() {
  const who = await allowed("server.register");
  return <RegisterServer tier={await read(who, (tx) => tenantTier(tx, who.seat.id))} action={registerServerAction} />;
}
