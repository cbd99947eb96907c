// A command that takes two people: beside what it does, it says what it would do. Listed in registry.ts.
import type { Tx } from "#lib/adapters/db";
import type { Command } from "#lib/commands/command";
import type { DiffLine } from "#lib/domain/approval";

// Methods and no function properties: a list of duals of different inputs is then a list of Dual<never> and back.
export interface Dual<Input = unknown, Result = unknown> {
  /** Its input is kept as it was given and parsed again when it is decided: it holds plain JSON and no secret. */
  command: Command<Input, Result>;
  /** What will happen, named by its object, as "Erase the tenant Acme (acme)". In the transaction of the command's tenant. */
  sentence(input: Input, tx: Tx): string | Promise<string>;
  /** What it is done to, as in the audit log: "tenant:<id>". One ask may be open for one target. */
  target(input: Input): string;
  /**
   * Before and after, field by field. Computed when asked and again when decided.
   * @throws TocsinError when it could not be done at all: then nobody is asked
   */
  diff(tx: Tx, input: Input): Promise<DiffLine[]>;
  /** Deletes much: its transaction gets minutes and not seconds. */
  patient?: true;
}

export const defineDual = <Input, Result>(dual: Dual<Input, Result>): Dual<Input, Result> => dual;
