/** What ends a start: `message` is the one sentence for the user that says what to do, `detail` is for whoever looks deeper. */
export class Problem extends Error {
  readonly detail: string | undefined;
  constructor(message: string, detail?: string) {
    super(message);
    this.name = "Problem";
    this.detail = detail;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
