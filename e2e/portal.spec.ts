// Over 300 lines: a day of one person, told in order on rows that it plants once.
// The customers' side: what it answers, what it never says, and a customer's day.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page, TestInfo } from "@playwright/test";
import { PORTAL_ACTIONS, PORTAL_PAGES } from "../app/(portal)/allow-list.ts";
import { type Database, expect, test } from "./fixtures.ts";
import { confirmationFor } from "./inbox.ts";
import { seededIncident, seededServer } from "./rows.ts";
import { at } from "./where.ts";

const BUILT = join(import.meta.dirname, "..", ".next");
const json = (path: string) => JSON.parse(readFileSync(join(BUILT, path), "utf8"));

test.describe("the allow-list is what was built", () => {
  test("every route of the portal is listed, and every listed one was built", () => {
    const routes = Object.entries(json("app-path-routes-manifest.json") as Record<string, string>);
    const portal = routes.filter(([file, route]) => file.startsWith("/(portal)/") || /^\/portal(\/|$)/.test(route));
    expect(portal.map(([, route]) => route).toSorted()).toEqual(Object.keys(PORTAL_PAGES).toSorted());
    expect(portal.filter(([file]) => !file.endsWith("/page"))).toEqual([]);
  });

  test("every action that a page of the portal carries is listed, and every listed one was built", () => {
    const actions = Object.values(
      json("server/server-reference-manifest.json").node as Record<
        string,
        { workers: Record<string, unknown>; exportedName?: string; filename?: string }
      >,
    );
    const carried = actions.filter((a) => Object.keys(a.workers).some((worker) => worker.includes("(portal)")));
    expect(carried.length).toBeGreaterThan(0);
    expect([...new Set(carried.map((a) => a.exportedName ?? "without a name"))].toSorted()).toEqual(
      Object.keys(PORTAL_ACTIONS).toSorted(),
    );
  });
});

/** Pages of the console by their files, with ids that exist nowhere: what a customer could type. */
function consolePages(): string[] {
  const routes = Object.entries(json("app-path-routes-manifest.json") as Record<string, string>);
  return routes
    .filter(([file]) => file.startsWith("/(console)/") && file.endsWith("/page"))
    .map(([, route]) => route.replace(/\[[^\]]+\]/g, "11111111-1111-4111-8111-111111111111"));
}

/** A page as it is drawn, and as the data that a page already open asks for. */
const FORMS: { query: string; headers: Record<string, string> }[] = [
  { query: "", headers: {} },
  { query: "?_rsc", headers: { rsc: "1" } },
];

const cookies = async (page: Page) =>
  (await page.context().cookies(at.console)).map((c) => `${c.name}=${c.value}`).join("; ");

test("nothing of the console answers a customer: every page leads to the portal, also as the data of a page", async ({
  as,
  request,
}) => {
  const page = await as("customer");
  await expect(page).toHaveURL(/\/portal$/);
  const cookie = await cookies(page);
  const pages = consolePages();
  expect(pages).toContain("/audit");
  for (const path of pages)
    for (const form of FORMS) {
      const answer = await request.get(`${path}${form.query}`, {
        headers: { ...form.headers, cookie },
        maxRedirects: 0,
      });
      const told = `${path}${form.query} ${answer.status()} ${answer.headers().location ?? ""}`;
      // The data of a page says its redirect in its own words.
      if (form.query === "") {
        expect(answer.status(), told).toBe(307);
        expect(answer.headers().location, told).toMatch(/^\/portal/);
      } else expect(await answer.text(), told).toMatch(/NEXT_REDIRECT;\w+;\/portal/);
    }
});

