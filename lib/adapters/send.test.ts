import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { SinkRequest } from "../sinks/sink.ts";
import { startVendors, type Vendors } from "../testing/vendors/index.ts";
import { MAX_ANSWER_BYTES } from "./answer.ts";
import { sender } from "./send.ts";

const dir = mkdtempSync(join(tmpdir(), "tocsin-send-"));
const loopback = { allow: [{ cidr: "127.0.0.0/8" }] };
let vendors: Vendors;
let ca: string;

beforeAll(async () => {
  vendors = await startVendors({ caDir: dir });
  ca = readFileSync(vendors.caFile, "utf8");
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  DEAD = `127.0.0.1:${(probe.address() as AddressInfo).port}`;
  await new Promise((resolve) => probe.close(resolve));
});
afterEach(() => {
  for (const kind of ["pagerduty", "webhook", "email"] as const) vendors.fault(kind, null);
});
afterAll(async () => {
  await vendors.stop();
  rmSync(dir, { recursive: true, force: true });
});

const send = sender(() => ca);
const options = { policy: loopback, timeoutMs: 3_000 };
let DEAD: string; // a port that was free a moment ago

type Via = SinkRequest["via"];
const kinds = { http: "webhook", pagerduty: "pagerduty", smtp: "email" } as const;

function aRequest(via: Via, at?: string): SinkRequest {
  if (via === "http")
    return {
      via,
      label: "post",
      host: "tenant",
      method: "POST",
      url: at === undefined ? vendors.webhookUrl : `http://${at}/`,
      headers: { "content-type": "application/json" },
      body: "{}",
    };
  if (via === "pagerduty")
    return {
      via,
      label: "event",
      server: at ?? vendors.bases.pagerduty,
      data: {
        routing_key: "R".repeat(32),
        event_action: "trigger",
        dedup_key: "k",
        payload: { summary: "s", source: "t", severity: "info" },
      },
    };
  return {
    via,
    label: "mail",
    server: { url: at === undefined ? vendors.smtpUrl : `smtp://${at}` },
    message: {
      from: "Tocsin <t@example.com>",
      to: ["ops@example.com"],
      subject: "s",
      text: "t",
      html: "<p>t</p>",
      messageId: "<1@example.com>",
    },
  };
}

const ways: Via[] = ["http", "pagerduty", "smtp"];

