import type { LogTrust } from "@carrara/ballot";
import { encodeVerifierKey, type VerifierKey } from "@carrara/transparency";
import { type Command, InvalidArgumentError, Option } from "commander";
import pc from "picocolors";
import type { ResultAssurance } from "../assurance.ts";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command-context.ts";
import { printable } from "../printable.ts";
import { timeOf } from "../time-option.ts";
import { logKeyOption, witnessKeysOption } from "./key-options.ts";
import { requireTrusted, verifyBundleFile } from "./verified-bundle.ts";

/** Options that say whose word on a log counts. */
export interface TrustOptions {
  readonly evidence?: string;
  readonly at?: Date;
  readonly logKey?: VerifierKey;
  readonly witnessKey?: readonly VerifierKey[];
  readonly minWitnesses?: number;
}

/** A log's key and why it is believed. */
export interface TrustedLog extends LogTrust {
  readonly witnesses: readonly VerifierKey[];
  readonly source: "evidence" | "log-key" | "claim";
  /** Of the evidence; undefined where a person named the key. */
  readonly assurance: ResultAssurance | undefined;
}

/** A witness knows that many others; more is a slip of the pen. */
const MAX_WITNESSES = 100;

/** Adds the options to a command. */
export function addTrustOptions(command: Command): Command {
  const logKey = logKeyOption("the log's key, from somebody you trust").conflicts("evidence");
  return command
    .option("--evidence <file>", "evidence bundle that proves the log's key (`ballot fetch`)")
    .addOption(logKey)
    .addOption(witnessKeysOption("a witness who must have cosigned; may be repeated"))
    .addOption(
      new Option(
        "--min-witnesses <n>",
        "how many must have cosigned (default: all of --witness-key)",
      ).argParser(countOf),
    )
    .addOption(
      new Option("--at <time>", "time to verify the evidence for, RFC 3339 or seconds since 1970")
        .argParser(timeOf)
        .default(undefined, "now"),
    );
}

function countOf(text: string): number {
  const count = Number(text);
  if (/^[0-9]{1,3}$/.test(text) && count <= MAX_WITNESSES) return count;
  throw new InvalidArgumentError(`a number of witnesses is at most ${MAX_WITNESSES}`);
}

/**
 * The log that the options vouch for. `claimed` is a key that a file names itself, which `--insecure`
 * alone believes. Throws `LOG_KEY_UNKNOWN`, `EVIDENCE_REFUSED`.
 */
export async function trustedLog(
  context: CommandContext,
  given: TrustOptions,
  claimed?: VerifierKey,
): Promise<TrustedLog> {
  if (given.evidence !== undefined) return await attestedLog(context, given, given.evidence);
  if (given.logKey !== undefined) return logOf("log-key", given.logKey, given);
  if (claimed !== undefined && context.options.insecure) {
    const { io } = context;
    const banner = "NOT VERIFIED: the log's key is what the file itself claims";
    io.stderr(`${pc.createColors(io.interactive).yellow(banner)}\n`);
    return { ...logOf("claim", claimed, given), assurance: "none" };
  }
  const take = claimed === undefined ? "" : "; --insecure believes the key that the file names";
  throw new CliError(
    "LOG_KEY_UNKNOWN",
    `nothing says which log to believe: give --evidence with a bundle of \`carrara ballot fetch\`, or --log-key${take}`,
  );
}

function logOf(
  source: TrustedLog["source"],
  logKey: VerifierKey,
  { witnessKey: witnesses = [], minWitnesses: threshold = witnesses.length }: TrustOptions,
): TrustedLog {
  return { logKey, witnesses, threshold, source, assurance: undefined };
}

/** Witnesses whom nobody asked for are the poll's own, looked for and not insisted on. */
async function attestedLog(
  context: CommandContext,
  given: TrustOptions,
  file: string,
): Promise<TrustedLog> {
  const report = await verifyBundleFile(context, file, given.at);
  const assurance = requireTrusted(context, report);
  const [keys] = report.facts.keys;
  if (keys === undefined) {
    throw new CliError("EVIDENCE_REFUSED", "the evidence says nothing of a poll's log");
  }
  const named = given.witnessKey !== undefined;
  const witnesses = given.witnessKey ?? keys.witnesses;
  const threshold = given.minWitnesses ?? (named ? witnesses.length : 0);
  return { logKey: keys.logKey, witnesses, threshold, source: "evidence", assurance };
}

/** What a result's log is, for JSON documents. */
export function describeLog({ logKey, source }: TrustedLog): Readonly<Record<string, string>> {
  return { logKey: encodeVerifierKey(logKey), logKeyFrom: source };
}

/** Why the log's key is believed, for people. */
export function logLine({ logKey, source }: TrustedLog): string {
  const why = {
    evidence: "proven by the evidence",
    "log-key": "named with --log-key",
    claim: "only claimed by the file itself",
  }[source];
  return `Log: ${printable(logKey.name)}, whose key is ${why}`;
}