test("a customer's action of the console is refused and written down, and so is an operator's of the portal", async ({
  as,
  db,
  request,
}) => {
  const acme = await db.acme();
  const serverId = await seededServer(db, acme, `Two routers ${randomUUID().slice(0, 8)}`);
  const sent = async (page: Page) => {
    const saving = page.waitForRequest((r) => r.method() === "POST" && r.headers()["next-action"] !== undefined);
    await page.getByRole("button", { name: "Save settings" }).click();
    return saving;
  };
  const operator = await as("operator", { to: `/servers/${serverId}` });
  const ofConsole = await sent(operator);
  const customer = await as("customer", { to: `/servers/${serverId}` });
  await expect(customer).toHaveURL(new RegExp(`/portal/servers/${serverId}$`));
  const ofPortal = await sent(customer);
  const refusals = async () =>
    Number(
      (
        await db.rows<{ n: string }>(
          "SELECT count(*) AS n FROM audit.event WHERE tenant_id = $1 AND action = 'access.refused' AND target LIKE 'router:%'",
          [acme],
        )
      )[0]?.n,
    );
  const before = await refusals();
  for (const [from, by] of [
    [ofConsole, customer],
    [ofPortal, operator],
  ] as const) {
    const answer = await request.post(new URL(from.url()).pathname, {
      headers: { ...from.headers(), cookie: await cookies(by), origin: new URL(at.console).origin },
      data: from.postDataBuffer() ?? Buffer.alloc(0),
    });
    expect(answer.status()).toBe(403);
  }
  expect(await refusals()).toBe(before + 2);
  expect((await operator.goto("/portal"))?.status()).toBe(403);
  expect((await operator.goto(`/portal/servers/${serverId}`))?.status()).toBe(403);
});

const CANARY = "staffcanary";

/** A server with an incident whose every field for the staff holds a planted word. */
async function planted(db: Database) {
  const acme = await db.acme();
  const { id, serverId } = await seededIncident(db, acme, "Planted");
  const [person] = await db.rows<{ id: string; email: string }>(
    "SELECT id, email FROM person WHERE name = 'Omar Operator'",
  );
  const silence = randomUUID();
  await db.rows(
    `INSERT INTO silence (tenant_id, id, server_id, comment, starts_at, ends_at, created_by, created_at)
     VALUES ($1, $2, $3, $4, now(), now() + interval '1 hour', $5, now())`,
    [acme, silence, serverId, CANARY, person?.id],
  );
  await db.rows(
    `UPDATE incident SET state = 'acknowledged', acknowledged_at = now(), acknowledged_by = $2, fingerprint = fingerprint || $3,
       dedup_key = $3 || dedup_key, policy = jsonb_build_object('name', $3::text, 'steps', '[]'::jsonb), silence_id = $4 WHERE id = $1`,
    [id, person?.id, CANARY, silence],
  );
  for (const [decision, actor] of [
    ["noted", person?.id],
    ["silenced", null],
    ["step_taken", null],
    ["acknowledged", person?.id],
    [CANARY, null],
  ])
    await db.rows(
      `INSERT INTO incident_event (tenant_id, incident_id, at, stage, decision, sentence, actor_id, data)
       VALUES ($1, $2, now(), $3, $4, $5, $6, $7)`,
      [acme, id, CANARY, decision, `${CANARY} said`, actor, { note: CANARY, silenceId: silence }],
    );
  await db.rows(
    `INSERT INTO last_transcript (tenant_id, server_id, region, kind, slot, status, reason, transcript)
     VALUES ($1, $2, 'fra', 'latest', now(), 'down', 'connection_refused', $3)`,
    [
      acme,
      serverId,
      {
        prober: CANARY,
        steps: [
          {
            phase: "connect",
            title: "POST initialize",
            startMs: 0,
            durationMs: 123,
            request: {
              method: "POST",
              url: `https://mcp.example.com/mcp?key=${CANARY}`,
              headers: { "x-from": CANARY },
            },
            response: { status: 500, headers: { server: CANARY }, bytes: 11, bodyHead: CANARY },
            error: { code: "ECONNREFUSED", detail: CANARY },
          },
        ],
      },
    ],
  );
  const sinkId = randomUUID();
  await db.rows(
    `INSERT INTO sink (tenant_id, id, kind, name, config, sealed, state, created_at, updated_at, proven_at, proof, proof_due_at)
     VALUES ($1, $2, 'webhook', 'Planted sink', '{"url":"https://hooks.example.com/x"}', $3, 'disabled', now(), now(), now(), 'webhook', '2099-01-01')`,
    [acme, sinkId, Buffer.from(CANARY)],
  );
  const [notice, delivery] = [randomUUID(), randomUUID()];
  await db.rows(
    "INSERT INTO notice (tenant_id, id, incident_id, kind, dedup_key, content, at) VALUES ($1, $2, $3, 'trigger', $4, $5, now())",
    [acme, notice, id, CANARY, { title: CANARY }],
  );
  await db.rows(
    `INSERT INTO delivery (tenant_id, id, notice_id, incident_id, sink_id, kind, state, due_at, settled_at, leased_by, memory, reason, created_at)
     VALUES ($1, $2, $3, $4, $5, 'trigger', 'dead', now(), now(), $6, $7, 'No answer in time.', now())`,
    [acme, delivery, notice, id, sinkId, CANARY, { id: CANARY }],
  );
  await db.rows(
    `INSERT INTO erasure_request (tenant_id, id, number, subject_kind, controller, identifiers, identifiers_sealed, note_sealed, received_at, filed_by)
     SELECT $1, $2, coalesce(max(number), 0) + 1, 'contact', 'tenant', 1, $3, $3, now(), $4 FROM erasure_request WHERE tenant_id = $1`,
    [acme, randomUUID(), Buffer.from(CANARY), person?.id],
  );
  return { acme, serverId, id, sinkId, person };
}

