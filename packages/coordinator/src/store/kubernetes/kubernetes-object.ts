import { EncodingError, fromBase64 } from "@carrara/encoding";
import { storeError } from "../store-error.ts";

/** The part of an object of the API that the store reads. */
export interface KubernetesObject {
  readonly version: string;
  /** Values of `data` of a Secret or `binaryData` of a ConfigMap. */
  readonly values: ReadonlyMap<string, Uint8Array>;
}

/** Accepted form of an answer that leaves out everything but the metadata. */
export const METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
/** The same for lists. */
export const METADATA_LIST_ONLY =
  "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/** Reads an object. Throws `STORE_FAILED` for a body that is none. */
export function readObject(body: unknown, field: "data" | "binaryData"): KubernetesObject {
  const values = record(record(body)?.[field] ?? {});
  if (values === undefined) throw malformed();
  return {
    version: resourceVersionOf(body),
    values: new Map(Object.entries(values).map(([name, text]) => [name, bytesOf(text)])),
  };
}

/** The resource version of an object, list or event object. Throws `STORE_FAILED`. */
export function resourceVersionOf(body: unknown): string {
  const version = record(record(body)?.["metadata"])?.["resourceVersion"];
  if (typeof version !== "string" || version === "") throw malformed();
  return version;
}

/** An event of a watch. */
export interface WatchEvent {
  readonly type: string;
  readonly object: unknown;
}

/** Reads an event of a watch. Throws `STORE_FAILED`. */
export function readWatchEvent(event: unknown): WatchEvent {
  const { type, object } = record(event) ?? {};
  if (typeof type !== "string") throw malformed();
  return { type, object };
}

/** The `reason` and `message` of a refusal, for people. */
export function refusalOf(body: unknown): string {
  const { reason, message } = record(body) ?? {};
  return [reason, message].filter((part) => typeof part === "string").join(": ") || "no reason";
}

function record(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return value as Record<string, unknown>; // an object that is no array
}

function bytesOf(text: unknown): Uint8Array {
  if (typeof text !== "string") throw malformed();
  try {
    return fromBase64(text);
  } catch (cause) {
    if (!(cause instanceof EncodingError)) throw cause;
    throw malformed(cause);
  }
}

function malformed(cause?: unknown): Error {
  return storeError("the kubernetes api gave an object of another form", cause);
}
