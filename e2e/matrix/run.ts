import { randomUUID } from "node:crypto";
import { newWorld, type World } from "../../lib/testing/world.ts";
import type { Database } from "../fixtures.ts";
import { at } from "../where.ts";
import { actionBody, type Answer, ask, still } from "./ask.ts";
import { type Act, ACTS, HANDLERS, METHODS, PAGES } from "./expected.ts";
import type { Built, BuiltAction } from "./manifest.ts";
import { actCell, type Cell, handlerCell, pageCell, TARGETS, type Target } from "./rule.ts";
import { AGENT, belongings, stage, type Stage, type Who } from "./world.ts";

export interface Found {
  cells: number;
  wrong: string[];
  seconds: number;
}

/** The machine may have two cores, and the product runs beside this. */
const AT_ONCE = 4;

interface Asking {
  db: Database;
  stage: Stage;
  base: string;
  actions: readonly BuiltAction[];
  found: Found;
}

/** @param base of the console that is asked; another one than the test's own when it runs without its proxy */
export async function runMatrix(db: Database, what: Built, base: string = at.console): Promise<Found> {
  const since = performance.now();
  const found: Found = { cells: 0, wrong: [], seconds: 0 };
  const set = await stage(db);
  const asking = { db, stage: set, base, actions: what.actions, found };
  try {
    const only = process.env.MATRIX_ONLY;
    if (only)
      what = {
        pages: what.pages.filter((p) => p.match(only)),
        handlers: what.handlers.filter((h) => h.match(only)),
        actions: what.actions.filter((a) => a.name.match(only)),
      };
    for (const route of what.pages) await pages(asking, route);
    for (const route of what.handlers) await handlers(asking, route, false);
    // First all that is refused: nothing may have changed then. What is allowed comes after, each on rows of its own.
    for (const action of what.actions) await refusedActs(asking, action);
    for (const action of what.actions) await allowedActs(asking, action);
    for (const route of what.handlers) await handlers(asking, route, true);
  } finally {
    await set.strike();
  }
  found.seconds = (performance.now() - since) / 1000;
  return found;
}

const nowhere = newWorld(randomUUID(), "nowhere");
/** A root operator's own rows are the installation's, but where the act is one on customers' tenants. */
const ownOf = (asking: Asking, who: Who, of: { at?: "a" }): World =>
  of.at === "a" && who.name === "root" ? asking.stage.a : who.own;
const rowsOf = (asking: Asking, who: Who, target: Target, of: { at?: "a" } = {}): World =>
  target === "own" ? ownOf(asking, who, of) : target === "foreign" ? who.foreign : nowhere;

/** "/servers/[id]" → "/servers/<this row's id>". */
const pathOf = (route: string, id: keyof World | undefined, rows: World): string =>
  route.replace(/\[\.\.\.\w+\]/, "anything").replace(/\[\w+\]/, id === undefined ? "anything" : String(rows[id]));

function pageSays(answer: Answer): Cell {
  const inside = /NEXT_HTTP_ERROR_FALLBACK;(\d+)/.exec(answer.body)?.[1];
  if (answer.to !== "") return answer.to.replace(/\?.*/, "");
  if (answer.status !== 200) return String(answer.status);
  return inside ?? "shown";
}

async function pages(asking: Asking, route: string): Promise<void> {
  const entry = PAGES[route];
  if (entry === undefined) return wrong(asking, `${route}: no entry`);
  for (const who of asking.stage.people)
    for (const headers of [{}, { rsc: "1" }] as Record<string, string>[]) {
      const form = "rsc" in headers ? "RSC" : "GET";
      await cells(
        asking,
        `${form} ${route}`,
        who,
        entry.id !== undefined,
        (target) => pageCell(entry, who, target),
        async (target) => {
          const path = pathOf(route, entry.id, rowsOf(asking, who, target, entry));
          const answer = await send(asking, who, { path: form === "RSC" ? `${path}?_rsc` : path, headers });
          const id = entry.id === undefined ? "" : String(rowsOf(asking, who, target, entry)[entry.id]);
          return { answer, says: id === "" ? pageSays(answer) : pageSays(answer).replace(id, "[id]") };
        },
      );
    }
}

async function handlers(asking: Asking, route: string, last: boolean): Promise<void> {
  const entries = HANDLERS[route];
  if (entries === undefined) return wrong(asking, `${route}: no entry`);
  for (const method of METHODS) {
    const entry = entries[method];
    if ((entry?.last === true) !== last) continue;
    for (const who of asking.stage.people)
      await cells(
        asking,
        `${method} ${route}`,
        who,
        entry?.id !== undefined,
        (target) => (entry === undefined ? notThere(who, method) : handlerCell(entry, who, target)),
        async (target) => {
          const path = pathOf(route, entry?.id, rowsOf(asking, who, target));
          const answer = await send(asking, who, { path, method, headers: ours(asking) });
          const says =
            entry?.router !== "open" && answer.status >= 200 && answer.status < 300 ? "done" : String(answer.status);
          return { answer, says };
        },
      );
  }
}

