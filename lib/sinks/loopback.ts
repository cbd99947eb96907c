// Where the self-test is delivered to: the health port of the very process that sends it. In no list of sinks: nobody
// adds one, and it takes nothing but the self-test.
import { z } from "zod";
import { SELFTEST_KEY } from "../domain/selftest.ts";
import { busy, dead, sent, unanswered } from "./judge.ts";
import type { Sink, SinkKind } from "./sink.ts";
import { stepDone, stepsDone } from "./steps.ts";

export const loopback: Sink<Record<string, never>> = {
  // Stored as what it is, and no kind that a form offers.
  kind: "loopback" as SinkKind,
  name: "Self-test",
  summary: "The self-test of the whole road.",
  fields: [],
  config: z.strictObject({}),
  secretFields: [],
  capabilities: () => ({
    ...{ acknowledge: false, editInPlace: false, resolve: false, thread: false, dedup: "receiver", wakes: false },
  }),
  describe: () => "This machine itself",

  next(c) {
    if (stepsDone(c) > 0 || c.bases.loopback === undefined) return null;
    const id = c.notice.dedupKey.startsWith(SELFTEST_KEY) ? c.notice.dedupKey.slice(SELFTEST_KEY.length) : "";
    const url = `${c.bases.loopback}/selftest`;
    const headers = { "content-type": "application/json" };
    return {
      via: "http",
      label: "self-test",
      host: "operator",
      method: "POST",
      url,
      headers,
      body: JSON.stringify({ id }),
    };
  },

  judge(c, _request, answer) {
    if (answer.kind === "failure") return unanswered("The self-test", answer);
    if (answer.status === 204) return sent(stepDone(c));
    return answer.status >= 500
      ? busy("The self-test", answer)
      : dead(`The self-test was not taken (${answer.status}).`);
  },
};
