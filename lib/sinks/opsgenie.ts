// OpsGenie's Alert API, and its successor's integration events (Jira Service Management), which take the same calls
// but cannot change message and priority. An open alert's alias swallows repeats, so a lost answer does no harm.
import { z } from "zod";
import { titleTemplate } from "../domain/template.ts";
import type { Judgement } from "../domain/delivery.ts";
import { choice, matching, TITLE_FIELD } from "./forms.ts";
import { busy, dead, disable, jsonBody, quote, retry, sent, unanswered } from "./judge.ts";
import { isStandalone } from "../domain/notice.ts";
import type { Receipt } from "../domain/receipt.ts";
import type { ReceiptContext, RenderContext, Sink, SinkAnswer, SinkBases } from "./sink.ts";
import { stepDone, stepsDone } from "./steps.ts";
import { link, manyLines, oneLine } from "./text.ts";
import { facts, headline, sentences } from "./words.ts";

const config = z.strictObject({
  region: choice(["us", "eu", "jsm"], "Choose where your account lives.").default("us"),
  apiKey: matching(/^[A-Za-z0-9-]{20,100}$/, "Paste the API key of an API integration, as OpsGenie shows it."),
  titleTemplate,
});
type Config = z.infer<typeof config>;
type Step = "create" | "message" | "priority" | "note" | "acknowledge" | "close";

const BASES: Record<Config["region"], keyof SinkBases> = { us: "opsgenieUs", eu: "opsgenieEu", jsm: "jsm" };
const WHERE: Record<Config["region"], string> = {
  us: "OpsGenie (US)",
  eu: "OpsGenie (EU)",
  jsm: "Jira Service Management",
};

function plan(c: RenderContext<Config>): Step[] {
  if (c.notice.kind === "trigger") return ["create"];
  if (isStandalone(c.notice.kind)) return ["create", "close"];
  if (c.notice.kind === "acknowledge") return ["acknowledge"];
  if (c.notice.kind === "resolve") return ["close"];
  return c.config.region === "jsm" ? ["note"] : ["message", "priority", "note"];
}

const body = (c: RenderContext<Config>, step: Step): Record<string, unknown> => {
  const { notice } = c;
  const content = notice.content;
  const source = "Tocsin";
  const page = link(content.incidentUrl) ?? "";
  const runbook = link(content.runbookUrl);
  const user = content.by === undefined ? {} : { user: oneLine(content.by, 100) };
  const note = manyLines(`${headline(notice, 1000)}\n${sentences(notice).evidence}\n${page}`, 5000);
  if (step === "message") return { message: headline({ ...notice, kind: "trigger" }, 130) };
  if (step === "priority") return { priority: content.severity };
  if (step !== "create") return { source, ...user, note };
  const { advice, evidence } = sentences(notice);
  return {
    message: headline(notice, 130),
    alias: notice.dedupKey,
    description: manyLines(
      `${advice}\n${evidence}\n${page}${runbook === undefined ? "" : `\nRunbook: ${runbook}`}`,
      8000,
    ),
    priority: isStandalone(notice.kind) ? "P5" : content.severity,
    source,
    entity: oneLine(content.serverName, 200),
    tags: ["tocsin", content.reason, ...(content.drill ? ["drill"] : [])].map((t) => oneLine(t, 50)),
    details: Object.fromEntries([...facts(notice).map((f) => [f.label, f.value]), ["Incident", page]]),
  };
};

