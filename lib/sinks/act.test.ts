// How to act from where a notice is read: by a link that every sink carries, and by a button where Slack sends clicks here.
import { expect, test } from "vitest";
import { aContext, aNotice, variants } from "../testing/sinks/fixtures.ts";
import { sinks } from "./index.ts";
import { actions } from "./words.ts";

const ACT = { ref: "r".repeat(91), url: `https://tocsin.example.com/act?ref=${"r".repeat(91)}` };
const told = (kind: "trigger" | "update" | "acknowledge" | "resolve") => ({ ...aNotice(kind), act: ACT });
const urls = (kind: Parameters<typeof told>[0]) => Object.fromEntries(actions(told(kind)).map((a) => [a.id, a.url]));

test("what is open offers both by the link, what is acknowledged its end, and what is over neither", () => {
  expect(urls("trigger")).toMatchObject({ acknowledge: ACT.url, resolve: ACT.url });
  expect(urls("acknowledge")).toMatchObject({ resolve: ACT.url });
  expect(urls("acknowledge")).not.toHaveProperty("acknowledge");
  expect(urls("resolve")).not.toHaveProperty("acknowledge");
  expect(urls("resolve")).not.toHaveProperty("resolve");
});

test("without a link of its own a notice leads to the incident in the console", () => {
  const [first] = actions(aNotice("trigger"));
  expect(first?.url).toMatch(/\/incidents\/.+#acknowledge$/);
});

test.each(["email", "discord", "slack", "pagerduty"] as const)("%s carries the link", (kind) => {
  const sink = sinks.find((s) => s.kind === kind);
  const config = sink?.config.parse(variants()[kind][0]?.config);
  const request = sink?.next(aContext(config, told("trigger")));
  expect(JSON.stringify(request)).toContain(ACT.url);
});

test("a button in Slack opens a page, or acts and opens nothing where the sink says that clicks come here", () => {
  const slack = sinks.find((s) => s.kind === "slack");
  const buttons = (more: object) => {
    const config = slack?.config.parse({ ...variants().slack[0]?.config, ...more });
    const request = slack?.next(aContext(config, told("trigger")));
    const body = JSON.parse((request as { body: string }).body) as { blocks: { type: string; elements?: object[] }[] };
    return body.blocks.find((b) => b.type === "actions")?.elements;
  };
  expect(buttons({})).toContainEqual(expect.objectContaining({ action_id: "tocsin_acknowledge", url: ACT.url }));
  const acting = buttons({ buttons: "act" }) ?? [];
  // A click on a link is told to the app as well, and has to say whose it is.
  expect(acting.length).toBeGreaterThan(2);
  for (const one of acting) expect(one).toMatchObject({ value: ACT.ref });
  const [acknowledge] = acting;
  expect(acknowledge).toMatchObject({ action_id: "tocsin_acknowledge", value: ACT.ref });
  expect(acknowledge).not.toHaveProperty("url");
});
