"use client";
import { useEffect, useId, useRef, useState } from "react";
import { useNow } from "./now.tsx";
import { relative, utc } from "./time-words.ts";

export interface LatencyPoint {
  /** Epoch milliseconds of the slot. */
  slot: number;
  status: "up" | "degraded" | "down" | "unknown";
  /** region → ms; null: no answer. */
  regions: Record<string, number | null>;
  planned?: boolean;
}

const FIRST_WIDTH = 720;
const H = 180;
const PAD = { left: 52, right: 8, top: 8, bottom: 30 };
/** Regions are told apart by their dash, not by hue: hue is kept for state. */
const DASHES = ["", "5 3", "1.5 2.5", "8 3 1.5 3", "3 3"];
const STRIP: Record<LatencyPoint["status"], string> = {
  up: "var(--up)",
  degraded: "var(--degraded)",
  down: "var(--down)",
  unknown: "var(--line-strong)",
};

/** Latency per region over time, with a strip of verdicts under it. Empty when there is nothing. */
export function LatencyChart({ points, cities }: { points: LatencyPoint[]; cities: Record<string, string> }) {
  const now = useNow();
  const titleId = useId();
  const [here, setHere] = useState<number | null>(null);
  const [box, W] = useWidth();
  const names = [...new Set(points.flatMap((p) => Object.keys(p.regions)))].sort();
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined || points.length < 2)
    return (
      <p className="py-6 text-sm text-ink-2">Nothing to draw yet: the chart starts with the second sealed minute.</p>
    );
  const top = niceTop(Math.max(10, ...points.flatMap((p) => Object.values(p.regions).map((v) => v ?? 0))));
  const x = (slot: number) =>
    PAD.left + ((slot - first.slot) / Math.max(1, last.slot - first.slot)) * (W - PAD.left - PAD.right);
  const y = (ms: number) => H - PAD.bottom - (ms / top) * (H - PAD.top - PAD.bottom);
  const step = (W - PAD.left - PAD.right) / Math.max(1, points.length - 1);
  const tick = Math.max(1.5, Math.min(step, 14) - 0.6);
  const shown = here === null ? last : (points[here] ?? last);
  return (
    <figure ref={box}>
      <svg
        viewBox={`0 0 ${W} ${H}`}
        className="h-auto w-full"
        role="img"
        aria-labelledby={titleId}
        onPointerLeave={() => setHere(null)}
        onPointerMove={(event) => {
          const at = event.clientX - event.currentTarget.getBoundingClientRect().left;
          setHere(Math.max(0, Math.min(points.length - 1, Math.round((at - PAD.left) / step))));
        }}
      >
        <title
          id={titleId}
        >{`Latency by region from ${utc(first.slot)} to ${utc(last.slot)}, at most ${top} ms`}</title>
        {[0, 0.5, 1].map((part) => (
          <g key={part}>
            <line x1={PAD.left} x2={W - PAD.right} y1={y(top * part)} y2={y(top * part)} stroke="var(--line)" />
            <text
              x={PAD.left - 6}
              y={y(top * part) + 3.5}
              textAnchor="end"
              fontSize="10"
              fill="var(--ink-3)"
            >{`${top * part} ms`}</text>
          </g>
        ))}
        {names.map((name, index) => (
          <path
            key={name}
            d={path(points, name, x, y)}
            fill="none"
            stroke="var(--ink)"
            strokeOpacity={0.9}
            strokeWidth="1.4"
            strokeDasharray={DASHES[index % DASHES.length]}
            strokeLinejoin="round"
          />
        ))}
        {points.map((p) => (
          <rect
            key={p.slot}
            x={x(p.slot) - tick / 2}
            width={tick}
            y={H - PAD.bottom + 6}
            height="6"
            fill={STRIP[p.status]}
            opacity={p.status === "up" ? 0.75 : 1}
          />
        ))}
        {points
          .filter((p) => p.planned === true)
          .map((p) => (
            <rect
              key={p.slot}
              x={x(p.slot) - tick / 2}
              width={tick}
              y={H - PAD.bottom + 2}
              height="2"
              fill="var(--ink-2)"
            />
          ))}
        {here !== null && (
          <line x1={x(shown.slot)} x2={x(shown.slot)} y1={PAD.top} y2={H - PAD.bottom} stroke="var(--line-strong)" />
        )}
        <text x={PAD.left} y={H - 5} fontSize="10" fill="var(--ink-3)">
          {relative(first.slot, now)}
        </text>
        <text x={W - PAD.right} y={H - 5} fontSize="10" textAnchor="end" fill="var(--ink-3)">
          {relative(last.slot, now)}
        </text>
      </svg>
      <figcaption className="mt-1 flex flex-wrap gap-x-4 gap-y-1 text-xs text-ink-2">
        <span className="tabular">{here === null ? "Latest" : utc(shown.slot)}</span>
        {points.some((p) => p.planned === true) && (
          <span>{shown.planned === true ? "in planned work" : "a line above the strip: planned work"}</span>
        )}
        {names.map((name, index) => (
          <span key={name} className="inline-flex items-center gap-1.5">
            <svg width="22" height="6" aria-hidden="true">
              <line
                x1="0"
                x2="22"
                y1="3"
                y2="3"
                stroke="currentColor"
                strokeWidth="1.6"
                strokeDasharray={DASHES[index % DASHES.length]}
              />
            </svg>
            {cities[name] ?? name}{" "}
            <span className="tabular">
              {typeof shown.regions[name] === "number" ? `${shown.regions[name]} ms` : "no answer"}
            </span>
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

/** The frame's width in pixels, so that letters keep their size on a phone. */
function useWidth() {
  const box = useRef<HTMLElement>(null);
  const [width, setWidth] = useState(FIRST_WIDTH);
  useEffect(() => {
    if (box.current === null) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined && entry.contentRect.width > 0) setWidth(Math.round(entry.contentRect.width));
    });
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  return [box, width] as const;
}

function path(points: LatencyPoint[], name: string, x: (slot: number) => number, y: (ms: number) => number): string {
  let pen = false;
  return points
    .map((p) => {
      const ms = p.regions[name];
      if (typeof ms !== "number") {
        pen = false;
        return "";
      }
      const move = pen ? "L" : "M";
      pen = true;
      return `${move}${x(p.slot).toFixed(1)} ${y(ms).toFixed(1)}`;
    })
    .join("");
}

function niceTop(max: number): number {
  const power = 10 ** Math.floor(Math.log10(max));
  return [1, 2, 4, 5, 10].map((m) => m * power).find((v) => v >= max) ?? max;
}
