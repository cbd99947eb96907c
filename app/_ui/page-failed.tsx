"use client";
import { type ComponentType, type ReactNode, useEffect } from "react";
import { Button } from "./button.tsx";

export interface PageFailedProps {
  error: Error & { digest?: string };
  reset: () => void;
}

/** What a failed page says, in whichever frame still stands around it. */
export function PageFailed({
  frame: Frame,
  error,
  reset,
}: PageFailedProps & { frame: ComponentType<{ title: string; children: ReactNode }> }) {
  useEffect(() => console.error(error.digest ?? "page failed"), [error]);
  return (
    <Frame title="This page could not be shown">
      <p>Checking and paging go on: they do not need this console. Try again; if it stays, the database may be away.</p>
      {error.digest !== undefined && (
        <p>
          Reference for the operator: <code className="font-mono text-ink">{error.digest}</code>
        </p>
      )}
      <Button look="primary" onClick={reset}>
        Try again
      </Button>
    </Frame>
  );
}