/** The proxy sends a stranger who reads to the sign-in page before anybody asks what is there. */
const notThere = (who: Who, method: string): Cell => (who.name === "nobody" && method === "GET" ? "405 or 307" : "405");

function actSays(answer: Answer): Cell {
  if (answer.done) return "done";
  if (answer.status !== 200 && answer.status !== 303) return String(answer.status);
  if (answer.code !== "") return answer.code;
  // An action that ends by going elsewhere did what it was asked; to the sign-in page only strangers are sent.
  if (answer.to !== "") return /^\/sign-in/.test(answer.to) ? "/sign-in" : "done";
  return String(answer.status);
}

const OVER = new Set(["done"]);
/** Refused for who asks: one answer, and the code in its row of the log. */
const BY_ROLE = new Map(["E_FORBIDDEN", "E_READ_ONLY", "E_IMPERSONATION_BLOCKED"].map((code) => [code, "403"]));

async function send(asking: Asking, who: Who, given: Omit<Parameters<typeof ask>[0], "cookie">): Promise<Answer> {
  return ask({ ...given, cookie: who.cookie, base: asking.base, headers: { "user-agent": AGENT, ...given.headers } });
}

const ours = (asking: Asking): Record<string, string> => ({
  origin: new URL(asking.base).origin,
  "sec-fetch-site": "same-origin",
});

async function callAct(asking: Asking, built: BuiltAction, act: Act, who: Who, rows: World) {
  const page = built.pages.find((route) => PAGES[route]?.id === undefined) ?? built.pages[0] ?? "/";
  const path = pathOf(page, PAGES[page]?.id, who.own);
  const answer = await send(asking, who, {
    path,
    method: "POST",
    headers: { ...ours(asking), "next-action": built.id, accept: "text/x-component" },
    body: actionBody(act.fields(rows, ownOf(asking, who, act), who.personId)),
  });
  return { answer, says: actSays(answer) };
}

async function refusedActs(asking: Asking, built: BuiltAction): Promise<void> {
  const name = built.name.split("#")[1] ?? "";
  const act = ACTS[name];
  if (act === undefined) return wrong(asking, `${built.name}: no entry`);
  const { db, stage: set } = asking;
  const tenants = [set.a.tenant, set.b.tenant];
  const before = await belongings(db, tenants);
  const rowsBefore = await refusals(db);
  const byRole = new Map<string, number>();
  for (const who of set.people)
    await cells(
      asking,
      `POST ${name}`,
      who,
      act.id !== undefined,
      (target) => {
        const cell = actCell(act, who, target);
        return OVER.has(cell) || cell === act.own ? null : (BY_ROLE.get(cell) ?? cell);
      },
      async (target) => {
        const said = await callAct(asking, built, act, who, rowsOf(asking, who, target, act));
        const code = actCell(act, who, target);
        if (BY_ROLE.has(code)) byRole.set(code, (byRole.get(code) ?? 0) + 1);
        return said;
      },
    );
  const after = await belongings(db, tenants);
  for (const [table, is] of Object.entries(before))
    if (after[table] !== is) wrong(asking, `POST ${name}: a refusal changed ${table}`);
  const logged = await refusals(db);
  for (const [code, count] of byRole) {
    const rows = (logged.get(code) ?? 0) - (rowsBefore.get(code) ?? 0);
    if (rows !== count) wrong(asking, `POST ${name}: ${count} × ${code} left ${rows} rows in the log`);
  }
}

/** How many refusals of each code the log holds. */
async function refusals(db: Database): Promise<Map<string, number>> {
  const rows = await db.rows<{ code: string; n: string }>(
    "SELECT body::jsonb ->> 'code' AS code, count(*) AS n FROM audit.event WHERE action = 'access.refused' GROUP BY 1",
  );
  return new Map(rows.map((row) => [row.code, Number(row.n)]));
}

