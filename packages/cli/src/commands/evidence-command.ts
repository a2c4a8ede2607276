import { EncodingError, fromHex } from "@carrara/encoding";
import { type Command, Option } from "commander";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command-context.ts";
import { type CollateralSource, fileSource, serviceSource } from "../evidence/collateral-source.ts";
import { loadEvidencePolicy } from "../evidence/effective-policy.ts";
import { readEvidenceFile } from "../evidence/evidence-file.ts";
import {
  SHOW_HELP,
  SHOW_OPTIONS,
  VERIFY_HELP,
  VERIFY_OPTIONS,
  withGlobalHelp,
} from "../evidence/evidence-help.ts";
import { recogniseFile } from "../evidence/recognise-file.ts";
import { showEvidence } from "../evidence/show-evidence.ts";
import { refusing, verifyEvidence } from "../evidence/verify-evidence.ts";
import type { GlobalOptions } from "../global-options.ts";
import { writeReport } from "../report.ts";
import { timeOf } from "../time-option.ts";

const REPORT_DATA_BYTES = 64;
/** Bytes of a nonce that an attestation result may repeat (RFC 9711 section 4.1). */
const EAR_NONCE_BYTES = { min: 8, max: 64 };

/** Options of `evidence verify` beside the global ones. */
interface VerifyOptions {
  readonly collateral?: string;
  readonly pccs?: string;
  readonly at?: Date;
  readonly policy?: string;
  readonly ignoreCertificateValidity: boolean;
  readonly ear: boolean;
}

/** Adds `evidence show FILE` and `evidence verify FILE`, which need no Coordinator. */
export function addEvidenceCommands(
  program: Command,
  contextOf: (command: Command) => CommandContext,
): void {
  const evidence = program
    .command("evidence")
    .description("look at and verify evidence of SGX, TDX and SEV-SNP in files");
  withGlobalHelp(evidence.command("show <file>"), SHOW_OPTIONS)
    .description("print every field of evidence or of a certificate; nothing is verified")
    .addHelpText("after", SHOW_HELP)
    .action(async (file: string, _: unknown, command: Command) => {
      const { io, options } = contextOf(command);
      refuseSaving(options);
      writeReport(io, options, showEvidence(await readEvidenceFile(io, file), io.color));
    });
  withGlobalHelp(evidence.command("verify <file>"), VERIFY_OPTIONS)
    .description("verify evidence, appraise it by a policy, and say what was found")
    .addOption(
      new Option("--collateral <path>", "endorsements to verify with, without a network").conflicts(
        "pccs",
      ),
    )
    .option(
      "--pccs <url>",
      "collateral service for Intel's platforms, also --pccs-url (default: Intel's own)",
    )
    .addOption(
      new Option("--at <time>", "time to verify for, RFC 3339 or seconds since 1970")
        .argParser(timeOf)
        .default(undefined, "now"),
    )
    .option("--policy <file>", "what is accepted, as JSON")
    .option("--ignore-certificate-validity", "RA-TLS: accept an expired certificate", false)
    .option("--ear", "write the claims of an EAT attestation result (JSON), not signed", false)
    .addHelpText("after", VERIFY_HELP)
    .action(async (file: string, _: unknown, command: Command) => {
      await verify(contextOf(command), file, command.opts<VerifyOptions>());
    });
}

async function verify(context: CommandContext, file: string, given: VerifyOptions): Promise<void> {
  const { io, options } = context;
  refuseSaving(options);
  const output = given.ear ? "ear" : options.json ? "json" : "text";
  const nonce = nonceOf(options.nonce, given.ear);
  const source = await sourceOf(context, given);
  const bytes = await readEvidenceFile(io, file);
  const found = await refusing(io, output, () => recogniseFile(bytes));
  const isRaTls = found.kind === "ra-tls";
  if (nonce !== undefined && !isRaTls && nonce.length > REPORT_DATA_BYTES) {
    throw new CliError("USAGE", `--nonce has ${nonce.length} bytes, report data has 64`);
  }
  await verifyEvidence(io, {
    file: found,
    verification: {
      source,
      insecure: options.insecure,
      now: given.at ?? new Date(),
      nonce,
      ignoreCertificateValidity: given.ignoreCertificateValidity,
      signal: io.signal,
    },
    policy: await loadEvidencePolicy(io, options, given.policy, isRaTls ? undefined : nonce),
    nonce,
    output,
  });
}

/** A file that is promised and never written is worse than a refusal. */
function refuseSaving({ saveSgxQuote }: GlobalOptions): void {
  if (saveSgxQuote === undefined) return;
  throw new CliError("USAGE", "--save-sgx-quote saves a Coordinator's evidence, here is none");
}

async function sourceOf(
  { io, options }: CommandContext,
  { collateral, pccs }: VerifyOptions,
): Promise<CollateralSource> {
  if (collateral !== undefined) return await fileSource(io, collateral);
  return serviceSource(pccs ?? options.pccsUrl);
}

/** The bytes of `--nonce`. Throws `USAGE`. */
function nonceOf(text: string | undefined, ear: boolean): Uint8Array | undefined {
  if (text === undefined) return undefined;
  const nonce = hexOf(text);
  const { min, max } = EAR_NONCE_BYTES;
  if (ear && (nonce.length < min || nonce.length > max)) {
    throw new CliError("USAGE", `--nonce has ${nonce.length} bytes, with --ear ${min} to ${max}`);
  }
  return nonce;
}

function hexOf(text: string): Uint8Array {
  try {
    const digits = text.replace(/^0x/i, "");
    if (digits !== "") return fromHex(digits);
  } catch (cause) {
    if (!(cause instanceof EncodingError)) throw cause;
  }
  throw new CliError("USAGE", "--nonce is an even number of hex digits");
}
