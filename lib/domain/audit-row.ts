// A row of the log as people read it: the action as a sentence about its target, and what stood there before and after.
// An action that is not known here keeps its own name: a row is never hidden for want of words.

import type { DualName } from "./approval.ts";

export type Body = Record<string, unknown>;

/** The row's JSON; what is no object reads as empty, the raw text is shown beside it. */
export function bodyOf(text: string): Body {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Body) : {};
  } catch {
    return {};
  }
}

type Words = string | ((body: Body) => string);
const named = (body: Body, key: string): string => (typeof body[key] === "string" ? (body[key] as string) : "");
/** What takes two people, as one says it. */
const ASKED: Readonly<Record<DualName, string>> = {
  "address.allow": "reaching private addresses",
  "key.rotate": "replacing the key that signs the log",
  "retention.cut": "keeping history for a shorter time",
  "role.bind": "binding a group",
  "role.unbind": "taking a group's binding away",
  "secret.rotate": "replacing the key under which secrets are kept",
  "tenant.erase": "erasing a tenant",
};
function of(body: Body): string {
  const action = named(body, "action");
  if (action === "") return "";
  return `: ${Object.hasOwn(ASKED, action) ? ASKED[action as DualName] : action}`;
}
const count = (body: Body, key: string, one: string, many: string): string =>
  typeof body[key] === "number" ? ` (${body[key]} ${body[key] === 1 ? one : many})` : "";

