import { EncodingError, fromHex } from "@carrara/encoding";
import { type Command, InvalidArgumentError, Option } from "commander";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command-context.ts";
import { type CollateralSource, fileSource, serviceSource } from "../evidence/collateral-source.ts";
import { loadEvidencePolicy } from "../evidence/effective-policy.ts";
import { readEvidenceFile } from "../evidence/evidence-file.ts";
import { recogniseFile } from "../evidence/recognise-file.ts";
import { showEvidence } from "../evidence/show-evidence.ts";
import { verifyEvidence } from "../evidence/verify-evidence.ts";
import { writeReport } from "../report.ts";

const REPORT_DATA_BYTES = 64;
/** Bytes of a nonce that an attestation result may repeat (RFC 9711 section 4.1). */
const EAR_NONCE_BYTES = { min: 8, max: 64 };
const RFC3339 = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

const FORMS = `
FILE is a quote (raw or in Open Enclave form), an SEV-SNP report (with or without certificates
behind it), an RA-TLS certificate, an Azure HCL report or a certificate (PCK, VCEK, VLEK), as it is
or as hex, base64 or PEM text; - is standard input. It has at most 1 MiB.`;

const VERIFY_HELP = `${FORMS}

Collateral comes from Intel's and AMD's own services unless a file or a PCCS is named. The file is
a DcapCollateral document, a bundle (carrara-collateral/1), or a directory of *.json, *.der (VCEK),
*.pem (chains of ASK and ARK) and PRODUCT-vcek.crl.

--nonce takes hex here. In an RA-TLS certificate the claims must repeat it; of all other evidence,
report data must be these bytes and zeros up to 64.

Without --policy the strict defaults count, and any code and any report data is accepted. With or
without one, a root that is neither Intel's nor AMD's is a simulation, which --insecure alone
accepts. The exit code is 0 for accepted evidence, 3 for evidence that is not trusted, 4 when there
is no collateral.

Examples:
  carrara evidence verify quote.bin --policy policy.json
  carrara evidence verify quote.bin --collateral collateral.json --at 2025-07-04T10:28:44Z
  carrara evidence verify peer.pem --nonce 00112233445566778899aabbccddeeff --json`;

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
  evidence
    .command("show <file>")
    .description("print every field of evidence or of a certificate; nothing is verified")
    .addHelpText("after", `${FORMS}\n\nExample:\n  carrara evidence show quote.bin --json`)
    .action(async (file: string, _: unknown, command: Command) => {
      const { io, options } = contextOf(command);
      writeReport(io, options, showEvidence(await readEvidenceFile(io, file), io.color));
    });
  evidence
    .command("verify <file>")
    .description("verify evidence, appraise it by a policy, and say what was found")
    .addOption(
      new Option("--collateral <file>", "endorsements to verify with, without a network").conflicts(
        "pccs",
      ),
    )
    .option("--pccs <url>", "collateral service for Intel's platforms (default: Intel's own)")
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

function timeOf(text: string): Date {
  if (/^\d{1,11}$/.test(text)) return new Date(1000 * Number(text));
  const day = RFC3339.exec(text)?.[1];
  const [date, midnight] = [new Date(text), new Date(`${day}T00:00:00Z`)];
  const isDate =
    day !== undefined && ![date, midnight].some((time) => Number.isNaN(time.getTime()));
  // A day that does not exist would roll over into the next month.
  if (isDate && midnight.toISOString().startsWith(day)) return date;
  throw new InvalidArgumentError("a time is 2025-07-04T10:28:44Z or seconds since 1970");
}

async function verify(context: CommandContext, file: string, given: VerifyOptions): Promise<void> {
  const { io, options } = context;
  const nonce = nonceOf(options.nonce, given.ear);
  const source = await sourceOf(context, given);
  const found = recogniseFile(await readEvidenceFile(io, file));
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
    output: given.ear ? "ear" : options.json ? "json" : "text",
  });
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
    if (text !== "") return fromHex(text);
  } catch (cause) {
    if (!(cause instanceof EncodingError)) throw cause;
  }
  throw new CliError("USAGE", "--nonce is an even number of hex digits");
}