test("no page of the portal says a word that is the staff's alone, in what is drawn or in its data", async ({
  as,
  db,
  request,
}) => {
  const operator = await as("operator");
  const customer = await as("customer");
  const of = await planted(db);
  try {
    await operator.goto(`/incidents/${of.id}`);
    await expect(operator.getByText(`${CANARY} said`).first()).toBeVisible();
    const cookie = await cookies(customer);
    const paths = Object.keys(PORTAL_PAGES).map((path) =>
      path
        .replace("/servers/[id]", `/servers/${of.serverId}`)
        .replace("/incidents/[id]", `/incidents/${of.id}`)
        .replace("/sinks/[id]", `/sinks/${of.sinkId}`),
    );
    for (const path of paths)
      for (const form of FORMS) {
        const answer = await request.get(`${path}${form.query}`, {
          headers: { ...form.headers, cookie },
          maxRedirects: 0,
        });
        expect(answer.status(), path).toBe(200);
        const text = await answer.text();
        expect(text.includes(CANARY), `${path} holds a planted word`).toBe(false);
        expect(text.includes(of.person?.id ?? "?"), `${path} holds an operator's id`).toBe(false);
        expect(text.includes(of.person?.email ?? "?"), `${path} holds an operator's address`).toBe(false);
      }
    await customer.goto(`/portal/incidents/${of.id}`);
    await expect(customer.getByText("Omar Operator has it in hand.").first()).toBeVisible();
  } finally {
    await db.rows("DELETE FROM delivery WHERE sink_id = $1", [of.sinkId]);
    await db.rows("DELETE FROM notice WHERE incident_id = $1", [of.id]);
    await db.rows("DELETE FROM sink WHERE id = $1", [of.sinkId]);
    await db.rows("UPDATE incident SET silence_id = NULL, state = 'resolved', resolved_at = now() WHERE id = $1", [
      of.id,
    ]);
    await db.rows("DELETE FROM silence WHERE server_id = $1", [of.serverId]);
  }
});

/** Whole pages, kept beside the report for whoever looks at them. */
async function shot(page: Page, info: TestInfo, name: string): Promise<void> {
  await page.getByRole("heading", { level: 1 }).waitFor();
  const path = info.outputPath(`${name}.png`);
  await page.screenshot({ path, fullPage: true });
  await info.attach(name, { path, contentType: "image/png" });
}

