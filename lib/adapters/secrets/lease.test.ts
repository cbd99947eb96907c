import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LEASE_MS, type Lease, type LeaseClock, leaseHolder, leaseKeeper } from "./lease.ts";

function world() {
  const time = { wall: 1_800_000_000_000, mono: 5_000 };
  const clock: LeaseClock = { wallMs: () => time.wall, monotonicMs: () => time.mono };
  return { time, keeper: leaseKeeper(clock), holder: leaseHolder(clock), clock };
}
const refused = expect.objectContaining({ code: "E_FORBIDDEN" });
const pass = (time: { wall: number; mono: number }, ms: number) => {
  time.wall += ms;
  time.mono += ms;
};

describe("a lease", () => {
  const { time, keeper, holder, clock } = world();
  const [tenantId, a, b] = [randomUUID(), randomUUID(), randomUUID()];
  const issue = (to = holder.publicKey) =>
    keeper.issue({
      tenantId,
      region: "fra",
      holder: to,
      secrets: new Map([
        [a, "secret of a"],
        [b, "secret of b"],
      ]),
    });

  test("opens what it names, for as long as it lasts, by either clock", () => {
    const lease = issue();
    expect(JSON.stringify(lease)).not.toContain("secret of");
    const open = holder.accept(lease, keeper);
    expect(open.open(tenantId, a).toString()).toBe("secret of a");
    pass(time, LEASE_MS - 1);
    expect(open.open(tenantId, b).toString()).toBe("secret of b");
    pass(time, 1);
    expect(() => open.open(tenantId, a)).toThrow(refused);
    expect(() => holder.accept(lease, keeper)).toThrow(refused);
  });

  test("set back, the wall clock does not make it last longer; a sleep of the machine ends it too", () => {
    const back = holder.accept(issue(), keeper);
    time.wall -= 3_600_000;
    time.mono += LEASE_MS;
    expect(() => back.open(tenantId, a)).toThrow(refused);
    time.wall += 3_600_000;
    const slept = holder.accept(issue(), keeper);
    time.wall += LEASE_MS;
    expect(() => slept.open(tenantId, a)).toThrow(refused);
    // Over once is over: no clock brings it back.
    time.wall -= LEASE_MS;
    expect(() => slept.open(tenantId, a)).toThrow(refused);
  });

  test("a holder whose clock is far behind refuses it, since it would not see its end", () => {
    const lease = issue();
    time.wall -= 60_000;
    expect(() => holder.accept(lease, keeper)).toThrow(refused);
    time.wall += 60_000;
  });

  test("is of no use to another holder, under another keeper, or with one byte changed", () => {
    const lease = issue();
    expect(() => leaseHolder(clock).accept(lease, keeper)).toThrow(refused);
    expect(() => holder.accept(lease, leaseKeeper(clock))).toThrow(refused);
    const other = randomUUID();
    const forged = { ...lease, token: lease.token.replace(a, other), sealed: { [other]: lease.sealed[a] ?? "" } };
    expect(() => holder.accept(forged, keeper)).toThrow(refused);
    const swapped: Lease = { ...lease, sealed: { [a]: lease.sealed[b] ?? "", [b]: lease.sealed[a] ?? "" } };
    expect(() => holder.accept(swapped, keeper).open(tenantId, a)).toThrow(refused);
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 0, max: 7 }), (at, bit) => {
        const bytes = Buffer.from(lease.sealed[a] ?? "", "base64");
        const place = at % bytes.length;
        bytes[place] = (bytes[place] ?? 0) ^ (1 << bit);
        const opened = holder.accept({ ...lease, sealed: { [a]: bytes.toString("base64") } }, keeper);
        expect(() => opened.open(tenantId, a)).toThrow(refused);
      }),
      { numRuns: 300 },
    );
    for (const length of [0, 11, 12, 24, 27, 28]) {
      const cut = Buffer.from(lease.sealed[a] ?? "", "base64").subarray(0, length);
      const opened = holder.accept({ ...lease, sealed: { [a]: cut.toString("base64") } }, keeper);
      expect(() => opened.open(tenantId, a)).toThrow(refused);
    }
  });
});

