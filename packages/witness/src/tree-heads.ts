import { createHash } from "node:crypto";
import { utf8 } from "@carrara/encoding";
import {
  createTreeHasher,
  parseCheckpoint,
  parseNote,
  TransparencyError,
} from "@carrara/transparency";
import type { TreeHead } from "./core/decide.ts";
import type { StateFiles } from "./state-files.ts";
import { isSignedBy, type TrustedLogs } from "./trusted-logs.ts";
import { WitnessError } from "./witness-error.ts";

/** What a witness remembers: the largest tree of each of its logs. */
export interface TreeHeads {
  /** The empty tree where nothing was cosigned yet; undefined for a log that is not known. */
  of(origin: string): TreeHead | undefined;
  /**
   * Keeps a larger tree for good; `note` is the signed checkpoint that speaks of it. Afterwards, and
   * not before, {@link of} gives it. Throws `WITNESS_STATE_UNWRITABLE`, and then the older one counts.
   */
  advance(origin: string, head: TreeHead, note: string): Promise<void>;
}

/**
 * Reads what was kept in `files` for every log. What is kept is the log's own signed checkpoint, so
 * a damaged file is found out. Throws `WITNESS_STATE_INVALID`: a witness without memory must not sign.
 */
export async function openTreeHeads(files: StateFiles, logs: TrustedLogs): Promise<TreeHeads> {
  const heads = new Map<string, TreeHead>();
  for (const origin of logs.keys()) heads.set(origin, await load(files, logs, origin));
  return {
    of: (origin) => heads.get(origin),
    async advance(origin, head, note) {
      await keep(files, fileOf(origin), utf8(note));
      heads.set(origin, head);
    },
  };
}

/** An origin may have any character: a digest is a file name everywhere. */
function fileOf(origin: string): string {
  return `${createHash("sha256").update(origin).digest("hex")}.checkpoint`;
}

async function keep(files: StateFiles, name: string, bytes: Uint8Array): Promise<void> {
  try {
    await files.write(`${name}.new`, bytes);
    await files.rename(`${name}.new`, name);
    await files.sync();
  } catch (cause) {
    throw new WitnessError("WITNESS_STATE_UNWRITABLE", "the new tree head cannot be kept", {
      cause,
    });
  }
}

async function load(files: StateFiles, logs: TrustedLogs, origin: string): Promise<TreeHead> {
  const bytes = await read(files, fileOf(origin));
  if (bytes === undefined) return { size: 0, root: createTreeHasher().emptyRoot };
  try {
    const note = parseNote(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    const checkpoint = parseCheckpoint(note.text);
    if (checkpoint.origin === origin && (await isSignedBy(logs, origin, note))) {
      return { size: checkpoint.size, root: checkpoint.root };
    }
  } catch (cause) {
    if (!(cause instanceof TransparencyError || cause instanceof TypeError)) throw cause;
  }
  throw invalid(`the checkpoint kept in ${fileOf(origin)} is not one that its log has signed`);
}

async function read(files: StateFiles, name: string): Promise<Uint8Array | undefined> {
  try {
    return await files.read(name);
  } catch (cause) {
    throw invalid(`the checkpoint kept in ${name} cannot be read`, cause);
  }
}

function invalid(message: string, cause?: unknown): WitnessError {
  return new WitnessError("WITNESS_STATE_INVALID", message, { cause });
}
