import type { SecretPlace } from "#lib/adapters/secrets";

/** Where the two sealed values of a request live: bound to tenant, column and row. */
export const place = (tenantId: string, rowId: string, column: "identifiers_sealed" | "note_sealed"): SecretPlace => ({
  tenantId,
  table: "erasure_request",
  column,
  rowId,
});
