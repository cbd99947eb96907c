export interface SecretPlace {
  tenantId: string;
  table: string;
  column: string;
  rowId: string;
}

/** Where each kind of secret lives; sealing and opening must name the same place. */
export const places = {
  /** JSON object of the sink's secret fields. */
  sink: (tenantId: string, sinkId: string): SecretPlace => ({
    tenantId,
    table: "sink",
    column: "sealed",
    rowId: sinkId,
  }),
  /** With what a vendor signs what it sends back, or which token it shows. */
  sinkInbound: (tenantId: string, id: string): SecretPlace => ({
    tenantId,
    table: "sink_inbound",
    column: "sealed",
    rowId: id,
  }),
  /** Bearer token, header value or client secret as it is; JSON of certificate and key. Region "": for all of them. */
  serverCredential: (tenantId: string, serverId: string, region = ""): SecretPlace => ({
    tenantId,
    table: "server_credential",
    column: "sealed",
    rowId: region === "" ? serverId : `${serverId}:${region}`,
  }),
  /** JSON object of the stream's secret fields. */
  auditStream: (tenantId: string, streamId: string): SecretPlace => ({
    tenantId,
    table: "audit_stream",
    column: "sealed",
    rowId: streamId,
  }),
  /** The key, token or secret URL of one heartbeat of the installation. */
  heartbeat: (tenantId: string, id: string): SecretPlace => ({
    tenantId,
    table: "heartbeat_target",
    column: "sealed",
    rowId: id,
  }),
  /** The identity provider's refresh token of one session; sessions belong to no tenant, so to the installation's own. */
  sessionRefresh: (tenantId: string, sessionId: string): SecretPlace => ({
    tenantId,
    table: "session",
    column: "refresh_sealed",
    rowId: sessionId,
  }),
  /** A session of a server's that a check holds between two looks of a region; kept in Redis. */
  heldSession: (tenantId: string, checkId: string, region: string): SecretPlace => ({
    tenantId,
    table: "extra_check",
    column: "session",
    rowId: `${checkId}:${region}`,
  }),
  /** Whom a request under Article 17 is about, and its note. */
  erasureRequest: (tenantId: string, requestId: string, column: "identifiers_sealed" | "note_sealed"): SecretPlace => ({
    tenantId,
    table: "erasure_request",
    column,
    rowId: requestId,
  }),
};
