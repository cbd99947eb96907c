import type { Metadata } from "next";
import { portalCredential } from "#lib/queries/portal/credential";
import { CredentialView } from "../../../../../_parts/credential-view.tsx";
import { found, idOr404, read } from "../../../../../_server/read.ts";
import { can } from "../../../../../_server/session.ts";
import { enter } from "../../../../_parts/enter.ts";
import { portalDeleteCredential, portalSetCredential } from "../../actions.ts";

export const metadata: Metadata = { title: "Sign-in" };

const ACTIONS = { set: portalSetCredential, remove: portalDeleteCredential };

export default async function PortalCredentialPage({ params }: { params: Promise<{ id: string }> }) {
  const who = await enter("/portal/servers/[id]/credential");
  const id = idOr404((await params).id);
  const page = found(await read(who, (tx) => portalCredential(tx, id)));
  return <CredentialView page={page} may={can(who, "server.credential")} actions={ACTIONS} base="/portal" />;
}
