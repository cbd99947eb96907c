import type { Metadata } from "next";
import { serverCredential } from "#lib/queries/credential";
import { CredentialView } from "../../../../_parts/credential-view.tsx";
import { found, idOr404, read } from "../../../../_server/read.ts";
import { allowed, can } from "../../../../_server/session.ts";
import { deleteCredentialAction, setCredentialAction } from "../../actions.ts";

export const metadata: Metadata = { title: "Sign-in" };

const ACTIONS = { set: setCredentialAction, remove: deleteCredentialAction };

export default async function CredentialPage({ params }: { params: Promise<{ id: string }> }) {
  const given = (await params).id;
  const who = await allowed("server.read", `/portal/servers/${encodeURIComponent(given)}/credential`);
  const id = idOr404(given);
  const page = found(await read(who, (tx) => serverCredential(tx, id)));
  return <CredentialView page={page} may={can(who, "server.credential")} actions={ACTIONS} />;
}
