import type { TeeKind, TrustAnchor } from "@carrara/attestation";
import { fromHex, toBase64 } from "@carrara/encoding";
import { type PlatformReply, parseRequest } from "../enclave/protocol.ts";
import type { EnclaveIdentity } from "../image/verify-image.ts";
import type { IssueEvidence } from "./issue-evidence.ts";
import { deriveSealingKey } from "./sealing.ts";

/** What a platform answers enclaves with. */
export interface PlatformServices {
  readonly tee: TeeKind;
  readonly anchor: TrustAnchor;
  readonly fuseKey: Uint8Array;
  readonly issueEvidence: IssueEvidence;
}

/**
 * Answers one message of the enclave that was measured as `identity`: the message can say what is
 * wanted, never who asks. Messages that are none of ours get no answer.
 */
export async function answerRequest(
  services: PlatformServices,
  identity: EnclaveIdentity,
  message: unknown,
): Promise<PlatformReply | undefined> {
  const request = parseRequest(message);
  if (request === undefined) return refuseMalformed(message);
  const { tee, anchor, fuseKey } = services;
  const reply = (value: Uint8Array): PlatformReply => ({
    carrara: 1,
    id: request.id,
    value: toBase64(value),
  });
  switch (request.kind) {
    case "anchor":
      return { ...reply(anchor.certificate), tee };
    case "quote":
      return reply(await services.issueEvidence(identity, fromHex(request.reportData)));
    case "seal":
      return reply(deriveSealingKey(fuseKey, identity, request.policy, tee));
  }
}

/** So that an enclave that asks wrongly learns it at once instead of waiting. */
function refuseMalformed(message: unknown): PlatformReply | undefined {
  if (typeof message !== "object" || message === null || !("carrara" in message)) return undefined;
  const id = "id" in message ? message.id : undefined;
  if (typeof id !== "number" || !Number.isSafeInteger(id) || id < 0) return undefined;
  return { carrara: 1, id, error: "request is malformed" };
}