/** "{}" is where the target's name goes. */
const WORDS: Record<string, Words> = {
  "access.refused": (b) => `was refused: ${named(b, "action") || "an act"} (${named(b, "code") || "E_FORBIDDEN"})`,
  "session.sign_in": "signed in",
  "session.sign_out": "signed out",
  "session.refused": "was refused at sign-in",
  "session.end": "ended a session of {}",
  "session.ended": "was signed out",
  "session.replaced": "proved again who they are",
  "server.register": "registered {}",
  "server.change": "changed {}",
  "server.remove": "removed {}",
  "server.set_credential": "set the credential of {}",
  "server.delete_credential": "deleted the credential of {}",
  "server.probe_now": "had {} checked at once",
  "server.accept_tools": "accepted the changed tools of {}",
  "check.add": "added a check of {}",
  "check.change": "changed a check of {}",
  "check.remove": "removed a check of {}",
  "check.try": "had a check of {} tried at once",
  "check.allow_tool": (b) => `let test calls use ${named(b, "tool") || "a tool"} of {}`,
  "check.disallow_tool": (b) => `took back ${named(b, "tool") || "a tool"} from the test calls of {}`,
  "region.add": "added the region {}",
  "region.change": "changed the region {}",
  "region.make_token": "gave the agent of {} a token",
  "region.revoke_token": "took a token back from the agent of {}",
  "secret.rotate": "asked for another key under which secrets are kept",
  "secret.replaced": "replaced the key under which secrets are kept",
  "prober.release": "let the tenant be checked at its own pace again",
  "prober.kill": (b) => `had a check of {} killed${named(b, "why") === "" ? "" : `: ${named(b, "why")}`}`,
  "prober.throttle": (b) =>
    b.factor === 1 ? "let the tenant be checked at its own pace again" : "slowed down the checks of the tenant",
  "incident.acknowledge": "acknowledged {}",
  "incident.resolve": "resolved {} by hand",
  "incident.note": "wrote a note on {}",
  "sink.create": "added {}",
  "sink.change": "changed {}",
  "sink.remove": "removed {}",
  "sink.disable": "disabled {}",
  "sink.enable": "enabled {}",
  "sink.fallback": "changed when {} takes over for another sink",
  "sink.test_send": "sent a test to {}",
  "sink.challenge": "asked {} for a proof that it is theirs",
  "sink.prove": "proved that {} is theirs",
  "sink.lapse": "no longer takes {} for proven",
  "sink.confirm": "confirmed being told by {}",
  "sink.rotate": "replaced the secret of {}",
  "delivery.redrive": "had {} sent again",
  "delivery.redrive_all": (b) => `had what {} refused sent again${count(b, "deliveries", "delivery", "deliveries")}`,
  "policy.save": "changed who is told what and when",
  "policy.remove": "removed the policy {}",
  "policy.order": "changed the order of policies",
  "severity.change": "changed how grave reasons count",
  "schedule.save": "changed who is on call in {}",
  "schedule.remove": "removed the schedule {}",
  "schedule.override": "changed who stands in, in {}",
  "schedule.feed": "gave {} a calendar address",
  "contact.save": "changed how somebody on call is reached",
  "source.add": "let another monitor send alerts: {}",
  "source.change": "changed {}",
  "source.revoke": "took the key of {} back",
  "window.save": "changed the maintenance window {}",
  "window.remove": "removed the maintenance window {}",
  "runbook.save": "wrote the runbook {}",
  "runbook.remove": "went back to the given runbook {}",
  "postmortem.save": "wrote the postmortem of {}",
  "postmortem.publish": "finished the postmortem of {}",
  "action_item.save": "changed an action item of {}",
  "drill.run": "ran a drill",
  "heartbeat.save": "changed where the installation's heartbeat goes",
  "heartbeat.remove": "stopped a heartbeat of the installation",
  "silence.create": (b) => (b.serverId === null ? "silenced every server" : "silenced {}"),
  "silence.end": "ended {}",
  "retention.change": "changed how long history is kept",
  "retention.cut": "cut how long history is kept",
  "erasure.file": "filed a request for erasure",
  "audit.export": "took the log away with its proof",
  "audit.review": (b) => `reviewed the log of ${named(b, "day") || "a day"}`,
  "audit.verify": "verified the log",
  "tenant.add": (b) => `added ${named(b, "slug") || "a tenant"}`,
  "tenant.change": "changed {}",
  "tenant.erase": "erased {}",
  "address.allow": (b) => `allowed private addresses: ${named(b, "cidr")}`,
  "address.revoke": (b) => `took back private addresses: ${named(b, "cidr")}`,
  "tenant.erased": "erased {}",
  "approval.ask": (b) => `asked for a second person${of(b)}`,
  "approval.approve": (b) => `approved what somebody else asked for${of(b)}`,
  "approval.refuse": (b) => `refused what somebody else asked for${of(b)}`,
  "approval.withdraw": (b) => `withdrew what they had asked for${of(b)}`,
  "approval.fail": (b) => `approved something that then could not be done${of(b)}`,
  "approval.expire": (b) => `let run out what nobody decided in time${of(b)}`,
  "approval.refused_decision": (b) => `was refused a decision${of(b)} (${named(b, "code")})`,
  "approval.waived": (b) => `did alone what needs a second person${of(b)}`,
  "impersonation.ask": (b) =>
    b.mode === "rw" ? "asked to change things during a visit" : "asked to look into the tenant",
  "impersonation.approve": "let somebody change things during a visit",
  "impersonation.begin": "used the leave to change things during a visit",
  "impersonation.start": "began to look into the tenant as one of its people",
  "impersonation.request": (b) => `looked at ${named(b, "route") || "a page"}`,
  "impersonation.end": "ended a visit",
  "impersonation.drop": "closed a visit that was only asked for",
  "impersonation.revoke": (b) =>
    b.reason === "withdrawn"
      ? "withdrew a visit"
      : b.reason === "refused"
        ? "refused a visit"
        : "ended a visit of the staff",
  "visit.end": "ended a visit of the staff",
  "role.bind": "gave a group a role",
  "role.unbind": "took a role from a group",
  "role_table.pin": "kept the table of permissions as it is",
  "role_table.acknowledge": "acknowledged a changed table of permissions",
  "person.disable": "disabled {}",
  "person.enable": "let {} in again",
  "person.end_sessions": "ended the sessions of {}",
  "person.groups_changed": "has other groups now",
  "scim.token_make": "gave the directory a token",
  "scim.token_revoke": "took a token back from the directory",
  "scim.user_create": "sent a person of the directory",
  "scim.user_change": (b) => `changed a person of the directory${b.active === false ? ": switched off" : ""}`,
  "scim.user_delete": "took a person out of the directory",
  "scim.group_create": (b) => `sent the group ${named(b, "name")}${count(b, "added", "person", "people")}`,
  "scim.group_change": (b) => `changed the group ${named(b, "name")}`,
  "scim.group_delete": (b) => `took the group ${named(b, "name")} away`,
  "scim.refused": "was refused: a directory's token that does not hold",
  "break_glass.make": "made an emergency account",
  "break_glass.close": "closed an emergency account",
  "break_glass.use": "came in by an emergency account",
  "break_glass.refused": "was refused at the emergency door",
  "key.rotate": "asked for a new key that signs the log",
  "key.replaced": "replaced the key that signs the log",
  "audit_stream.add": "began to copy the log to {}",
  "audit_stream.change": "changed where the log is copied to",
  "audit_stream.remove": "stopped copying the log to {}",
  "audit_stream.test": "tested a copy of the log",
  "audit.partition_dropped": "dropped a month of the log that is older than it is kept",
  "erasure.open": "read whom a request for erasure is about",
  "retention.delete": "deleted history that is older than it is kept",
  "gdpr.erased": (b) => `erased personal data from the log${count(b, "events", "row", "rows")}`,
};

