import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type CommandResult,
  carrara,
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

/** Every command in the `sh` blocks of a page, comments cut off. */
function commandsOf(page: string): string[] {
  const blocks = readFileSync(join(ROOT, page), "utf8").matchAll(/^ *```sh\n([\s\S]*?)^ *```/gm);
  return [...blocks]
    .flatMap(([, block = ""]) => block.split("\n"))
    .map((line) => line.replace(/\s+#.*$/, "").trim())
    .filter((line) => line !== "" && !STARTED_ELSEWHERE.test(line));
}

let running: TestMesh;

beforeAll(async () => {
  running = await startEmojivoto();
});

afterAll(async () => {
  await running.stop();
});

/** The command as it reads for this mesh: its ports and its state directory. */
function adapted(command: string): string[] {
  const { ports } = running.mesh;
  return command
    .replaceAll("localhost:4433", `localhost:${ports.coordinator}`)
    .replaceAll("localhost:8443", `localhost:${ports.web}`)
    .replaceAll(".carrara/", `${running.stateDir}/`)
    .split(/\s+/);
}

async function runCommand(command: string): Promise<CommandResult> {
  const [program = "", ...args] = adapted(command);
  if (program === "npx" && args[0] === "carrara") {
    const cert = ["--coordinator-cert", join(running.stateDir, "coordinator-cert.pem")];
    return await carrara(...args.slice(1), ...(command.includes("--coordinator-cert") ? [] : cert));
  }
  return await runProgram(program, ...args);
}

describe.each(PAGES.filter((page) => commandsOf(page).length > 0))("%s", (page) => {
  test.each(commandsOf(page))("%s", async (command) => {
    const { code, stderr } = await runCommand(command);
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
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
