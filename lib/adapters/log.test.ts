import { expect, test } from "vitest";
import { createLog } from "./log.ts";

function line(write: (log: ReturnType<typeof createLog>) => void): Record<string, unknown> {
  let text = "";
  write(
    createLog("test", "info", {
      write: (s) => {
        text += s;
      },
    }),
  );
  return JSON.parse(text);
}

test("a line is JSON with time, level, part and the ids it was given", () => {
  const l = line((log) => log.info({ request: "r1", incident: "i1" }, "told"));
  expect(l).toMatchObject({ level: "info", part: "test", request: "r1", incident: "i1", msg: "told" });
  expect(l.time).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
});

test.each(["password", "token", "authorization", "cookie", "routing_key", "apiKey", "secret"])(
  "%s is redacted at any of three depths",
  (key) => {
    const l = JSON.stringify(
      line((log) => log.info({ [key]: "canary", a: { [key]: "canary", b: { [key]: "canary" } } }, "x")),
    );
    expect(l).not.toContain("canary");
    expect(l).toContain("[redacted]");
  },
);

test("an error keeps its code and detail and a short stack", () => {
  const l = line((log) => log.error({ err: Object.assign(new Error("broken"), { code: "E_X", detail: "why" }) }, "x"));
  expect(l.err).toMatchObject({ message: "broken", code: "E_X", detail: "why" });
});
