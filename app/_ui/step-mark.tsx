import clsx from "clsx";

/** A step's outcome as sign and word: went well, was refused (which may be all right), got no answer. */
export function StepMark({ went }: { went: "well" | "refused" | "wrong" }) {
  const [sign, word, ink] = {
    well: ["✓", "good", "text-up"],
    refused: ["–", "refused", "text-ink-2"],
    wrong: ["✕", "failed", "text-down"],
  }[went] as [string, string, string];
  return (
    <span className={clsx("inline-block w-3 shrink-0 text-center", ink)}>
      <span aria-hidden="true">{sign}</span>
      <span className="sr-only">{word}</span>
    </span>
  );
}
