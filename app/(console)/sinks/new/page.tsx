import type { Metadata } from "next";
import { NewSink } from "../../../_parts/new-sink.tsx";
import { param, type SearchParams } from "../../../_server/query.ts";
import { allowed } from "../../../_server/session.ts";
import { createSinkAction } from "../actions.ts";

export const metadata: Metadata = { title: "Add a sink" };

export default async function NewSinkPage({ searchParams }: { searchParams: SearchParams }) {
  await allowed("sink.change");
  return <NewSink picked={await param(searchParams, "kind")} action={createSinkAction} />;
}
