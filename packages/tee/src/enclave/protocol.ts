// The small form of zod: this file is in every image, and all of zod is 750 KB.

import type { TeeKind } from "@carrara/attestation";
import * as z from "zod/mini";
import type { SealingPolicy } from "../tee.ts";

/** Bytes of REPORTDATA in evidence of every kind. */
export const REPORT_DATA_BYTES = 64;
/** Longest base64 in a reply: evidence is about 6 KB. */
const MAX_REPLY_CHARS = 64 * 1024;

/** What an enclave asks of its platform: the anchor of evidence, evidence, a sealing key. */
export type Question =
  | { readonly kind: "anchor" }
  /** Lower-case hex, at most 64 bytes. */
  | { readonly kind: "quote"; readonly reportData: string }
  | { readonly kind: "seal"; readonly policy: SealingPolicy };

/** A question on the inherited channel; `carrara` tells it from messages of other programs. */
export type EnclaveRequest = Question & { readonly carrara: 1; readonly id: number };

/**
 * The answer to request `id`: base64 of the anchor's certificate, the evidence or the key; or why
 * there is none. With the anchor comes what kind of platform this is.
 */
export type PlatformReply = { readonly carrara: 1; readonly id: number } & (
  | { readonly value: string; readonly tee?: TeeKind }
  | { readonly error: string }
);

const envelope = { carrara: z.literal(1), id: z.int().check(z.nonnegative()) };
const request = z.discriminatedUnion("kind", [
  z.strictObject({ ...envelope, kind: z.literal("anchor") }),
  z.strictObject({
    ...envelope,
    kind: z.literal("quote"),
    reportData: z.string().check(z.regex(/^(?:[0-9a-f]{2}){0,64}$/)),
  }),
  z.strictObject({ ...envelope, kind: z.literal("seal"), policy: z.enum(["product", "unique"]) }),
]);
const reply = z.union([
  z.strictObject({
    ...envelope,
    value: z.base64().check(z.maxLength(MAX_REPLY_CHARS)),
    tee: z.exactOptional(z.enum(["sgx", "tdx", "snp"])),
  }),
  z.strictObject({ ...envelope, error: z.string().check(z.maxLength(200)) }),
]);

/** A request as it comes from an enclave, which the platform does not believe; undefined if none. */
export function parseRequest(message: unknown): EnclaveRequest | undefined {
  return request.safeParse(message).data;
}

/** A reply as it comes from the platform; undefined if the message is none. */
export function parseReply(message: unknown): PlatformReply | undefined {
  return reply.safeParse(message).data;
}