test("a customer's day: configures a sink, shows whose it is, tests it, watches a server, files a request, sees who visited", async ({
  as,
  db,
  page: stranger,
}, info) => {
  test.setTimeout(180_000);
  const name = `Night shift ${Math.floor(performance.now())}`;
  const address = `night-shift-${Math.floor(performance.now())}@acme.example`;
  const page = await as("customer");
  await expect(page).toHaveURL(/\/portal$/);
  await shot(page, info, "01-overview");

  await page.getByRole("navigation", { name: "Main", exact: true }).getByRole("link", { name: "Sinks" }).click();
  await page.getByRole("link", { name: "Add a sink" }).first().click();
  await shot(page, info, "02-sink-kinds");
  await page.getByRole("link", { name: /^Email/ }).click();
  await page.getByLabel("Name").fill(name);
  await page.locator("[name^='config.']").first().fill("not an address");
  await page.getByRole("button", { name: "Add sink" }).click();
  await expect(page.getByRole("alert").first()).toBeVisible();
  await shot(page, info, "03-sink-refused");
  await page.locator("[name^='config.']").first().fill(address);
  await page.getByRole("button", { name: "Add sink" }).click();
  await page.waitForURL(/\/portal\/sinks\/[0-9a-f-]{36}$/);
  await expect(page.getByRole("button", { name: "Send a test" })).toHaveCount(0);
  await page.getByRole("button", { name: "Send the links" }).click();
  await stranger.goto(new URL(await confirmationFor(address), at.console).href);
  await stranger.getByRole("button", { name: "Confirm" }).click();
  await expect(stranger.getByRole("heading", { name: "Confirmed" })).toBeVisible();
  await page.reload();
  await page.getByRole("button", { name: "Send a test" }).click();
  // The mail with the link, and the test.
  await expect(page.getByRole("main").getByText("Sent", { exact: true })).toHaveCount(2, { timeout: 20_000 });
  await shot(page, info, "04-sink-tested");
  await expect(page.getByRole("button", { name: "Send again" })).toHaveCount(0);

  const { id } = await seededIncident(db, await db.acme(), `Seen ${name}`);
  await page.goto(`/incidents/${id}`);
  await expect(page).toHaveURL(new RegExp(`/portal/incidents/${id}$`));
  await expect(page.getByRole("button", { name: /acknowledge|resolve/i })).toHaveCount(0);
  await expect(page.getByText("The incident was opened.")).toBeVisible();
  await shot(page, info, "05-incident");

  await page.goto("/portal/servers");
  await shot(page, info, "06-servers");
  await page.getByRole("region", { name: "Servers" }).getByRole("link").first().click();
  await page.waitForURL(/\/portal\/servers\/[0-9a-f-]{36}$/);
  await shot(page, info, "07-server");

  await page.goto("/portal/requests/new");
  await page.getByLabel("What the person is known by here").fill("ann@example.com\nAnn Example");
  await shot(page, info, "08-request");
  await page.getByRole("button", { name: "File the request" }).click();
  await page.waitForURL(/\/portal\/requests$/);
  await expect(page.getByText("ann@example.com")).toHaveCount(0);
  await shot(page, info, "09-requests");

  await page.goto("/portal/visits");
  await shot(page, info, "10-visits");
  await page.goto("/portal/retention");
  await shot(page, info, "11-history-kept");
});

test("the operator reads whom a request is about on its own page, and the reading is in the log", async ({
  as,
  db,
}) => {
  const customer = await as("customer", { to: "/portal/requests/new" });
  const who = `ann-${randomUUID().slice(0, 8)}@example.com`;
  await customer.getByLabel("What the person is known by here").fill(who);
  await customer.getByRole("button", { name: "File the request" }).click();
  await customer.waitForURL(/\/portal\/requests$/);
  const operator = await as("operator", { to: "/erasure" });
  await operator.getByRole("region", { name: "Requests for erasure" }).getByRole("link").first().click();
  await operator.waitForURL(/\/erasure\/[0-9a-f-]{36}$/);
  await expect(operator.getByText(who)).toHaveCount(0);
  await operator.getByRole("button", { name: "Read whom it is about" }).click();
  await expect(operator.getByText(who)).toBeVisible();
  const id = operator.url().split("/").at(-1);
  const rows = await db.rows("SELECT action FROM audit.event WHERE target = $1 ORDER BY at", [`erasure:${id}`]);
  expect(rows.map((r) => r.action)).toEqual(["erasure.file", "erasure.open"]);
  const auditor = await as("auditor");
  expect((await auditor.goto(`/erasure/${id}`))?.status()).toBe(403);
});

test("the portal fits a phone, in both themes", async ({ as, db }, info) => {
  test.setTimeout(120_000);
  const { id, serverId } = await seededIncident(db, await db.acme(), `On a phone ${"y".repeat(60)}`);
  for (const colorScheme of ["light", "dark"] as const) {
    const page = await as("customer", { colorScheme, width: 390 });
    for (const path of [
      "/portal",
      `/portal/incidents/${id}`,
      `/portal/servers/${serverId}`,
      "/portal/sinks",
      "/portal/sinks/new?kind=slack",
      "/portal/retention",
      "/portal/requests",
      "/portal/requests/new",
      "/portal/visits",
    ]) {
      await page.goto(path);
      await shot(page, info, `${colorScheme}${path.replace(/[^a-z]+/g, "-").slice(0, 40)}`);
      expect(
        await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth),
        `${path} scrolls sideways`,
      ).toBeLessThanOrEqual(0);
    }
  }
});
