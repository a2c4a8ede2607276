import { parseVerifierKey, TransparencyError, type VerifierKey } from "@carrara/transparency";
import { InvalidArgumentError, Option } from "commander";
import { CliError } from "../cli-error.ts";

/** `--log-key`, which may be repeated. */
export function logKeysOption(description: string): Option {
  return new Option("--log-key <key>", description).argParser(
    (text: string, earlier: readonly VerifierKey[] = []) => [...earlier, logKeyOf(text)],
  );
}

/** `--log-key` of one log. */
export function logKeyOption(description: string): Option {
  return new Option("--log-key <key>", description).argParser(logKeyOf);
}

/** `--witness-key`, which may be repeated. */
export function witnessKeysOption(description: string): Option {
  return new Option("--witness-key <key>", description).argParser(
    (text: string, earlier: readonly VerifierKey[] = []) => [
      ...earlier,
      keyOf(text, "cosignature", "a witness's"),
    ],
  );
}

/** Verifier keys of logs, one a line; empty lines and those that start with `#` do not count. */
export function logKeysIn(text: string, file: string): readonly VerifierKey[] {
  const lines = text.split("\n").map((line) => line.trim());
  try {
    return lines.filter((line) => line !== "" && !line.startsWith("#")).map(logKeyOf);
  } catch (cause) {
    if (!(cause instanceof InvalidArgumentError)) throw cause;
    throw new CliError("USAGE", `${file}: ${cause.message}`, { cause });
  }
}

function logKeyOf(text: string): VerifierKey {
  return keyOf(text, "ed25519", "a log's");
}

function keyOf(text: string, type: VerifierKey["type"], whose: string): VerifierKey {
  try {
    const key = parseVerifierKey(text);
    if (key.type === type) return key;
  } catch (cause) {
    if (!(cause instanceof TransparencyError)) throw cause;
  }
  throw new InvalidArgumentError(`${whose} verifier key is NAME+HASH+BASE64, of the type ${type}`);
}
