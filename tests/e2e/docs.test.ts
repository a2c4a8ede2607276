import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Mesh, type MeshPorts, startMesh } from "@carrara/cli";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePorts } from "./support/coordinator.ts";
import {
  type CommandResult,
  carrara,
  cliProgram,
  ROOT,
  runProgram,
  startEmojivoto,
  type TestMesh,
} from "./support/mesh.ts";

const PAGES = [
  "README.md",
  ...readdirSync(join(ROOT, "docs")).map((name) => `docs/${name}`),
].filter((page) => page.endsWith(".md"));
/** What starts a whole mesh or all tests: the mesh of this file stands for the first. */
const STARTED_ELSEWHERE = /^npm (?:start|test)\b/;
/** Starts a mesh under a manifest that the page has made: in a state directory of its own. */
const OWN_MESH = /^npm start -- --manifest /;

/** A program that runs until it is told to stop: while the commands after it do. */
const IN_BACKGROUND = /\bnpx carrara run\b/;

/** Every command in the `sh` blocks of a page, comments cut off. */
function commandsOf(page: string): string[] {
  const blocks = readFileSync(join(ROOT, page), "utf8").matchAll(/^ *```sh\n([\s\S]*?)^ *```/gm);
  return [...blocks]
    .flatMap(([, block = ""]) => block.split("\n"))
    .map((line) => line.replace(/\s+#.*$/, "").trim())
    .filter((line) => line !== "" && (OWN_MESH.test(line) || !STARTED_ELSEWHERE.test(line)));
}

let shared: TestMesh;
/** Ports that pages name for a Coordinator of their own, by what they are here. */
const ownPorts = new Map<string, string>();

beforeAll(async () => {
  shared = await startEmojivoto();
  const [client, mesh] = await freePorts(2);
  ownPorts.set("localhost:9433", `localhost:${client}`).set("localhost:9001", `localhost:${mesh}`);
});

afterAll(async () => {
  await shared.stop();
});

/** Where the commands of a page run: the mesh of this file, or one that the page starts. */
interface Place {
  readonly stateDir: string;
  readonly ports: MeshPorts;
}

/** The command as it reads in this place: its ports and its state directory. */
function adapted(command: string, { ports, stateDir }: Place): string[] {
  return [...ownPorts]
    .reduce((line, [written, here]) => line.replaceAll(written, here), command)
    .replaceAll("localhost:4433", `localhost:${ports.coordinator}`)
    .replaceAll("localhost:8443", `localhost:${ports.web}`)
    .replaceAll(".carrara/", `${stateDir}/`)
    .split(/\s+/);
}

async function runCommand(command: string, place: Place): Promise<CommandResult> {
  const [program = "", ...args] = adapted(command, place);
  if (program === "npx" && args[0] === "carrara") {
    const cert = ["--coordinator-cert", join(place.stateDir, "coordinator-cert.pem")];
    return await carrara(...args.slice(1), ...(command.includes("--coordinator-cert") ? [] : cert));
  }
  return await runProgram(program, ...args);
}

async function expectDone(command: string, place: Place): Promise<void> {
  const { code, stderr } = await runCommand(command, place);
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
}

const [own, others] = [true, false].map((isOwn) =>
  PAGES.filter((page) => commandsOf(page).length > 0).filter(
    (page) => commandsOf(page).some((line) => OWN_MESH.test(line)) === isOwn,
  ),
);

/** Starts `env NAME=VALUE… npx carrara run …`; whether it works is for the next commands to say. */
async function startInBackground(command: string, place: Place): Promise<ChildProcess> {
  const words = adapted(command, place).slice(1);
  const at = words.indexOf("npx");
  const variables = words.slice(0, at).map((word) => word.split("=", 2) as [string, string]);
  return spawn(process.execPath, [await cliProgram(), ...words.slice(at + 2)], {
    cwd: ROOT,
    env: { ...process.env, ...Object.fromEntries(variables) },
    stdio: "ignore",
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await exit;
}

describe.each(others ?? [])("%s", (page) => {
  const background: ChildProcess[] = [];
  afterAll(async () => {
    await Promise.all(background.map(ended));
  });

  test.each(commandsOf(page))("%s", async (command) => {
    const place = { stateDir: shared.stateDir, ports: shared.mesh.ports };
    if (IN_BACKGROUND.test(command)) background.push(await startInBackground(command, place));
    else await expectDone(command, place);
  });
});

/** A mesh that a page starts, stops and starts again. */
interface OwnMesh extends Place {
  /** Starts it anew; resolves when it is ready or waits for a command of the page. */
  start(command: string): Promise<void>;
  /** Waits until it is ready, if it was started, and stops it. */
  stop(): Promise<void>;
  /** Waits until it is ready, and ends it. */
  close(): Promise<void>;
}

async function createOwnMesh(): Promise<OwnMesh> {
  const stateDir = await mkdtemp(join(tmpdir(), "carrara-page-"));
  const [web = 0, coordinator = 0, mesh = 0] = await freePorts(3);
  const place = { stateDir, ports: { web, coordinator, mesh } };
  let running: Promise<Mesh> | undefined;
  const stop = async (): Promise<void> => await (await running)?.stop();
  return {
    ...place,
    stop,
    async start(command) {
      await stop();
      const { manifest, images } = startOptionsOf(adapted(command, place));
      await new Promise<void>((resolve, reject) => {
        running = startMesh({
          appDir: join(ROOT, "apps/emojivoto"),
          repository: ROOT,
          ...place,
          manifest,
          images,
          voteBot: false,
          onStep: (step) => {
            if (step.startsWith("Waiting for recovery")) resolve();
          },
        });
        running.then(() => resolve(), reject);
      });
    },
    async close() {
      await stop();
      await rm(stateDir, { recursive: true });
    },
  };
}

/** The options that pages use; any other fails the page. */
function startOptionsOf(words: readonly string[]): {
  readonly manifest: string;
  readonly images: ReadonlyMap<string, string>;
} {
  const [, , , , manifest = "", ...rest] = words;
  const [option, image = ""] = rest;
  if (rest.length > 0)
    expect({ option, length: rest.length }).toEqual({ option: "--image", length: 2 });
  const [marble = "", name = ""] = image.split("=");
  return { manifest: join(manifest), images: new Map(image === "" ? [] : [[marble, name]]) };
}

describe.each(own ?? [])("%s, with a mesh of its own", (page) => {
  let mesh: OwnMesh;

  beforeAll(async () => {
    mesh = await createOwnMesh();
  });
  afterAll(async () => await mesh.close());

  test.each(commandsOf(page))("%s", async (command) => {
    // Where a mesh is stopped between two commands, the page says so in words: before a start, and
    // before something is taken out of its state.
    if (command.startsWith("rm ")) await mesh.stop();
    if (OWN_MESH.test(command)) await mesh.start(command);
    else await expectDone(command, mesh);
  });
});

test("every page that the README names is there", () => {
  const links = readFileSync(join(ROOT, "README.md"), "utf8").matchAll(/\]\(([^)#]+)\)/g);
  const missing = [...links]
    .map(([, target = ""]) => target)
    .filter((target) => {
      try {
        readdirSync(join(ROOT, target));
        return false;
      } catch (error) {
        return (error as NodeJS.ErrnoException).code !== "ENOTDIR";
      }
    });
  expect(missing).toEqual([]);
});
