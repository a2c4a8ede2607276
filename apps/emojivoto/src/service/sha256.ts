import { hash } from "node:crypto";

/** SHA-256. By way of a string of bytes: as a buffer, a hash takes Node five times as long. */
export function sha256(bytes: Uint8Array): Buffer {
  return Buffer.from(hash("sha256", bytes, "binary"), "latin1");
}
