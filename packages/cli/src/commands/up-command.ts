import { relative, resolve } from "node:path";
import type { TeeKind } from "@carrara/attestation";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { CliIo } from "../cli-io.ts";
import type { CommandContext } from "../command-context.ts";
import { failureOf } from "../exit-code.ts";
import { printableLines } from "../printable.ts";
import { stateDirOf } from "../state-dir.ts";
import { DEFAULT_PORTS } from "../up/mesh-ports.ts";
import { createProgress, type Progress } from "../up/progress.ts";
import { type ReadyFacts, readyLine, readyScreen } from "../up/ready-screen.ts";
import { type Mesh, startMesh } from "../up/start-mesh.ts";

/** Options of `carrara up`. */
interface UpOptions {
  readonly webPort: number;
  readonly coordinatorPort: number;
  readonly meshPort: number;
  readonly stateDir?: string;
  readonly manifest?: string;
  readonly image?: ReadonlyMap<string, string>;
  readonly webReplicas: number;
  readonly voteBot: boolean;
  readonly tee: TeeKind;
}

/** Adds `up [DIR]`: a whole mesh on this machine's simulated platform. */
export function addUpCommand(
  program: Command,
  contextOf: (command: Command) => CommandContext,
): void {
  program
    .command("up [dir]")
    .description("build, sign, attest and run an application's mesh on this machine")
    .option("--web-port <port>", "port of the application", portOf, DEFAULT_PORTS.web)
    .option(
      "--coordinator-port <port>",
      "port of the Coordinator",
      portOf,
      DEFAULT_PORTS.coordinator,
    )
    .option("--mesh-port <port>", "port for marbles", portOf, DEFAULT_PORTS.mesh)
    .option("--state-dir <dir>", "where state is kept (default: CARRARA_HOME or .carrara)")
    .addOption(
      new Option("--tee <kind>", "what the simulated platform is")
        .choices(["sgx", "tdx", "snp"])
        .default("sgx"),
    )
    .option("--manifest <file>", "manifest to run under (default: the application's own)")
    .addOption(
      new Option(
        "--image <marble=image>",
        "run another image for a marble; may be repeated",
      ).argParser(imageOf),
    )
    .option(
      "--web-replicas <count>",
      "instances of the application's front, each on a port of its own",
      countOf,
      1,
    )
    .option("--no-vote-bot", "do not start the application's load generator")
    .addHelpText(
      "after",
      "\nExamples:\n  carrara up apps/emojivoto\n  carrara up apps/emojivoto --web-port 9443 --json\n  carrara up apps/emojivoto --tee tdx --state-dir .carrara-tdx",
    )
    .action(async (dir: string | undefined, _: unknown, command: Command) => {
      await runMesh(contextOf(command), dir ?? ".", command.opts<UpOptions>());
    });
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^[0-9]{1,5}$/.test(text) && port < 65_536) return port;
  throw new InvalidArgumentError("a port is a number from 0 (any) to 65535");
}

function countOf(text: string): number {
  const count = Number(text);
  if (/^[0-9]{1,2}$/.test(text) && count > 0) return count;
  throw new InvalidArgumentError("a number of instances is from 1 to 99");
}

function imageOf(
  text: string,
  earlier: ReadonlyMap<string, string> = new Map(),
): ReadonlyMap<string, string> {
  const [, marble, image] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (marble !== undefined && image !== undefined) return new Map([...earlier, [marble, image]]);
  throw new InvalidArgumentError("an image is given as MARBLE=IMAGE");
}

async function runMesh(context: CommandContext, dir: string, up: UpOptions): Promise<void> {
  const { io, options } = context;
  const progress = createProgress(io, options);
  const mesh = await start(context, dir, up, progress);
  if (mesh === undefined) return;
  try {
    const { facts } = mesh;
    io.stdout(options.json ? readyLine(facts) : screenOf(io, mesh, facts));
    const failure = await Promise.race([mesh.failure, stopRequested(io.signal)]);
    if (failure !== undefined) throw failure;
  } catch (error) {
    if (options.json) io.stdout(failedLine(error));
    throw error;
  } finally {
    progress.step("Stopping");
    await mesh.stop();
    progress.done();
  }
}

/** Undefined when the person stopped it half-way, which is no failure. */
async function start(
  { io, options }: CommandContext,
  dir: string,
  up: UpOptions,
  progress: Progress,
): Promise<Mesh | undefined> {
  try {
    const mesh = await startMesh({
      appDir: resolve(io.cwd, dir),
      repository: io.repository,
      stateDir: stateDirOf(io, up.stateDir),
      ports: { web: up.webPort, coordinator: up.coordinatorPort, mesh: up.meshPort },
      ...(up.manifest === undefined ? {} : { manifest: resolve(io.cwd, up.manifest) }),
      ...(up.image === undefined ? {} : { images: up.image }),
      webReplicas: up.webReplicas,
      voteBot: up.voteBot,
      tee: up.tee,
      onStep: progress.step,
      signal: io.signal,
    });
    progress.done();
    return mesh;
  } catch (error) {
    progress.failed();
    if (io.signal.aborted) return undefined;
    if (options.json) io.stdout(failedLine(error));
    throw error;
  }
}

/** The event that ends a mesh which could not go on, as one JSON line. */
export function failedLine(error: unknown): string {
  return `${printableLines(JSON.stringify({ event: "failed", ...failureOf(error) }))}\n`;
}

async function stopRequested(signal: AbortSignal): Promise<undefined> {
  if (signal.aborted) return undefined;
  return await new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}

function screenOf(io: CliIo, mesh: Mesh, facts: ReadyFacts): string {
  return readyScreen(
    {
      ...facts,
      coordinatorCert: shortest(io, facts.coordinatorCert),
      manifest: shortest(io, facts.manifest),
    },
    {
      color: io.interactive,
      cli: commandLineOf(io),
      tee: mesh.platform.tee,
      measurement: mesh.coordinator.attested.identity.uniqueId,
    },
  );
}

/** Works from the current directory. Not npx: where it finds no link it asks the public registry. */
function commandLineOf(io: CliIo): string {
  return `node ${shortest(io, resolve(io.repository, "packages/cli/bin/carrara.js"))}`;
}

function shortest(io: CliIo, path: string): string {
  const short = relative(io.cwd, path);
  return short.startsWith("..") ? path : short;
}