/** @returns what was done, to be read after the actor's name; `known` is false when it is only the action's own name */
export function actWords(action: string, body: Body, target: string): { words: string; known: boolean } {
  const words = Object.hasOwn(WORDS, action) ? WORDS[action] : undefined;
  if (words === undefined) return { words: action, known: false };
  const said = typeof words === "string" ? words : words(body);
  return { words: said.replace("{}", () => target), known: true };
}

export interface Change {
  what: string;
  /** null: there was nothing, or nothing is there now. */
  was: string | null;
  will: string | null;
}

/** Before and after in whichever of the log's forms the row has it; only what differs. */
export function changesOf(body: Body): Change[] {
  const found: Change[] = [];
  const [was, will] = pairOf(body) ?? [undefined, undefined];
  if (isObject(was) && isObject(will)) found.push(...compared(was, will));
  else if ((Array.isArray(was) || was === null) && Array.isArray(will)) found.push(...inOrder(was ?? [], will));
  else if (was !== undefined) found.push(change("value", was, will));
  for (const [what, value] of Object.entries(body)) {
    const pair = pairOf(value);
    if (pair) found.push(change(words(what), ...pair));
    else if ((what === "changed" || what === "form") && isObject(value))
      for (const [field, inner] of Object.entries(value)) {
        const both = pairOf(inner);
        if (both) found.push(change(words(field), ...both));
      }
    else if ((what === "diff" || what === "changes") && Array.isArray(value))
      for (const line of value)
        if (isObject(line) && pairOf(line)) found.push(change(named(line, "field") || "value", line.was, line.will));
  }
  return found.filter((c) => c.was !== c.will);
}

const isObject = (value: unknown): value is Body =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const own = (body: Body, key: string): unknown => (Object.hasOwn(body, key) ? body[key] : undefined);

function pairOf(value: unknown): [was: unknown, will: unknown] | null {
  if (!isObject(value)) return null;
  if (Object.hasOwn(value, "before") && Object.hasOwn(value, "after")) return [value.before, value.after];
  return Object.hasOwn(value, "was") && Object.hasOwn(value, "will") ? [value.was, value.will] : null;
}

function compared(was: Body, will: Body): Change[] {
  const names = [...new Set([...Object.keys(was), ...Object.keys(will)])];
  return names.map((name) => change(words(name), own(was, name), own(will, name)));
}

/** Lists one by one: what stood in the first place, in the second. */
function inOrder(was: unknown[], will: unknown[]): Change[] {
  return Array.from({ length: Math.max(was.length, will.length) }, (_, i) => change(`${i + 1}.`, was[i], will[i]));
}

const change = (what: string, was: unknown, will: unknown): Change => ({ what, was: said(was), will: said(will) });

/** "fireAfter" as "fire after". */
const words = (name: string): string => name.replace(/([a-z])([A-Z])/g, (_, a, b) => `${a} ${b.toLowerCase()}`);

/** A line for each part; a part of a part stays on its line. */
function said(value: unknown, inner = false): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value))
    return value.map((one) => said(one, true) ?? "none").join(value.some(isObject) ? "\n" : ", ");
  if (!isObject(value)) return String(value);
  return Object.entries(value)
    .map(([name, one]) => `${words(name)}: ${said(one, true) ?? "none"}`)
    .join(inner ? "; " : "\n");
}

/** What stands in a body beside its before and after: name and value. */
export function factsOf(body: Body): [what: string, value: string][] {
  const told = new Set([
    "changed",
    "form",
    "diff",
    "changes",
    ...(pairOf(body) ? ["before", "after", "was", "will"] : []),
  ]);
  return Object.entries(body)
    .filter(([name, value]) => pairOf(value) === null && !told.has(name))
    .map(([name, value]) => [words(name), said(value) ?? "none"]);
}
