"use client";
import { useState } from "react";
import { type Finding, onlyGaps } from "#lib/domain/audit/finding";
import { Button } from "../../../_ui/button.tsx";
import { useHydrated } from "../../../_ui/hydrated.ts";

interface Result {
  findings: Finding[];
  count: number;
  events: number;
  checkpoint: { no: number; at: string } | null;
}
type State =
  | { step: "idle" }
  | { step: "running"; what: string; done: number; of: number }
  | { step: "done"; result: Result }
  | { step: "failed"; message: string };
interface Line {
  progress?: { what: string; done: number; of: number };
  result?: Result;
  error?: string;
}

const FAILED = "The answer did not arrive whole. Nothing is proven either way: try again.";

/** Computes every hash, link, root and signature again, on the server, while the page shows how far it is. */
export function Verify() {
  const [state, setState] = useState<State>({ step: "idle" });
  const ready = useHydrated();
  async function run() {
    setState({ step: "running", what: "events", done: 0, of: 0 });
    let ended = false;
    try {
      const response = await fetch("/audit/verify", { method: "POST" });
      if (!response.ok || response.body === null) {
        const { title } = (await response.json()) as { title?: string };
        setState({ step: "failed", message: title ?? FAILED });
        return;
      }
      for await (const line of linesOf(response.body)) {
        if (line.progress) setState({ step: "running", ...line.progress });
        if (line.result) setState({ step: "done", result: line.result });
        if (line.error) setState({ step: "failed", message: line.error });
        ended ||= line.result !== undefined || line.error !== undefined;
      }
      if (!ended) setState({ step: "failed", message: FAILED });
    } catch {
      setState({ step: "failed", message: FAILED });
    }
  }
  return (
    <div className="flex min-w-0 flex-col gap-3">
      <div className="flex flex-wrap items-center gap-3">
        <Button look="primary" disabled={!ready || state.step === "running"} onClick={() => void run()}>
          {state.step === "running" ? "Verifying…" : "Verify this log"}
        </Button>
        {state.step === "running" && (
          <label className="flex items-center gap-2 text-xs text-ink-2">
            <progress value={state.done} max={Math.max(1, state.of)} className="h-2 w-40" />
            <span className="tabular">
              {state.what} {state.done.toLocaleString("en")} of {state.of.toLocaleString("en")}
            </span>
          </label>
        )}
      </div>
      <div role="status">
        {state.step === "done" && <Outcome result={state.result} />}
        {state.step === "failed" && <p className="text-sm text-down">{state.message}</p>}
      </div>
    </div>
  );
}

function Outcome({ result }: { result: Result }) {
  const gaps = result.count > 0 && onlyGaps(result.findings) && result.count === result.findings.length;
  const checked = `${result.events.toLocaleString("en")} events and ${result.checkpoint ? `checkpoints up to #${result.checkpoint.no}` : "no checkpoint"} were checked.`;
  if (result.count === 0) return <p className="text-sm text-up">● Nothing was changed. {checked}</p>;
  return (
    <div className="text-sm">
      <p className={gaps ? "text-degraded" : "text-down"}>
        {gaps
          ? `▲ Nothing was changed, but ${result.count} times passed without a checkpoint. ${checked}`
          : `■ ${result.count} findings. ${checked}`}
      </p>
      <ul className="mt-2 flex max-h-64 flex-col gap-1 overflow-auto text-xs text-ink-2">
        {result.findings.map((f) => (
          <li key={`${f.code} ${f.where} ${f.sentence}`} className="break-words">
            <span className="font-mono">{f.code}</span> {f.where}: {f.sentence}
          </li>
        ))}
      </ul>
    </div>
  );
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Line> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let rest = "";
  for (let step = await reader.read(); !step.done; step = await reader.read()) {
    const parts = (rest + step.value).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) if (part !== "") yield JSON.parse(part) as Line;
  }
}
