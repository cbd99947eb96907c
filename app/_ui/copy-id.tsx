"use client";
import { Check, Copy } from "lucide-react";
import { useState } from "react";

/** Ids, hashes and addresses in monospace; a click copies the whole value. */
export function CopyId({ value, shown, what }: { value: string; shown?: string; what: string }) {
  const [copied, setCopied] = useState(false);
  async function copy() {
    await navigator.clipboard.writeText(value);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  }
  return (
    <button
      type="button"
      onClick={copy}
      title={value}
      className="inline-flex min-h-6 max-w-full items-center gap-1.5 rounded px-1 py-0.5 font-mono text-xs text-ink-2 hover:bg-raised hover:text-ink"
    >
      <span className="sr-only">Copy {what}</span>
      <span className="truncate">{shown ?? value}</span>
      {copied ? (
        <Check size={12} className="shrink-0 text-up" aria-hidden="true" />
      ) : (
        <Copy size={12} className="shrink-0 text-ink-3" aria-hidden="true" />
      )}
      <span role="status" className="sr-only">
        {copied ? "Copied" : ""}
      </span>
    </button>
  );
}
