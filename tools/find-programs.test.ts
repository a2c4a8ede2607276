import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findChromium, findPostgres, findWrk, type Machine } from "./find-programs.mjs";

let dir: string;
let bin: string;
let machine: Machine;
/** What was installed, and what was said about it. */
let installed: string[];
let said: string[];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "programs-"));
  bin = join(dir, "bin");
  await mkdir(bin);
  installed = [];
  said = [];
  machine = {
    env: { PATH: `${join(dir, "nothing")}:${bin}` },
    isRoot: true,
    postgresRoot: join(dir, "postgresql"),
    run: async (_, args) => {
      if (args[0] !== "install") return 0;
      const name = args.at(-1) ?? "";
      installed.push(name);
      if (name !== "postgresql") await program(bin, name);
      else await program(join(machine.postgresRoot, "17", "bin"), "initdb");
      return 0;
    },
    say: (text) => said.push(text),
  };
});

afterEach(async () => {
  await rm(dir, { recursive: true });
});

async function program(folder: string, name: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, name);
  await writeFile(path, "#!/bin/sh\n", { mode: 0o755 });
  return path;
}

describe("Chromium", () => {
  test("is the one that is named, whatever the system has", async () => {
    await program(bin, "chromium");
    const env = { ...machine.env, CARRARA_CHROMIUM: "/opt/chromium" };
    expect(await findChromium({ ...machine, env })).toBe("/opt/chromium");
  });

  test.each(["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"])(
    "is the system's %s, and nothing is installed",
    async (name) => {
      await program(bin, "apt-get");
      const path = await program(bin, name);
      expect(await findChromium(machine)).toBe(path);
      expect(installed).toEqual([]);
    },
  );

  test("is installed from Debian when root, and that is said", async () => {
    await program(bin, "apt-get");
    expect(await findChromium(machine)).toBe(join(bin, "chromium"));
    expect(installed).toEqual(["chromium"]);
    expect(said.join()).toContain("Chromium");
  });

  test("is none for somebody else, and nothing is installed", async () => {
    await program(bin, "apt-get");
    expect(await findChromium({ ...machine, isRoot: false })).toBeUndefined();
    expect(installed).toEqual([]);
  });

  test("is none where there is no apt-get, or where it brings nothing", async () => {
    expect(await findChromium(machine)).toBeUndefined();
    await program(bin, "apt-get");
    const broken = { ...machine, run: async () => await Promise.resolve(100) };
    expect(await findChromium(broken)).toBeUndefined();
  });
});

describe("PostgreSQL", () => {
  test("is the folder that is named", async () => {
    const env = { ...machine.env, CARRARA_POSTGRES_BIN: "/opt/pg" };
    expect(await findPostgres({ ...machine, env })).toBe("/opt/pg");
  });

  test("is Debian's newest place or the one in the path", async () => {
    await program(bin, "initdb");
    expect(await findPostgres(machine)).toBe(bin);
    await program(join(machine.postgresRoot, "17", "bin"), "initdb");
    expect(await findPostgres(machine)).toBe(join(machine.postgresRoot, "17", "bin"));
  });

  test("is installed from Debian when root, and not for somebody else", async () => {
    await program(bin, "apt-get");
    expect(await findPostgres({ ...machine, isRoot: false })).toBeUndefined();
    expect(await findPostgres(machine)).toBe(join(machine.postgresRoot, "17", "bin"));
    expect(installed).toEqual(["postgresql"]);
  });
});

test("wrk is the system's, or installed from Debian when root, and not for somebody else", async () => {
  await program(bin, "apt-get");
  expect(await findWrk({ ...machine, isRoot: false })).toBeUndefined();
  expect(await findWrk(machine)).toBe(join(bin, "wrk"));
  expect(await findWrk(machine)).toBe(join(bin, "wrk"));
  expect(installed).toEqual(["wrk"]);
});
