"use client";
import { InShell } from "../_ui/in-shell.tsx";
import { PageFailed, type PageFailedProps } from "../_ui/page-failed.tsx";

export default function ErrorPage(props: PageFailedProps) {
  return <PageFailed frame={InShell} {...props} />;
}