async function allowedActs(asking: Asking, built: BuiltAction): Promise<void> {
  const name = built.name.split("#")[1] ?? "";
  const act = ACTS[name];
  if (act === undefined) return;
  for (const who of asking.stage.people) {
    const cell = actCell(act, who, "own");
    if (!OVER.has(cell) && cell !== act.own) continue;
    const rows = await asking.stage.fresh(ownOf(asking, who, act), act.id === "stream");
    const before = asking.actions.find((a) => a.name.endsWith(`#${act.first?.act}`));
    if (act.first !== undefined && before !== undefined && act.id !== undefined) {
      const [own, is] = [ACTS[act.first.act], act.id];
      if (own !== undefined) await callAct(asking, before, own, who, rows);
      const [made] = await asking.db.rows<{ id: string }>(act.first.find, [rows.tenant]);
      Object.assign(rows, { [is]: made?.id });
    }
    if (act.ready !== undefined) await asking.db.rows(act.ready, [rows.tenant]);
    const asked = async () => {
      if (act.prepare !== undefined && act.id !== undefined)
        await asking.db.rows(act.prepare, [rows.tenant, rows[act.id], who.personId]);
      return callAct(asking, built, act, who, rows);
    };
    let { answer, says } = await asked();
    // The product runs beside this: a planted sink that is enabled is told of something at once, and ends as a bad one.
    for (let more = 3; says === "E_STATE" && act.prepare !== undefined && more > 0; more--)
      ({ answer, says } = await asked());
    if (act.after !== undefined) await asking.db.rows(act.after);
    asking.found.cells++;
    if (!cell.split(" or ").includes(says))
      wrong(asking, `POST ${name} × ${who.name} × own: ${cell} expected, ${says} given: ${brief(answer)}`);
    // Nobody is to probe what this has registered.
    await asking.db.rows("UPDATE server SET paused = true WHERE tenant_id = ANY ($1) AND NOT paused", [
      [asking.stage.a.tenant, asking.stage.b.tenant],
    ]);
  }
}

/** One actor's cells of one route: what each says, and that a foreign id answers byte for byte as a random one. */
async function cells(
  asking: Asking,
  what: string,
  who: Who,
  named: boolean,
  expected: (target: Target) => Cell | null,
  put: (target: Target) => Promise<{ answer: Answer; says: Cell }>,
): Promise<void> {
  const targets = (named ? TARGETS : (["own"] as const)).filter((target) => expected(target) !== null);
  const answers = new Map<Target, Answer>();
  await inTurn(targets, async (target) => {
    const { answer, says } = await put(target);
    answers.set(target, answer);
    asking.found.cells++;
    const cell = expected(target) ?? "";
    if (!cell.split(" or ").includes(says))
      wrong(asking, `${what} × ${who.name} × ${target}: ${cell} expected, ${says} given: ${brief(answer)}`);
    if (answer.status >= 500) wrong(asking, `${what} × ${who.name} × ${target}: HTTP ${answer.status}`);
    if (says !== "shown" && says !== "done" && target === "foreign" && leaks(answer, who.foreign))
      wrong(asking, `${what} × ${who.name} × foreign: names what it may not`);
  });
  if (!answers.has("foreign") || !answers.has("random") || expected("foreign") !== expected("random")) return;
  const ids = [...Object.values(who.foreign), ...Object.values(nowhere)].map(String).filter((v) => v.length > 20);
  const said = (target: Target) => still(answers.get(target) as Answer, ids);
  // How a streamed answer is cut into parts, and which part refers to which, depends on the moment. An id that can be
  // told apart never gets a form that the other gets.
  const forms = { foreign: new Set<string>(), random: new Set<string>() };
  for (let tries = 1; ; tries++) {
    for (const target of ["foreign", "random"] as const) forms[target].add(said(target));
    if ([...forms.foreign].some((form) => forms.random.has(form))) return;
    if (tries === MOMENTS) {
      const where = difference(said("foreign"), said("random"));
      return wrong(asking, `${what} × ${who.name}: a foreign id answers differently from a random one: ${where}`);
    }
    for (const target of ["foreign", "random"] as const) answers.set(target, (await put(target)).answer);
  }
}

const MOMENTS = 10;

/** What the other tenant's rows are called in the places that a page would show. */
const leaks = (answer: Answer, rows: World): boolean =>
  [`Server ${rows.server.slice(0, 8)}`, `Sink ${rows.sink.slice(0, 8)}`, `Evidence ${rows.server}`].some((text) =>
    answer.body.includes(text),
  );

function difference(a: string, b: string): string {
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  return `${JSON.stringify(a.slice(Math.max(0, i - 30), i + 50))} against ${JSON.stringify(b.slice(Math.max(0, i - 30), i + 50))}`;
}

async function inTurn<T>(list: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...list];
  await Promise.all(
    Array.from({ length: Math.min(AT_ONCE, left.length) }, async () => {
      for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
    }),
  );
}

const brief = (answer: Answer): string =>
  `${answer.status} ${answer.to} ${answer.code} ${JSON.stringify(answer.body.slice(0, 120))}`;
const wrong = (asking: Asking, text: string): void => void asking.found.wrong.push(text);