export const opsgenie: Sink<Config> = {
  kind: "opsgenie",
  name: "OpsGenie / Jira Service Management",
  summary:
    "Opens, acknowledges and closes one alert per incident; OpsGenie itself ends on 2027-04-05, its successor is JSM.",
  fields: [
    {
      name: "region",
      label: "Account",
      help: "JSM takes the migrated integration's key; it cannot change an alert's message or priority.",
      input: "select",
      required: true,
      options: [
        { value: "us", label: "OpsGenie US" },
        { value: "eu", label: "OpsGenie EU" },
        { value: "jsm", label: "Jira Service Management" },
      ],
    },
    {
      name: "apiKey",
      label: "API key",
      help: "Of an API integration, not of a person.",
      input: "secret",
      required: true,
    },
    TITLE_FIELD,
  ],
  config,
  secretFields: ["apiKey"],
  capabilities: (given) => ({
    acknowledge: true,
    editInPlace: given.region !== "jsm",
    resolve: true,
    thread: false,
    dedup: "vendor",
    wakes: true,
  }),
  describe: (given) => `${WHERE[given.region]} integration`,

  next(c) {
    const step = plan(c)[stepsDone(c)];
    if (step === undefined) return null;
    const path =
      step === "create"
        ? ""
        : `/${encodeURIComponent(c.notice.dedupKey)}/${step === "note" ? "notes" : step}?identifierType=alias`;
    return {
      via: "http",
      label: `${step} alert`,
      host: "operator",
      method: step === "message" || step === "priority" ? "PUT" : "POST",
      url: `${c.bases[BASES[c.config.region]]}/v2/alerts${path}`,
      headers: { authorization: `GenieKey ${c.config.apiKey}`, "content-type": "application/json" },
      body: JSON.stringify(body(c, step)),
    };
  },

  receipt: {
    next({ config: { region, apiKey }, bases, memory }) {
      const id = String(memory["receipt"] ?? "");
      if (!RECEIPT.test(id)) return null;
      return {
        ...{ via: "http", label: "receipt", host: "operator", method: "GET" },
        url: `${bases[BASES[region]]}/v2/alerts/requests/${id}`,
        headers: { authorization: `GenieKey ${apiKey}` },
      };
    },
    judge: receiptOf,
  },

  judge(c, _request, answer): Judgement {
    const vendor = WHERE[c.config.region];
    if (answer.kind === "failure") return unanswered(vendor, answer);
    const json = jsonBody(answer);
    if (answer.status < 300) {
      // Accepted, not done: they promise no more, and say so with a request id.
      const receipt = json?.["requestId"];
      if (typeof receipt === "string" && RECEIPT.test(receipt)) return sent(stepDone(c, { receipt }));
      if (typeof receipt === "string" || typeof json?.["result"] === "string") return sent(stepDone(c));
      return retry(
        `${vendor}'s address gave an answer that is not theirs (${answer.status}): check proxies on the way.`,
        true,
      );
    }
    // They send no Retry-After but the length of the window.
    if (answer.status === 429)
      return busy(
        vendor,
        answer,
        Number(answer.headers["retry-after"] ?? answer.headers["x-ratelimit-period-in-sec"]) || 30,
      );
    if (answer.status >= 500) return busy(vendor, answer);
    const said = quote([json?.["message"], ...errorsOf(json)].filter(Boolean).join(": ") || (json ? "" : answer.body), [
      c.config.apiKey,
    ]);
    const keyed = [401, 402, 403].includes(answer.status) || /key format/i.test(said);
    if (keyed)
      return disable(
        `${vendor} does not accept this key (${answer.status}): check the key, that it is of an API integration, and the account's region.`,
      );
    return dead(`${vendor} refused the request (${answer.status}): ${said || "no reason given"}.`);
  },
};

const RECEIPT = /^[\w-]{1,100}$/;

/** What came of a request that was accepted. It says 404 until it is done, and 200 with what became of it. */
function receiptOf({ config, kind }: ReceiptContext<Config>, answer: SinkAnswer): Receipt {
  if (answer.kind === "failure" || answer.status !== 200) return { verdict: "later" };
  const data = jsonBody(answer)?.["data"];
  const said = typeof data === "object" && data !== null ? (data as Record<string, unknown>) : {};
  if (said["isSuccess"] === true) return { verdict: "confirmed" };
  if (said["isSuccess"] !== false) return { verdict: "later" };
  const vendor = WHERE[config.region];
  const status = quote(said["status"], [config.apiKey]);
  if (kind !== "trigger" && /does not exist|not found/i.test(status))
    return {
      verdict: "nothing_there",
      reason: `${vendor} has no open alert under this key any more: somebody closed it there.`,
    };
  return {
    verdict: "failed",
    reason: `${vendor} accepted the request and did not do it: ${status || "no reason given"}. Check that the integration ignores nothing.`,
  };
}

function errorsOf(json: Record<string, unknown> | null): string[] {
  const errors = json?.["errors"];
  return typeof errors === "object" && errors !== null
    ? Object.entries(errors).map(([k, v]) => `${k} ${String(v)}`)
    : [];
}
