// The list of kinds. A new one is a file here (form and validation), one in lib/checks (judgement), one in
// worker/probe/extras (run), and a line in each list.
import type { ExtraKind } from "../outcome.ts";
import { type CanarySettings, canary } from "./canary.ts";
import type { CheckKind } from "./form.ts";
import { type HealthSettings, healthUrl } from "./health-url.ts";
import { type SessionSettings, session } from "./session.ts";

export interface SettingsOf {
  canary: CanarySettings;
  health_url: HealthSettings;
  session: SessionSettings;
}

export const CHECK_KINDS: { [K in ExtraKind]: CheckKind<SettingsOf[K]> } = { canary, health_url: healthUrl, session };

/** One check as a prober is given it. */
export type ExtraCheck = {
  [K in ExtraKind]: { kind: K; id: string; name: string; everyS: number; callsPerDay: number; settings: SettingsOf[K] };
}[ExtraKind];

interface Row {
  id: string;
  kind: string;
  name: string;
  everyS: number;
  callsPerDay: number;
  settings: unknown;
}

/** @returns null for what a worker of this version cannot read */
export function checkOf(row: Row): ExtraCheck | null {
  if (!Object.hasOwn(CHECK_KINDS, row.kind)) return null;
  const kind = row.kind as ExtraKind;
  const settings = CHECK_KINDS[kind].settings.safeParse(row.settings);
  const { id, name, everyS, callsPerDay } = row;
  return settings.success ? ({ kind, id, name, everyS, callsPerDay, settings: settings.data } as ExtraCheck) : null;
}