// Tenants share server ids on purpose: nothing but the tenant tells them apart then.
type Act =
  | { do: "issue"; tenant: number; holder: number; servers: number[] }
  | { do: "open"; lease: number; tenant: number; server: number; holder: number }
  | { do: "cross"; lease: number; from: number; server: number; other: number }
  | { do: "pass"; ms: number }
  | { do: "close" | "forget"; lease: number; holder: number };

test("whatever is leased, opened, mixed up, closed or forgotten in whatever order, a secret never crosses (tenant, server)", () => {
  const three = fc.nat({ max: 2 });
  const lease = fc.nat({ max: 9 });
  const act: fc.Arbitrary<Act> = fc.oneof(
    fc.record({
      do: fc.constant("issue" as const),
      tenant: three,
      holder: three,
      servers: fc.uniqueArray(three, { minLength: 1 }),
    }),
    fc.record({
      do: fc.constant("issue" as const),
      tenant: three,
      holder: three,
      servers: fc.constant<number[]>([0, 1, 2]),
    }),
    fc.record({ do: fc.constant("open" as const), lease, tenant: three, server: three, holder: three }),
    fc.record({ do: fc.constant("cross" as const), lease, from: lease, server: three, other: three }),
    fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: LEASE_MS / 3 }) }),
    fc.record({ do: fc.constantFrom("close" as const, "forget" as const), lease, holder: three }),
  );
  const tenants = [randomUUID(), randomUUID(), randomUUID()];
  const servers = [randomUUID(), randomUUID(), randomUUID()];
  let opened = 0;
  fc.assert(
    fc.property(fc.array(act, { minLength: 10, maxLength: 60 }), (acts) => {
      const { time, keeper, clock } = world();
      const holders = [leaseHolder(clock), leaseHolder(clock), leaseHolder(clock)];
      const held: {
        lease: Lease;
        tenant: number;
        holder: number;
        servers: number[];
        until: number;
        closed: boolean;
        open: ReturnType<(typeof holders)[0]["accept"]>;
      }[] = [];
      const secret = (t: number, s: number) => `${t}/${s}`;
      for (const a of acts) {
        const it = "lease" in a ? held[a.lease % Math.max(1, held.length)] : undefined;
        if (a.do === "pass") pass(time, a.ms);
        else if (a.do === "issue") {
          const made = keeper.issue({
            tenantId: tenants[a.tenant] ?? "",
            region: "fra",
            holder: holders[a.holder]?.publicKey ?? "",
            secrets: new Map(a.servers.map((s) => [servers[s] ?? "", secret(a.tenant, s)])),
          });
          const open = holders[a.holder]?.accept(made, keeper);
          if (open) held.push({ ...a, lease: made, until: time.wall + LEASE_MS, closed: false, open });
        } else if (a.do === "forget") keeper.forget(holders[a.holder]?.publicKey ?? "");
        else if (!it) continue;
        else if (a.do === "close") {
          it.open.close();
          it.closed = true;
        } else if (a.do === "open") {
          const fits = !it.closed && a.tenant === it.tenant && it.servers.includes(a.server) && time.wall < it.until;
          if (time.wall >= it.until) it.closed = true;
          const tried = () => it.open.open(tenants[a.tenant] ?? "", servers[a.server] ?? "").toString();
          if (!fits) expect(tried).toThrow(refused);
          else {
            expect(tried()).toBe(secret(a.tenant, a.server));
            opened++;
          }
          if (a.holder !== it.holder) expect(() => holders[a.holder]?.accept(it.lease, keeper)).toThrow(refused);
        } else if (a.do === "cross") {
          // A value of another lease, or of another server, put where this one's stands.
          const from = held[a.from % held.length];
          const [here, there] = [servers[a.server] ?? "", servers[a.other] ?? ""];
          const strange = from?.lease.sealed[there];
          if (strange === undefined || it.lease.sealed[here] === strange || time.wall >= it.until) continue;
          const mixed = holders[it.holder]?.accept({ ...it.lease, sealed: { [here]: strange } }, keeper);
          expect(() => mixed?.open(tenants[it.tenant] ?? "", here)).toThrow(refused);
        }
      }
    }),
    { numRuns: 150 },
  );
  expect(opened).toBeGreaterThan(50);
});
