import { resolve } from "node:path";
import type { Command } from "commander";
import { requireCachedRoot } from "../certificate-cache.ts";
import type { CommandContext } from "../command-context.ts";
import {
  type AttestedSession,
  certificateCacheOf,
  describeCoordinator,
  openAttestedSession,
} from "../coordinator-session.ts";
import { writeOutput } from "../files.ts";
import { writeReport } from "../report.ts";

/** One of the Coordinator's certificates, or all of them. */
interface CertificateKind {
  readonly name: "root" | "intermediate" | "chain";
  readonly title: string;
  readonly file: string;
  readonly pemOf: (session: AttestedSession) => string;
}

const KINDS: readonly CertificateKind[] = [
  {
    name: "root",
    title: "Root certificate",
    file: "marblerunRootCA.crt",
    pemOf: ({ coordinator }) => coordinator.rootPem,
  },
  {
    name: "intermediate",
    title: "Intermediate certificate",
    file: "marblerunIntermediateCA.crt",
    pemOf: ({ coordinator }) => coordinator.intermediatePem,
  },
  {
    name: "chain",
    title: "Certificate chain",
    file: "marblerunChainCA.crt",
    pemOf: ({ coordinator }) => coordinator.chainPem,
  },
];

/** Adds `certificate root|intermediate|chain HOST` (spec marblerun section 9.3). */
export function addCertificateCommands(
  program: Command,
  contextOf: (command: Command) => CommandContext,
): void {
  const certificate = program
    .command("certificate")
    .description("attest a Coordinator and write its certificates to a file");
  for (const kind of KINDS) {
    certificate
      .command(`${kind.name} [host]`)
      .description(`write the ${kind.title.toLowerCase()} as PEM`)
      .option("-o, --output <file>", "file to write", kind.file)
      .addHelpText(
        "after",
        `\nExample:\n  carrara certificate ${kind.name} localhost:4433 --insecure`,
      )
      .action(async (host: string | undefined, _: unknown, command: Command) => {
        await writeCertificate(contextOf(command), kind, host, command.opts());
      });
  }
}

async function writeCertificate(
  context: CommandContext,
  kind: CertificateKind,
  host: string | undefined,
  { output }: { readonly output: string },
): Promise<void> {
  const { io, options } = context;
  const session = await openAttestedSession(context, host);
  if (!options.insecure) await requireCachedRoot(certificateCacheOf(context), session.rootPem);
  await writeOutput(resolve(io.cwd, output), kind.pemOf(session));
  writeReport(io, options, {
    text: `${kind.title} written to ${output}`,
    assurance: session.assurance,
    json: { output, coordinator: describeCoordinator(session.coordinator) },
  });
}
