import type { GoJsonValue } from "@carrara/manifest";
import { secretJson } from "@carrara/manifest";
import type { Coordinator } from "../../coordinator.ts";
import { progressMessage } from "../../core/pending-update.ts";
import { userSecretsDecoder } from "../../core/user-secrets.ts";
import { CoordinatorError } from "../../error.ts";
import { type ApiRequest, readBody } from "./request.ts";
import {
  MAX_MANIFEST_BYTES,
  MAX_RECOVERY_BODY_BYTES,
  MAX_SECRETS_BODY_BYTES,
  type Route,
  type RouteHandler,
} from "./routes-v2.ts";
import { CANCELLED, pendingData } from "./update-answers.ts";

/** A v1 route and the status of its refusals, where the code has none of its own (section 2.5). */
export interface RouteV1 extends Route {
  readonly failureStatus: number;
}

/** The deprecated routes, still served (spec marblerun section 2.5). */
export function routesV1(coordinator: Coordinator): readonly RouteV1[] {
  const user = ({ clientCertificate }: ApiRequest) =>
    coordinator.authenticateUser(clientCertificate);
  return [
    get("/status", 500, () => {
      const { code, message } = coordinator.status();
      return { StatusCode: code, StatusMessage: message };
    }),
    get("/manifest", 500, () => manifestData(coordinator)),
    post("/manifest", 400, MAX_MANIFEST_BYTES, async ({ body }) => {
      const secrets = await coordinator.setManifest(body);
      return secrets.size === 0 ? null : { RecoverySecrets: secrets };
    }),
    get("/quote", 500, async () => {
      const { certificateChain, quote } = await coordinator.quote(new Uint8Array(0));
      return { Cert: certificateChain, Quote: quote ?? null };
    }),
    get("/update", 500, () =>
      coordinator
        .updateLog()
        .map((line) => `${line}\n`)
        .join(""),
    ),
    post("/update", 400, MAX_MANIFEST_BYTES, async (request) => {
      await coordinator.updateManifest(user(request), request.body);
      return null;
    }),
    get("/secrets", 400, (request) => {
      const authenticated = user(request);
      const names = request.query("s");
      if (names.length === 0 || names.includes("")) {
        throw new CoordinatorError("REQUEST_MALFORMED", "query parameter s names no secret");
      }
      const secrets = coordinator.readSecrets(authenticated, names);
      return new Map([...secrets].map(([name, value]) => [name, secretJson(value)]));
    }),
    post("/secrets", 400, MAX_SECRETS_BODY_BYTES, async (request) => {
      const authenticated = user(request);
      await coordinator.writeSecrets(
        authenticated,
        readBody(request.body, userSecretsDecoder, "whole"),
      );
      return null;
    }),
    post("/recover", 410, MAX_RECOVERY_BODY_BYTES, () => {
      throw new CoordinatorError("NOT_AVAILABLE", "recovery has moved to /api/v2/recover");
    }),
    get("/update-manifest", 500, () => pendingData(coordinator.pendingUpdate())),
    post("/update-manifest", 500, MAX_MANIFEST_BYTES, async (request) => {
      const progress = await coordinator.acknowledgeUpdate(user(request), request.body);
      return progressMessage(progress.missingAcknowledgments);
    }),
    post("/update-cancel", 500, MAX_RECOVERY_BODY_BYTES, async (request) => {
      await coordinator.cancelUpdate(user(request));
      return CANCELLED;
    }),
  ];
}

function get(path: string, failureStatus: number, handle: RouteHandler): RouteV1 {
  return { method: "GET", path, failureStatus, maxBodyBytes: 0, handle };
}

function post(
  path: string,
  failureStatus: number,
  maxBodyBytes: number,
  handle: RouteHandler,
): RouteV1 {
  return { method: "POST", path, failureStatus, maxBodyBytes, handle };
}

function manifestData(coordinator: Coordinator): GoJsonValue {
  const deployment = coordinator.deployment();
  return {
    ManifestSignatureRootECDSA: deployment?.signature ?? null,
    ManifestSignature: deployment?.fingerprint ?? "",
    Manifest: deployment?.manifestBytes ?? null,
  };
}
