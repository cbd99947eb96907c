import { describe, expect, test } from "vitest";
import { otherRoad, type RoadSink } from "./fallback.ts";

const AT = new Date("2026-11-21T12:00:00Z");
const after = (s: number) => new Date(AT.getTime() + s * 1_000);
const aSink = (id: string, over: Partial<RoadSink> = {}): RoadSink => ({
  ...{ id, name: id, kind: "webhook", enabled: true, proven: true, wakes: false, acknowledge: false },
  ...{ fallbackAfterS: null, failing: false },
  ...over,
});
const at = (sinkId: string, state = "pending") => ({ sinkId, state, createdAt: AT });
const told = (road: ReturnType<typeof otherRoad>) => (road.kind === "tell" ? road.sinks.map((s) => s.id) : road.kind);

const pager = aSink("pager", { wakes: true });
const second = aSink("second", { wakes: true });
const chat = aSink("chat");

describe("a page that is stuck takes another road", () => {
  test.each([
    ["a sink that wakes people before one that does not", [at("pager")], [chat, pager, second], 120, ["second"]],
    ["not before two minutes", [at("pager")], [pager, second], 119, "none_needed"],
    ["also when it died", [at("pager", "dead")], [pager, chat], 120, ["chat"]],
    ["not when it was taken", [at("pager", "sent")], [pager, second], 600, "none_needed"],
    [
      "nobody further where somebody was woken",
      [at("chat"), at("pager", "sent")],
      [chat, pager, second],
      600,
      "none_needed",
    ],
    ["although a chat took it", [at("chat", "sent"), at("pager")], [chat, pager, second], 120, ["second"]],
    [
      "never one that fails itself",
      [at("pager")],
      [pager, aSink("second", { wakes: true, failing: true })],
      120,
      "nobody_left",
    ],
    [
      "never one that is disabled or not proven",
      [at("pager")],
      [pager, aSink("a", { enabled: false }), aSink("b", { proven: false })],
      120,
      "nobody_left",
    ],
  ] as const)("%s", (_, triggers, sinks, seconds, expected) => {
    expect(told(otherRoad(triggers, sinks, after(seconds)))).toEqual(expected);
  });
});

test("a marked sink takes over after its own time, whoever else was told, and nobody unmarked does before it", () => {
  const marked = aSink("marked", { fallbackAfterS: 300 });
  const triggers = [at("chat"), at("pager", "sent")];
  expect(told(otherRoad(triggers, [chat, pager, second, marked], after(299)))).toBe("none_needed");
  expect(told(otherRoad(triggers, [chat, pager, second, marked], after(300)))).toEqual(["marked"]);
});

test("beside a marked sink that fails itself, another one that works is told", () => {
  const marked = aSink("marked", { wakes: true, fallbackAfterS: 60, failing: true });
  expect(told(otherRoad([at("pager")], [pager, marked, chat, second], after(120)))).toEqual(["marked", "second"]);
  expect(told(otherRoad([at("pager")], [pager, marked, chat], after(119)))).toBe("none_needed");
  expect(told(otherRoad([at("pager")], [pager, marked], after(120)))).toEqual(["marked"]);
});
