// Attacks that go past a page's own form: headers and addresses that the framework treats in its own way, a role that is
// lowered between reading and sending, tenants that are none, and the time that a refusal takes.
import { randomUUID } from "node:crypto";
import { expect, test } from "../fixtures.ts";
import { at } from "../where.ts";
import { actionBody, type Answer, ask } from "./ask.ts";
import { PAGES } from "./expected.ts";
import { built } from "./manifest.ts";
import { AGENT, stage, type Who } from "./world.ts";

const SUBREQUEST = [
  "middleware",
  "src/middleware",
  "proxy",
  "pages/_middleware",
  "middleware:middleware:middleware:middleware:middleware",
  "src/middleware:src/middleware:src/middleware:src/middleware:src/middleware",
  "proxy:proxy:proxy:proxy:proxy",
  Array.from({ length: 8 }, () => "middleware").join(":"),
];

/** Every page that is not for everybody, with an id that nobody has. */
const guarded = () =>
  built()
    .pages.filter((route) => !["open", "door"].includes(PAGES[route]?.router ?? ""))
    .map((route) => route.replace(/\[\w+\]/, randomUUID()));

/** Nothing of a page: no word of its payload, and no word of what stands in it. */
const empty = (answer: Answer): boolean =>
  !/<main|"\$Sreact|I\[\d+/.test(answer.body) || answer.to.startsWith("/sign-in");

test("A1: no value of the framework's own header gets a stranger past any page", async () => {
  test.setTimeout(180_000);
  const wrong: string[] = [];
  for (const path of guarded()) {
    const plain = await ask({ path, cookie: "" });
    for (const value of SUBREQUEST) {
      const answer = await ask({ path, cookie: "", headers: { "x-middleware-subrequest": value } });
      if (answer.status !== plain.status || answer.to !== plain.to || !empty(answer))
        wrong.push(`${path} ${value}: ${answer.status} ${answer.to}`);
    }
  }
  expect(wrong).toEqual([]);
});

test("A2: no form of an address gives a stranger a byte of a page", async () => {
  test.setTimeout(180_000);
  const wrong: string[] = [];
  for (const path of guarded()) {
    const bare = path === "/" ? "/index" : path;
    const forms: [string, Record<string, string>][] = [
      [`${bare}.rsc`, {}],
      [`${bare}.segments/_tree.segment.rsc`, {}],
      [`${bare}.segments/__PAGE__.segment.rsc`, {}],
      [`${bare}.json`, {}],
      [`/_next/data/anything${bare}.json`, {}],
      [`${path}?nxtPid=${randomUUID()}`, {}],
      [`${path}?_rsc`, { rsc: "1" }],
      [`${path}?_rsc`, { rsc: "1", "next-router-prefetch": "1" }],
      [`${path}?_rsc`, { rsc: "1", "next-router-segment-prefetch": "/_tree" }],
      [`${path}/`, {}],
      [`/en${path}`, {}],
      [path.replace("/", "//"), {}],
      [path.replace(/^\//, "/%2e/"), {}],
    ];
    for (const [form, headers] of forms) {
      const answer = await ask({ path: form.replace(/^\/\//, "/"), cookie: "", headers });
      const refused = answer.status >= 300 || answer.to.startsWith("/sign-in");
      if (!refused || !empty(answer) || answer.status >= 500) wrong.push(`${form}: ${answer.status} ${answer.to}`);
    }
  }
  expect(wrong).toEqual([]);
});

const act = (name: string, who: Who, page: string, fields: Record<string, string>) =>
  ask({
    path: page,
    method: "POST",
    cookie: who.cookie,
    headers: {
      origin: new URL(at.console).origin,
      "user-agent": AGENT,
      "next-action": built().actions.find((a) => a.name.endsWith(`#${name}`))?.id ?? "",
    },
    body: actionBody(fields),
  });

test("B1: a role that is lowered between reading a page and sending its form is felt by the form", async ({ db }) => {
  const set = await stage(db);
  try {
    const who = set.people.find((p) => p.name === "operator") as Who;
    const page = `/incidents/${set.a.incident}`;
    const read = await ask({ path: `${page}?_rsc`, cookie: who.cookie, headers: { rsc: "1" } });
    expect([read.status, empty(read)]).toEqual([200, false]);
    const rowsOf = async () =>
      Number(
        (
          await db.rows<{ n: string }>(
            "SELECT count(*) AS n FROM audit.event WHERE tenant_id = $1 AND action = 'access.refused'",
            [set.a.tenant],
          )
        )[0]?.n,
      );
    const before = await rowsOf();
    for (const [groups, status] of [
      [["tocsin-auditor"], 403],
      [[`tocsin-customer-${set.a.slug}`], 403],
    ] as const) {
      await db.rows("UPDATE person SET groups = $1 WHERE id = $2", [groups, who.personId]);
      const answer = await act("acknowledgeAction", who, page, { incidentId: set.a.incident });
      expect(answer.status, groups[0]).toBe(status);
    }
    expect(await rowsOf()).toBe(before + 2);
    await db.rows("UPDATE person SET groups = '{}' WHERE id = $1", [who.personId]);
    expect((await act("acknowledgeAction", who, page, { incidentId: set.a.incident })).to).toMatch(/^\/no-access/);
    await db.rows("UPDATE person SET disabled_at = now() WHERE id = $1", [who.personId]);
    expect((await act("acknowledgeAction", who, page, { incidentId: set.a.incident })).to).toMatch(/^\/sign-in/);
    expect(
      (await db.rows<{ state: string }>("SELECT state FROM incident WHERE id = $1", [set.a.incident]))[0]?.state,
    ).toBe("open");
  } finally {
    await set.strike();
  }
});

test("C1, C6: a foreign tenant's page takes as long as one that is not there, and a tenant that is none is none", async ({
  db,
}) => {
  const set = await stage(db);
  try {
    const who = set.people.find((p) => p.name === "operator") as Who;
    const times = { foreign: [] as number[], random: [] as number[] };
    for (let i = 0; i < 25; i++)
      for (const [kind, id] of [
        ["foreign", set.b.server],
        ["random", randomUUID()],
      ] as const) {
        const since = performance.now();
        expect((await ask({ path: `/servers/${id}`, cookie: who.cookie })).status).toBe(404);
        times[kind].push(performance.now() - since);
      }
    const middle = (list: number[]) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
    const spread = Math.max(...times.random) - Math.min(...times.random);
    expect(Math.abs(middle(times.foreign) - middle(times.random))).toBeLessThan(Math.max(5, spread / 2));

    for (const [tenant, code] of [
      ["", "E_TENANT"],
      ["null", "E_TENANT"],
      ["undefined", "E_TENANT"],
      ["' OR 1=1 --", "E_TENANT"],
      ["00000000-0000-0000-0000-000000000000", "E_NOT_FOUND"],
      [set.b.tenant, "E_NOT_FOUND"],
    ] as const) {
      const answer = await act("chooseTenantAction", who, "/servers", { tenant });
      expect([answer.status, answer.code], tenant).toEqual([200, code]);
    }
    for (const id of ["", "null", "' OR 1=1 --", "../../etc/passwd", "%00", "{}"]) {
      const answer = await act("endSilenceAction", who, "/silences", { silenceId: id });
      expect(answer.code, id).toBe("E_INVALID");
      if (id !== "")
        expect((await ask({ path: `/servers/${encodeURIComponent(id)}`, cookie: who.cookie })).status, id).toBeLessThan(
          500,
        );
    }
  } finally {
    await set.strike();
  }
});
