import type { Metadata } from "next";
import { NewSink } from "../../../../_parts/new-sink.tsx";
import { param, type SearchParams } from "../../../../_server/query.ts";
import { enter } from "../../../_parts/enter.ts";
import { portalCreateSink } from "../actions.ts";

export const metadata: Metadata = { title: "Add a sink" };

export default async function PortalNewSinkPage({ searchParams }: { searchParams: SearchParams }) {
  await enter("/portal/sinks/new");
  return <NewSink picked={await param(searchParams, "kind")} action={portalCreateSink} base="/portal" />;
}
