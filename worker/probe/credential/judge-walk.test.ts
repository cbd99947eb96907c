import { expect, test } from "vitest";
import type { Reason } from "#lib/domain/reason";
import { faultResult } from "../result.ts";
import { judgeWalk } from "./judge-walk.ts";
import { unguarded } from "./load.ts";

test.each<Reason>(["auth_required", "tls_expiring"])(
  "a wall whose metadata misleads is degraded, also behind a certificate that ends soon (%s)",
  (reason) => {
    const seen = faultResult("s", "https://x.example/mcp", "");
    const judgement = { ...seen.judgement, status: "up" as const, auth: "protected" as const, reason };
    const problem = "The protected resource's metadata names no authorization server.";
    const findings = { at: 1, cause: "prm_invalid" as const, problem, resource: null, servers: [], requests: 1 };
    const { result } = judgeWalk({ ...seen, judgement }, unguarded, { wall: null, findings }, null);
    expect(result.judgement).toMatchObject({ status: "degraded", reason: "auth_misconfigured" });
    expect(result.judgement.evidence).toMatchObject({ cause: "prm_invalid", detail: problem });
  },
);
