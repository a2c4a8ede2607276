import { randomBytes } from "node:crypto";
import { link, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { TeeError } from "../error.ts";
import { encodeCredentials, parseCredentials } from "./credentials-codec.ts";
import { createPlatformCredentials, type PlatformCredentials } from "./platform-credentials.ts";

const FUSE_KEY_FILE = "fuse-key";
const CREDENTIALS_FILE = "credentials.json";
const FUSE_KEY_BYTES = 32;
const MAX_FILE_BYTES = 64 * 1024;
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
  const file = join(dir, CREDENTIALS_FILE);
  const stored = await readPrivate(file);
  if (stored !== undefined) {
    const credentials = await parseCredentials(stored);
    const lifeMs = credentials.notAfter.getTime() - now.getTime();
    if (lifeMs >= RENEW_BEFORE_MS) return { fuseKey, credentials };
  }
  const credentials = await createPlatformCredentials(now);
  const encoded = encodeCredentials(credentials);
  if (await writePrivate(file, encoded, { replace: stored !== undefined })) {
    return { fuseKey, credentials };
  }
  // Another process made the platform in the same moment; there can only be one.
  return { fuseKey, credentials: await parseCredentials(await mustRead(file)) };
}

async function openFuseKey(file: string): Promise<Uint8Array> {
  let key = await readPrivate(file);
  if (key === undefined) {
    await writePrivate(file, randomBytes(FUSE_KEY_BYTES), { replace: false });
    key = await mustRead(file);
  }
  if (key.length === FUSE_KEY_BYTES) return key;
  throw invalid(`fuse key has ${key.length} bytes, ${FUSE_KEY_BYTES} needed`);
}

async function mustRead(file: string): Promise<Uint8Array> {
  const content = await readPrivate(file);
  if (content === undefined) throw invalid("a file vanished while the platform was opened");
  return content;
}

/** The content of a file that only its owner can read; undefined when there is none. */
async function readPrivate(file: string): Promise<Uint8Array | undefined> {
  try {
    const { mode, size } = await stat(file);
    if ((mode & 0o077) !== 0) throw invalid("a key file is open to others, mode 0600 needed");
    if (size > MAX_FILE_BYTES) throw invalid(`a key file has ${size} bytes`);
    return new Uint8Array(await readFile(file));
  } catch (cause) {
    if (isErrno(cause, "ENOENT")) return undefined;
    throw cause;
  }
}

/** Writes a file whole or not at all; false when it exists and may not be replaced. */
async function writePrivate(
  file: string,
  content: Uint8Array,
  { replace }: { readonly replace: boolean },
): Promise<boolean> {
  const draft = `${file}.${randomBytes(6).toString("hex")}`;
  const handle = await open(draft, "wx", 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    if (replace) await rename(draft, file);
    else await link(draft, file);
    return true;
  } catch (cause) {
    if (isErrno(cause, "EEXIST")) return false;
    throw cause;
  } finally {
    await rm(draft, { force: true });
  }
}

function invalid(message: string): TeeError {
  return new TeeError("PLATFORM_STATE_INVALID", message);
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
