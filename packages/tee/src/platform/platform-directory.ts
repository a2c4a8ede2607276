import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { SnpProduct } from "@carrara/attestation";
import { createFile, replaceFile } from "@carrara/files";
import { type AmdCredentials, createAmdCredentials } from "./amd-credentials.ts";
import { encodeAmdCredentials, parseAmdCredentials } from "./amd-credentials-codec.ts";
import { encodeCredentials, parseCredentials } from "./credentials-codec.ts";
import { createPlatformCredentials, type PlatformCredentials } from "./platform-credentials.ts";
import { invalidState, mustReadPrivate, readPrivate } from "./private-file.ts";

const FUSE_KEY_FILE = "fuse-key";
const CREDENTIALS_FILE = "credentials.json";
const FUSE_KEY_BYTES = 32;
/** Certificates with less life than this are made anew at the start of a platform. */
const RENEW_BEFORE_MS = 7 * 86_400_000;

/** What a platform directory holds: one directory is one machine. */
export interface PlatformSecrets {
  /** 32 bytes that never change: sealing keys derive from them. */
  readonly fuseKey: Uint8Array;
  readonly credentials: PlatformCredentials;
}

/**
 * Opens the platform in `dir`, or makes one there (directory 0700, files 0600, each complete from
 * its first moment). Credentials near their end are replaced; the fuse key never is. Throws
 * `PLATFORM_STATE_INVALID` when a file is damaged or readable by others.
 */
export async function openPlatformDirectory(dir: string, now: Date): Promise<PlatformSecrets> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const fuseKey = await openFuseKey(join(dir, FUSE_KEY_FILE));
  const credentials = await openCredentials(join(dir, CREDENTIALS_FILE), now, {
    create: createPlatformCredentials,
    encode: encodeCredentials,
    parse: parseCredentials,
  });
  return { fuseKey, credentials };
}

/**
 * What AMD's part of the platform signs with, in a file of its own beside the others: its large keys
 * take seconds to make, so only a platform that is one of AMD's has it. Throws as the above.
 */
export async function openAmdCredentials(
  dir: string,
  product: SnpProduct,
  now: Date,
  rsaBits?: number,
): Promise<AmdCredentials> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  return await openCredentials(join(dir, `amd-${product.toLowerCase()}.json`), now, {
    create: async (at) => await createAmdCredentials(product, at, { rsaBits }),
    encode: encodeAmdCredentials,
    parse: async (bytes) => await parseAmdCredentials(bytes, product),
  });
}

/** How one kind of credentials is made and stored. */
interface CredentialsKind<T> {
  readonly create: (now: Date) => Promise<T>;
  readonly encode: (credentials: T) => Uint8Array;
  readonly parse: (bytes: Uint8Array) => Promise<T>;
}

async function openCredentials<T extends { readonly notAfter: Date }>(
  file: string,
  now: Date,
  { create, encode, parse }: CredentialsKind<T>,
): Promise<T> {
  const stored = await readPrivate(file);
  if (stored !== undefined) {
    const credentials = await parse(stored);
    if (credentials.notAfter.getTime() - now.getTime() >= RENEW_BEFORE_MS) return credentials;
  }
  const credentials = await create(now);
  if (stored !== undefined) {
    await replaceFile(file, encode(credentials));
    return credentials;
  }
  if (await createFile(file, encode(credentials))) return credentials;
  // Another process made the platform in the same moment; there can only be one.
  return await parse(await mustReadPrivate(file));
}

async function openFuseKey(file: string): Promise<Uint8Array> {
  let key = await readPrivate(file);
  if (key === undefined) {
    await createFile(file, randomBytes(FUSE_KEY_BYTES));
    key = await mustReadPrivate(file);
  }
  if (key.length === FUSE_KEY_BYTES) return key;
  throw invalidState(`fuse key has ${key.length} bytes, ${FUSE_KEY_BYTES} needed`);
}
