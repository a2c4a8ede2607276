import { execFile } from "node:child_process";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type CliWorld, createCliWorld } from "../testing/cli-world.ts";

let world: CliWorld;

beforeEach(async () => {
  world = await createCliWorld();
});
afterEach(async () => await world.close());

/** What bash offers for a line, whose last word is being typed. */
async function offered(words: readonly string[]): Promise<readonly string[]> {
  const { stdout: script } = await world.run("completion", "bash");
  await world.write("completion.bash", script);
  const line = `source completion.bash
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_carrara
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const args = ["--norc", "--noprofile", "-uc", line, "bash", "carrara", ...words];
  return await new Promise((resolve, reject) => {
    execFile("bash", args, { cwd: world.dir }, (error, stdout) => {
      if (error === null) resolve(stdout.split("\n").filter((word) => word !== ""));
      else reject(error);
    });
  });
}

describe("completion in bash", () => {
  test.each([
    [["ma"], ["manifest"]],
    [["manifest", "up"], ["update"]],
    [
      ["--json", "manifest", "update", ""],
      ["apply", "acknowledge", "cancel", "get"],
    ],
    [["manifest", "update", "apply", "f.json", "--dry"], ["--dry-run"]],
    [["certificate", "r"], ["root"]],
    [
      ["completion", ""],
      ["bash", "zsh", "fish", "powershell"],
    ],
    [
      ["up", "--tee", ""],
      ["sgx", "tdx", "snp"],
    ],
    [["secret", "set", "--cert", "x"], []],
    [["inst"], []],
  ])("of %j offers %j", async (words, expected) => {
    const found = await offered(words);
    expect(found.filter((word) => words.at(-1) !== "" || !word.startsWith("-"))).toEqual(expected);
  });
});

/** Every command of the program, by its words. */
const COMMANDS = [
  "up",
  "manifest set",
  "manifest get",
  "manifest verify",
  "manifest signature",
  "manifest log",
  "manifest update apply",
  "manifest update acknowledge",
  "manifest update cancel",
  "manifest update get",
  "manifest diff",
  "manifest explain",
  "secret set",
  "secret get",
  "recover",
  "recover-with-signature public-key",
  "recover-with-signature encrypt-secret",
  "recover-with-signature sign-secret",
  "status",
  "check",
  "certificate chain",
  "verify",
  "ballot check",
  "ballot opening",
  "ballot audit",
  "ballot fetch",
  "ballot verify",
  "witness",
  "witness keygen",
  "evidence show",
  "evidence verify",
  "build",
  "sign",
  "package-info",
  "run",
  "version",
  "completion",
];

describe.each(["bash", "zsh", "fish", "powershell"])("completion %s", (shell) => {
  test("has every command, every option of the help, and no hidden one", async () => {
    const { code, stdout, stderr } = await world.run("completion", shell);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const command of COMMANDS) {
      const words = shell === "fish" ? command.split(" ").slice(-1) : [command];
      expect(stdout).toContain(`'${words.join(" ")}'`);
    }
    for (const option of ["dry-run", "from-pem", "coordinator-pub-key", "insecure", "json"]) {
      expect(stdout).toContain(option);
    }
    expect(stdout).not.toMatch(/pkcs11|uninstall/);
  });

  test("quotes every description", async () => {
    const { stdout } = await world.run("completion", shell);
    const quotes = stdout.split("\n").filter((line) => {
      const bare = line.replaceAll(/\\'|''/g, "");
      return !line.startsWith("#") && (bare.match(/'/g) ?? []).length % 2 === 1;
    });
    expect(quotes).toEqual([]);
  });
});

describe("every command", () => {
  test.each(COMMANDS)("%s has help with an example", async (command) => {
    const { code, stdout } = await world.run(...command.split(" "), "--help");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: carrara /);
    expect(stdout).toMatch(/Examples?:\n|Steps/);
  });
});

test("completion of a shell nobody knows is wrong usage", async () => {
  expect(await world.run("completion", "csh")).toMatchObject({ code: 2, stdout: "" });
});
