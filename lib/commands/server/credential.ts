import { z } from "zod";
import type { Tx } from "#lib/adapters/db";
import { liveHint } from "#lib/adapters/hint";
import { assertUrlAllowed } from "#lib/adapters/http";
import { places, secrets } from "#lib/adapters/secrets";
import { defineCommand } from "#lib/commands/command";
import { type CertificateFacts, readCertificate } from "#lib/domain/client-certificate";
import { type ClientCertificate, credentialFields, type NewCredential, newCredential } from "#lib/domain/credential";
import { TocsinError } from "#lib/domain/error";
import { addressPolicy } from "#lib/queries/address-policy";
import { liveServer } from "./live-server.ts";

/** Stores what the probe presents, sealed under the tenant's key. It is never read back to a person. */
export const setCredential = defineCommand({
  action: "server.credential",
  auditAs: "server.set_credential",
  input: z
    .strictObject({ ...credentialFields, serverId: z.uuid() })
    .transform(({ serverId, ...given }, ctx) => ({ serverId, given: newCredential(given, ctx) })),
  async run({ tx, input, actor, now }) {
    const { serverId, given } = input;
    const { tenantId } = actor;
    await liveServer(tx, tenantId, serverId);
    if (given.region !== "" && (await tx.region.count({ where: { name: given.region } })) === 0)
      throw new TocsinError("E_INVALID", "There is no such region: choose one of those offered.", { field: "region" });
    const { secret, ...row } = await rowOf(tx, given, now);
    const { region, kind } = given;
    const sealed = await secrets().seal(tx, places.serverCredential(tenantId, serverId, region), secret);
    const data = { ...row, kind, sealed, createdAt: now };
    await tx.serverCredential.upsert({
      where: { tenantId_serverId_region: { tenantId, serverId, region } },
      create: { tenantId, serverId, region, ...data },
      update: data,
    });
    await liveHint(tx, { tenant: tenantId, what: "server", id: serverId });
    const body = { kind, headerName: row.headerName, ...(region !== "" && { region }), ...row.settings };
    return {
      result: undefined,
      audit: { target: `server:${serverId}`, body: { ...body, expiresAt: row.expiresAt?.toISOString() ?? null } },
    };
  },
});

export const deleteCredential = defineCommand({
  action: "server.credential",
  auditAs: "server.delete_credential",
  input: z.strictObject({ serverId: z.uuid(), region: credentialFields.region }),
  async run({ tx, input, actor }) {
    const { serverId, region } = input;
    await liveServer(tx, actor.tenantId, serverId);
    const { count } = await tx.serverCredential.deleteMany({ where: { tenantId: actor.tenantId, serverId, region } });
    if (count === 0)
      throw new TocsinError(
        "E_STATE",
        region === "" ? "This server has no credential stored." : "This region has no credential of its own.",
      );
    await liveHint(tx, { tenant: actor.tenantId, what: "server", id: serverId });
    return {
      result: undefined,
      audit: { target: `server:${serverId}`, body: region === "" ? {} : { region } },
    };
  },
});

interface Row {
  headerName: string;
  secret: string;
  settings: Record<string, string>;
  expiresAt: Date | null;
}

async function rowOf(tx: Tx, given: NewCredential, now: Date): Promise<Row> {
  const { expiresAt } = given;
  if (given.kind === "oauth") {
    // Found by discovery or given: each address is checked again when it is asked.
    const policy = await addressPolicy(tx);
    for (const field of ["tokenEndpoint", "issuer"] as const)
      if (given.settings[field] !== "") inField(field, () => assertUrlAllowed(given.settings[field], policy));
    return { headerName: "Authorization", secret: given.secret, settings: given.settings, expiresAt };
  }
  if (given.kind === "mtls") {
    const { subject, issuer, fingerprint, expiresAt: ends } = certificateOf(given.certificate, now);
    const secret = JSON.stringify(given.certificate);
    const settings = { subject, certificateIssuer: issuer, fingerprint };
    return { headerName: "", secret, settings, expiresAt: expiresAt !== null && expiresAt < ends ? expiresAt : ends };
  }
  return { headerName: given.headerName, secret: given.secret, settings: {}, expiresAt };
}

function certificateOf(given: ClientCertificate, now: Date): CertificateFacts {
  const read = readCertificate(given);
  if ("field" in read) throw new TocsinError("E_INVALID", read.message, { field: read.field });
  if (read.expiresAt <= now)
    throw new TocsinError(
      "E_INVALID",
      `This certificate ended on ${read.expiresAt.toISOString().slice(0, 10)}: paste one that holds.`,
      { field: "certificate" },
    );
  return read;
}

function inField(field: string, check: () => unknown): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof TocsinError)) throw error;
    throw new TocsinError(error.code, error.message, {
      field,
      cause: error,
      ...(error.detail !== undefined && { detail: error.detail }),
    });
  }
}
