import { type Command, Option } from "commander";

const FORMS = "as it is or as hex, base64 or PEM text; - is standard input. It has at most 1 MiB.";

/** What `evidence show` says behind its options. */
export const SHOW_HELP: string = `
FILE is a quote (raw or in Open Enclave form), an SEV-SNP report (with or without certificates
behind it), an RA-TLS certificate, an Azure HCL report or a certificate (PCK, VCEK, VLEK),
${FORMS}

Example:
  carrara evidence show quote.bin --json`;

/** What `evidence verify` says behind its options. */
export const VERIFY_HELP: string = `
FILE is a quote (raw or in Open Enclave form), an SEV-SNP report (with or without certificates
behind it), an RA-TLS certificate or an Azure HCL report of an SEV-SNP machine,
${FORMS}

Collateral comes from Intel's and AMD's own services unless a file or a PCCS is named. What is named
is a file, or a directory of files: a DcapCollateral document, a bundle (carrara-collateral/1), a
VCEK or VLEK, a chain of ASK or ASVK and ARK, or a revocation list of an ARK with vcek or vlek in
its name. Each is told by its content, as JSON, DER, PEM or hex; of several for one platform the
latest counts that is valid at the time of verification.

In an RA-TLS certificate the claims must repeat the nonce. Of all other evidence,
report data must be these bytes and zeros up to 64.

Without --policy the strict defaults count, and any code and any report data is accepted. With or
without one, a root that is neither Intel's nor AMD's is a simulation, which --insecure alone
accepts. The exit code is 0 for accepted evidence, 3 for evidence that is not trusted, 1 for what is
no evidence, 4 when there is no collateral.

Examples:
  carrara evidence verify quote.bin --policy policy.json
  carrara evidence verify quote.bin --collateral collateral.json --at 2025-07-04T10:28:44Z
  carrara evidence verify .carrara/quote.bin --collateral .carrara/collateral --insecure
  carrara evidence verify peer.pem --nonce 00112233445566778899aabbccddeeff --json`;

const JSON_OPTION = new Option("--json", "write one JSON document to standard output");

/** Global options that `evidence show` knows, and every other command that asks no Coordinator. */
export const SHOW_OPTIONS: readonly Option[] = [JSON_OPTION];

/** Global options that `evidence verify` knows, in the words of what they do here. */
export const VERIFY_OPTIONS: readonly Option[] = [
  JSON_OPTION,
  new Option("-i, --insecure", "accept a simulated platform"),
  new Option(
    "--accepted-tcb-statuses <list>",
    "without --policy: comma-separated TCB statuses to accept beside UpToDate (default: none)",
  ),
  new Option(
    "--accepted-advisories <list>",
    "without --policy: comma-separated advisories to accept (default: all)",
  ),
  new Option(
    "--nonce <hex>",
    "what fresh evidence must cover, in hex: up to 64 bytes; with --ear 8 to 64",
  ),
];

/** Has the help of `command` list `options`, and not all that other commands know. */
export function withGlobalHelp(command: Command, options: readonly Option[]): Command {
  return command.configureHelp({
    showGlobalOptions: true,
    visibleGlobalOptions: () => [...options],
  });
}
