import { resolve } from "node:path";
import { type CoordinatorPolicy, type EraConfig, parseEraConfig } from "@carrara/client";
import { utf8 } from "@carrara/encoding";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { CliIo } from "./cli-io.ts";
import { readInput, readOptional } from "./files.ts";

/** Options that every command understands, before and after its name (spec marblerun section 9.1). */
export interface GlobalOptions {
  readonly json: boolean;
  readonly insecure: boolean;
  readonly coordinatorCert?: string;
  readonly eraConfig?: string;
  readonly acceptedTcbStatuses?: readonly string[];
  readonly acceptedAdvisories?: readonly string[];
  readonly nonce?: string;
  readonly saveSgxQuote?: string;
  readonly pccsUrl?: string;
}

/** The file that is looked for when `--era-config` is not given and verification is on. */
const DEFAULT_ERA_CONFIG = "era-config.json";

const list = (text: string): string[] =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");

/** TCB statuses that a quote can have (spec marblerun section 2.8); a revoked level never verifies. */
const TCB_STATUSES: readonly string[] = [
  "UpToDate",
  "SWHardeningNeeded",
  "ConfigurationNeeded",
  "ConfigurationAndSWHardeningNeeded",
  "OutOfDate",
  "OutOfDateConfigurationNeeded",
];

/** A status that nobody knows is a slip of the pen, not a policy. */
function statuses(text: string): readonly string[] {
  const named = list(text);
  const known = named.every((status) => TCB_STATUSES.includes(status));
  if (known && named.length > 0) return named;
  throw new InvalidArgumentError(`statuses are ${TCB_STATUSES.join(", ")}`);
}

/** Adds the options to the program. */
export function addGlobalOptions(program: Command): void {
  program
    .option("--json", "write one JSON document to standard output", false)
    .option("-i, --insecure", "accept a simulated platform, or no evidence at all", false)
    .option("--coordinator-cert <path>", "file that keeps the verified Coordinator certificates")
    .option(
      "--era-config <path>",
      "expected identity of the Coordinator (default: ./era-config.json)",
    )
    .addOption(
      new Option("--accepted-tcb-statuses <list>", "comma-separated TCB statuses to accept")
        .argParser(statuses)
        .default(undefined, "UpToDate,SWHardeningNeeded"),
    )
    .addOption(
      new Option("--accepted-advisories <list>", "comma-separated advisories to accept")
        .argParser(list)
        .default(undefined, "all"),
    )
    .option("--nonce <text>", "text that fresh evidence must cover")
    .option("--save-sgx-quote <path>", "write the Coordinator's evidence to a file")
    // MarbleRun's: scripts give it to commands that have no use for it, here as there.
    .addOption(new Option("-n, --namespace <name>", "without effect").hideHelp())
    .option("--pccs-url <url>", "collateral service for Coordinators that serve none themselves");
}

/** The policy that the options ask for; reads the era configuration. */
export async function loadPolicy(io: CliIo, options: GlobalOptions): Promise<CoordinatorPolicy> {
  const era = await loadEraConfig(io, options);
  return {
    insecure: options.insecure,
    identity: era?.identity,
    acceptedTcbStatuses: options.acceptedTcbStatuses ?? era?.acceptedTcbStatuses,
    acceptedAdvisories: options.acceptedAdvisories ?? era?.acceptedAdvisories,
    nonce: options.nonce === undefined ? era?.nonce : utf8(options.nonce),
  };
}

/** A file that was named is always used; the default file only while verification is on. */
async function loadEraConfig(io: CliIo, options: GlobalOptions): Promise<EraConfig | undefined> {
  if (options.eraConfig !== undefined) {
    return parseEraConfig(await readInput(resolve(io.cwd, options.eraConfig)));
  }
  if (options.insecure) return undefined;
  const bytes = await readOptional(resolve(io.cwd, DEFAULT_ERA_CONFIG));
  return bytes === undefined ? undefined : parseEraConfig(bytes);
}
