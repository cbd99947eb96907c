// What the command line asks of the worker's engine, and what comes back: two processes, one shape.
import type { ExtraCheck } from "../domain/extra-check/index.ts";
import type { Transcript } from "../domain/transcript.ts";
import type { Judgement } from "./index.ts";

export interface Asked {
  url: string;
  headers: Record<string, string>;
  boundMs: number;
  allowPrivate: boolean;
  ca?: string | undefined;
  /** One test call of a tool that the person names. */
  call?: ExtraCheck | undefined;
}

export interface Looked {
  transcript: Transcript;
  judgement: Judgement;
}
