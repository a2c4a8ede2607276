import { join } from "node:path";
import { parseCoordinatorHost } from "@carrara/client";
import { EncodingError, fromHex } from "@carrara/encoding";
import {
  type Anchor,
  createFileStore,
  createPostgresStore,
  type Ledger,
  type LedgerStore,
  openLedger,
} from "@carrara/ledger";
import { EmojivotoError } from "../service/emojivoto-error.ts";
import type { Log } from "../service/log.ts";
import { type Environment, textSetting } from "../service/settings.ts";
import { createCoordinatorAnchor, createMarbleCounter } from "./coordinator-anchor.ts";
import { createEndMark, type EndMark } from "./end-mark.ts";
import type { PollSettings } from "./poll-settings.ts";

const KEY_BYTES = 32;

/** Reads `LEDGER_KEY`, 64 hex digits. Throws `SETTING_MISSING`, `SETTING_INVALID`. */
export function ledgerKeyOf(env: Environment): Uint8Array {
  const text = textSetting(env, "LEDGER_KEY");
  try {
    const key = fromHex(text);
    if (key.length === KEY_BYTES) return key;
  } catch (error) {
    if (!(error instanceof EncodingError)) throw error;
  }
  // Without the text, which may be a key with a typing error.
  throw new EmojivotoError("SETTING_INVALID", "LEDGER_KEY needs 64 hex digits");
}

/**
 * Opens the poll's ledger, in `LEDGER_DATABASE_URL` or else in files of `CARRARA_DATA_DIR`, held to the Coordinator's counter when
 * `CARRARA_COORDINATOR_ADDR` says where that is. Throws the ledger's codes, `SETTING_MISSING`, `SETTING_INVALID`.
 */
export async function openPollLedger(options: {
  readonly env: Environment;
  readonly settings: PollSettings;
  readonly log: Log;
  /** In place of the files. */
  readonly store?: LedgerStore | undefined;
  /** In place of the Coordinator's counter. */
  readonly anchor?: Anchor | undefined;
}): Promise<Ledger> {
  const { env, settings, log } = options;
  const { poll, rules } = settings;
  return await openLedger({
    store: options.store ?? storeOf(env),
    key: ledgerKeyOf(env),
    poll,
    rules,
    anchor: options.anchor ?? anchorOf(env, poll),
    log: (level, message, fields) => log[level](fields, message),
  });
}

/** A database that several replicas share, when the manifest names one; else files of this process. */
function storeOf(env: Environment): LedgerStore {
  const { LEDGER_DATABASE_URL: url = "", LEDGER_DATABASE_PASSWORD, LEDGER_DATABASE_CA } = env;
  if (url === "") {
    return createFileStore({ directory: join(textSetting(env, "CARRARA_DATA_DIR"), "ledger") });
  }
  return createPostgresStore({
    url,
    ...(LEDGER_DATABASE_PASSWORD ? { password: LEDGER_DATABASE_PASSWORD } : {}),
    ...(LEDGER_DATABASE_CA ? { ca: LEDGER_DATABASE_CA } : {}),
  });
}

function isShared({ LEDGER_DATABASE_URL: url = "" }: Environment): boolean {
  return url !== "";
}

/** What remembers when the poll's hidden results were shown; undefined outside a mesh. */
export function endMarkOf(env: Environment, poll: string): EndMark | undefined {
  const counter = counterOf(env);
  return counter && createEndMark({ poll, isShared: isShared(env), counter });
}

/** Undefined outside a mesh: then a disk that was put back as a whole is not noticed. */
function anchorOf(env: Environment, poll: string): Anchor | undefined {
  const counter = counterOf(env);
  return counter && createCoordinatorAnchor({ poll, isShared: isShared(env), counter });
}

function counterOf(env: Environment): ReturnType<typeof createMarbleCounter> | undefined {
  const { CARRARA_COORDINATOR_ADDR: address = "", MARBLE_PREDEFINED_PRIVATE_KEY: key = "" } = env;
  if (key === "") return undefined;
  if (address === "") {
    // The host must not be able to do without by saying nothing.
    throw new EmojivotoError("SETTING_MISSING", "set in the environment: CARRARA_COORDINATOR_ADDR");
  }
  return createMarbleCounter(parseCoordinatorHost(address), env);
}
