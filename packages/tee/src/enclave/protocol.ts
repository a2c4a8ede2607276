import { z } from "zod";

/** Bytes of REPORTDATA in an SGX quote. */
export const REPORT_DATA_BYTES = 64;
/** Longest base64 in a reply: a quote is about 5 KB. */
const MAX_REPLY_CHARS = 64 * 1024;

/** What an enclave asks of its platform over the inherited channel. */
export type EnclaveRequest = z.infer<typeof requestSchema>;
/** What the platform answers; `id` is that of the request. */
export type PlatformReply = z.infer<typeof replySchema>;

/** Requests as they come from an enclave, which the platform does not believe. */
export const requestSchema = z.discriminatedUnion("kind", [
  z.strictObject({ carrara: z.literal(1), id: z.int().min(0), kind: z.literal("anchor") }),
  z.strictObject({
    carrara: z.literal(1),
    id: z.int().min(0),
    kind: z.literal("quote"),
    reportData: z.string().regex(/^(?:[0-9a-f]{2}){0,64}$/),
  }),
  z.strictObject({
    carrara: z.literal(1),
    id: z.int().min(0),
    kind: z.literal("seal"),
    policy: z.enum(["product", "unique"]),
  }),
]);

/** Replies as they come from the platform. */
export const replySchema = z.union([
  z.strictObject({
    carrara: z.literal(1),
    id: z.int().min(0),
    /** Base64 of the anchor's certificate, the quote or the key. */
    value: z.string().max(MAX_REPLY_CHARS),
  }),
  z.strictObject({ carrara: z.literal(1), id: z.int().min(0), error: z.string().max(200) }),
]);