describe("a failure says whether the request may have arrived", () => {
  it.each(ways)("%s: where nothing listens, certainly nothing was sent", async (via) => {
    const answer = await send(aRequest(via, DEAD), options);
    expect(answer).toMatchObject({ kind: "failure", code: "ECONNREFUSED", sentBytes: false });
  });

  it.each(ways)("%s: a connection that breaks after the request may have done the work", async (via) => {
    vendors.fault(kinds[via], { mode: "reset_after", times: 1 });
    const answer = await send(aRequest(via), options);
    expect(answer).toMatchObject({ kind: "failure", sentBytes: true });
  });

  it.each(ways)("%s: silence ends at the bound and may have done the work", async (via) => {
    vendors.fault(kinds[via], { mode: "blackhole", times: 1 });
    const start = performance.now();
    const answer = await send(aRequest(via), { ...options, timeoutMs: 500 });
    expect(answer).toMatchObject({ kind: "failure", code: "ABORTED", sentBytes: true });
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  it.each(ways)("%s: a caller's stop ends it at once", async (via) => {
    vendors.fault(kinds[via], { mode: "blackhole", times: 1 });
    const stop = new AbortController();
    const answer = send(aRequest(via), { ...options, signal: stop.signal });
    setTimeout(() => stop.abort(), 300);
    expect(await answer).toMatchObject({ kind: "failure", code: "ABORTED" });
  });

  it.each(["pagerduty", "smtp"] as const)(
    "%s: without the authority the certificate is refused before a byte of the request",
    async (via) => {
      const before = vendors.received(kinds[via]).length;
      const answer = await sender(() => undefined)(aRequest(via), options);
      expect(answer).toMatchObject({ kind: "failure", sentBytes: false });
      expect(vendors.received(kinds[via]).length).toBe(before);
    },
  );
});

describe("what the guard and the bounds hold", () => {
  it("refuses a tenant's private address before anything is sent", async () => {
    const before = vendors.received("webhook").length;
    expect(await send(aRequest("http"), { ...options, policy: { allow: [] } })).toMatchObject({
      kind: "failure",
      code: "E_URL_BLOCKED",
      sentBytes: false,
    });
    expect(vendors.received("webhook").length).toBe(before);
  });

  it("lets the operator's own base be private without any tenant's allowance", async () => {
    const request = { ...aRequest("http"), host: "operator" } as SinkRequest;
    expect(await send(request, { ...options, policy: { allow: [] } })).toMatchObject({ kind: "response" });
  });

  it.each(["http", "pagerduty"] as const)("%s: follows no redirect", async (via) => {
    vendors.fault(kinds[via], {
      mode: "status",
      status: 307,
      headers: { location: `${vendors.http}/webhook/elsewhere` },
    });
    const before = vendors.received("webhook").length + vendors.received("pagerduty").length;
    expect(await send(aRequest(via), options)).toMatchObject({ kind: "response", status: 307 });
    expect(vendors.received("webhook").length + vendors.received("pagerduty").length).toBe(before + 1);
  });

  it.each(["http", "pagerduty"] as const)("%s: keeps no more than its bound of an endless answer", async (via) => {
    vendors.fault(kinds[via], { mode: "status", status: 502, body: "x".repeat(3_000_000) });
    const answer = await send(aRequest(via), options);
    expect(answer).toMatchObject({ kind: "response", status: 502 });
    expect(answer.kind === "response" && answer.body.length).toBe(MAX_ANSWER_BYTES);
  });

  it("says that mail is not set up instead of guessing a relay", async () => {
    const request = aRequest("smtp") as Extract<SinkRequest, { via: "smtp" }>;
    expect(await send({ ...request, server: { url: "" } }, options)).toMatchObject({
      kind: "failure",
      code: "E_MAIL_NOT_SET_UP",
      sentBytes: false,
    });
  });

  it("gives no credentials to a relay that offers no encryption", async () => {
    const heard: string[] = [];
    const relay = createServer((socket) => {
      socket.write("220 plain\r\n");
      socket.on("error", () => {});
      socket.on("data", (data) => {
        heard.push(String(data));
        socket.write("250 plain\r\n");
      });
    });
    await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
    const { port } = relay.address() as { port: number };
    const answer = await send(aRequest("smtp", `relay:hush@127.0.0.1:${port}`), options);
    relay.close();
    expect(answer).toMatchObject({ kind: "failure", sentBytes: false });
    expect(heard.join("")).not.toMatch(/AUTH|hush|aHVzaA/);
  });
});

describe("PagerDuty's client", () => {
  it("is held to one request on a 429, and its answer arrives at once", async () => {
    vendors.fault("pagerduty", { mode: "status", status: 429, body: { status: "throttle exceeded" } });
    const before = vendors.received("pagerduty").length;
    const start = performance.now();
    expect(await send(aRequest("pagerduty"), options)).toMatchObject({ kind: "response", status: 429 });
    expect(performance.now() - start).toBeLessThan(1_500);
    await new Promise((resolve) => setImmediate(resolve));
    expect(vendors.received("pagerduty").length).toBe(before + 1);
  });

  it("does not swallow the plain text of an unknown key", async () => {
    const request = aRequest("pagerduty") as Extract<SinkRequest, { via: "pagerduty" }>;
    const answer = await send({ ...request, data: { ...request.data, routing_key: "0".repeat(32) } }, options);
    expect(answer).toMatchObject({ kind: "response", status: 400, body: "Invalid routing key" });
  });

  it.each([429, 400, 503, "lost"])("leaves no timer that keeps a process alive after %s", async (what) => {
    if (typeof what === "number") vendors.fault("pagerduty", { mode: "status", status: what, times: 1 });
    else vendors.fault("pagerduty", { mode: "reset_after", times: 1 });
    const timers = () => process.getActiveResourcesInfo().filter((r) => r === "Timeout").length;
    const before = timers();
    await send(aRequest("pagerduty"), options);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(timers()).toBeLessThanOrEqual(before);
  });
});
