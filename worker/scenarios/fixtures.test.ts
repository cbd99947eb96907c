// Failures as the field has them, each a real socket, all looked at in one go: the exact reason and cause, and beside
// them what a check that only asks "does GET give 2xx?" would have said.
import { Agent, request } from "undici";
import { beforeAll, describe, expect, test } from "vitest";
import { judge } from "#lib/checks/index";
import { adviceFor } from "#lib/domain/cause";
import { STORED_MAX_BYTES, storeTranscript } from "#lib/domain/transcript";
import { AUTHORITY, FAILURES, type Fixture, SOUND } from "#lib/testing/fixtures/index";
import { probe } from "../probe/transcript.ts";

const GET_BOUND_MS = 5_000;
const AT_ONCE = 20;
const policy = { allow: [{ cidr: "127.0.0.0/8" }, { cidr: "::1/128" }] };

interface Seen {
  fixture: Fixture;
  judged: ReturnType<typeof judge>;
  stored: string;
  httpOnly: string;
}
let seen: Seen[] = [];

beforeAll(async () => {
  const all = [...FAILURES, ...SOUND];
  const looks = new Map<Fixture, Seen>();
  const lookAt = async (fixtures: Fixture[], atOnce: number) => {
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        for (let next = fixtures.shift(); next !== undefined; next = fixtures.shift())
          looks.set(next, await look(next));
      }),
    );
  };
  await lookAt(
    // Those that are waited for begin first: they cost time and nothing else.
    all.filter((f) => !f.heavy).sort((a, b) => (a.boundMs ?? 0) - (b.boundMs ?? 0)),
    AT_ONCE,
  );
  await lookAt(
    all.filter((f) => f.heavy),
    1,
  );
  seen = all.flatMap((fixture) => looks.get(fixture) ?? []);
});

async function look(fixture: Fixture): Promise<Seen> {
  const server = await fixture.start();
  const ca = fixture.trusted ? AUTHORITY.cert : undefined;
  try {
    const transcript = await probe(
      {
        serverId: "s",
        tenantId: "t",
        url: server.url,
        headers: fixture.headers ?? {},
        knownEra: fixture.knownEra ?? null,
        ca,
      },
      { policy, monotonic: () => performance.now(), boundMs: fixture.boundMs ?? 12_000 },
    );
    return {
      fixture,
      judged: judge(transcript),
      stored: JSON.stringify(storeTranscript(transcript)),
      httpOnly: await httpOnly(server.url, ca),
    };
  } finally {
    await server.close();
  }
}

/** GET, and a 2xx is up: what most uptime monitors do. */
async function httpOnly(url: string, ca: string | undefined): Promise<string> {
  const dispatcher = new Agent({ allowH2: false, connect: ca === undefined ? {} : { ca } });
  try {
    const answer = await request(url, { dispatcher, signal: AbortSignal.timeout(GET_BOUND_MS) });
    answer.body.on("error", () => {}).destroy();
    return answer.statusCode < 300 ? "up" : `down (${answer.statusCode})`;
  } catch {
    return "down";
  } finally {
    await dispatcher.destroy();
  }
}

const words = ({ judged }: Seen) => [
  judged.status,
  judged.auth,
  judged.reason,
  judged.evidence.cause ?? null,
  judged.phase,
];

describe("of every failure", () => {
  test("there are at least sixty here, each under a name of its own", () => {
    expect(FAILURES.length).toBeGreaterThanOrEqual(60);
    expect(new Set([...FAILURES, ...SOUND].map((f) => f.what)).size).toBe(FAILURES.length + SOUND.length);
  });

  test("the status, whether it is protected, the reason, the cause and the step are exactly right", () => {
    expect(seen.map((s) => [s.fixture.what, ...words(s)])).toEqual(
      seen.map((s) => [s.fixture.what, ...s.fixture.says]),
    );
  });

  test("none is unknown, but where that is the right answer", () => {
    const unknown = seen.filter((s) => s.judged.status === "unknown").map((s) => s.fixture.what);
    expect(unknown).toEqual(FAILURES.filter((f) => f.unknownIsRight).map((f) => f.what));
  });

  test("what is kept fits, and holds nothing that could hurt a page or give a credential away", () => {
    for (const { fixture, judged, stored } of seen) {
      expect([fixture.what, Buffer.byteLength(stored) <= STORED_MAX_BYTES]).toEqual([fixture.what, true]);
      expect([fixture.what, stored + JSON.stringify(judged)]).toEqual([
        fixture.what,
        expect.not.stringMatching(/(?<!\\)\\u0000|\u202e|sk-fixture/),
      ]);
    }
  });

  test("the owner is told what to do, more precisely than by the reason alone", () => {
    const failures = seen.filter((s) => s.judged.reason !== null);
    const sentences = new Set(
      failures.map(({ judged }) => adviceFor(judged.reason ?? "prober_fault", judged.evidence.cause)),
    );
    expect(sentences.size).toBeGreaterThan(new Set(failures.map((s) => s.judged.reason)).size * 2);
  });

  test("a check by GET alone calls many of them up, and a sound modern server down", () => {
    const wrong = seen.filter((s) => s.httpOnly === "up" && s.judged.status !== "up");
    console.log(table(seen));
    console.log(
      `Of ${FAILURES.length} failures, GET alone calls ${wrong.length} "up" that are not; of ${SOUND.length} sound servers it calls ${seen.filter((s) => SOUND.includes(s.fixture) && s.httpOnly !== "up").length} "down".`,
    );
    expect(wrong.length).toBeGreaterThanOrEqual(40);
    expect(seen.find((s) => s.fixture.what === "a modern server")?.httpOnly).toBe("down (405)");
  });
});

function table(rows: Seen[]): string {
  const cells = [
    ["fixture", "status", "auth", "reason", "cause", "step", "GET alone"],
    ...rows.map((s) => [s.fixture.what, ...words(s).map((w) => w ?? "–"), s.httpOnly]),
  ];
  const widths = cells[0]?.map((_, i) => Math.max(...cells.map((row) => String(row[i]).length))) ?? [];
  return cells
    .map((row) =>
      row
        .map((cell, i) => String(cell).padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
