import { createHash } from "node:crypto";
import { encodeEvidence } from "@carrara/attestation";
import { encodePem, parsePem } from "@carrara/encoding";
import {
  type ActivationReq,
  createMarbleIdentity,
  type MarbleIdentity,
  marbleService,
  type Parameters,
} from "@carrara/marble";
import type { Tee } from "@carrara/tee";
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { CODE_METADATA } from "../api/mesh/activate-handler.ts";
import type { ClientIdentity } from "./http-client.ts";

/** How a call ended: parameters, or the gRPC status, text and Carrara code of a refusal. */
export type ActivationOutcome =
  | { readonly kind: "accepted"; readonly parameters: Parameters }
  | {
      readonly kind: "refused";
      readonly status: string;
      readonly message: string;
      readonly code: string | undefined;
    };

/** The fields of an activation, without protobuf's own. */
export type ActivationFields = Pick<ActivationReq, "Quote" | "CSR" | "MarbleType" | "UUID">;

/** A UUID for tests that need any. */
export const TEST_UUID = "f6b2414a-ec07-47ab-a5eb-afe399dae79e";

/** A Marble's key with a request over it and, with a `tee`, a quote. */
export async function prepareMarble(
  marbleType: string,
  tee: Tee | undefined,
  uuid: string = TEST_UUID,
  curve: "P-256" | "P-384" = "P-256",
): Promise<{ readonly identity: MarbleIdentity; readonly fields: ActivationFields }> {
  const identity = await createMarbleIdentity({
    dnsNames: ["localhost"],
    ipAddresses: ["127.0.0.1", "::1"],
    now: new Date(),
    curve,
  });
  const digest = createHash("sha256").update(identity.certificate).digest();
  const quote = tee && encodeEvidence(await tee.getEvidence(digest));
  const fields = {
    Quote: quote ?? new Uint8Array(0),
    CSR: identity.certificateRequest,
    MarbleType: marbleType,
    UUID: uuid,
  };
  return { identity, fields };
}

/** Milliseconds a call of a test may take. */
const CALL_TIMEOUT_MS = 20_000;

/** A connection to the mesh API as a Marble makes it, without verifying the server. */
export function openMeshClient(
  meshPort: number,
  identity: Pick<MarbleIdentity, "certificate" | "pkcs8">,
): Client {
  return new Client(
    `127.0.0.1:${meshPort}`,
    credentials.createSsl(
      null,
      Buffer.from(encodePem("PRIVATE KEY", identity.pkcs8)),
      Buffer.from(encodePem("CERTIFICATE", identity.certificate)),
      { rejectUnauthorized: false, checkServerIdentity: () => undefined },
    ),
    { "grpc.enable_http_proxy": 0, "grpc.ssl_target_name_override": "localhost" },
  );
}

/** Calls `Activate` as a Marble does, without verifying the server. */
export async function callActivate(
  meshPort: number,
  identity: Pick<MarbleIdentity, "certificate" | "pkcs8">,
  fields: ActivationFields,
  metadata: Readonly<Record<string, string>> = {},
): Promise<ActivationOutcome> {
  const client = openMeshClient(meshPort, identity);
  try {
    return await activateOver(client, fields, metadata);
  } finally {
    client.close();
  }
}

/** Calls `Activate` over an open client. */
export async function activateOver(
  client: Client,
  fields: ActivationFields,
  metadata: Readonly<Record<string, string>> = {},
): Promise<ActivationOutcome> {
  const { path, requestSerialize, responseDeserialize } = marbleService.Activate;
  return await new Promise((resolve) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      { $typeName: "rpc.ActivationReq", ...fields },
      metadataOf(metadata),
      { deadline: Date.now() + CALL_TIMEOUT_MS },
      (error, response) =>
        resolve(error === null ? accepted(response?.Parameters) : refused(error)),
    );
  });
}

function metadataOf(entries: Readonly<Record<string, string>>): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(entries)) metadata.set(name, value);
  return metadata;
}

function accepted(parameters: Parameters | undefined): ActivationOutcome {
  const empty = { $typeName: "rpc.Parameters" as const, Files: {}, Env: {}, Argv: [] };
  return { kind: "accepted", parameters: parameters ?? empty };
}

function refused(error: ServiceError): ActivationOutcome {
  const code = error.metadata.get(CODE_METADATA)[0]?.toString();
  return { kind: "refused", status: status[error.code], message: error.details, code };
}

/** The certificate and key that an activation gave, as they are shown to the client API. */
export function marbleClient({ Env }: Parameters): ClientIdentity {
  const first = (name: string): Uint8Array => {
    const [block] = parsePem(new TextDecoder().decode(Env[name]));
    if (block === undefined) throw new TypeError(`the parameters have no ${name}`);
    return block.bytes;
  };
  return {
    certificate: first("MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN"),
    pkcs8: first("MARBLE_PREDEFINED_PRIVATE_KEY"),
  };
}
