import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT, runProgram } from "../../e2e/support/mesh.ts";
import type { FakeChoice } from "./fake-poll.ts";

const APP = join(ROOT, "apps/emojivoto");

/** Builds the page as an enclave image does, into a directory of its own, and reads its files. */
export async function buildPage(): Promise<ReadonlyMap<string, Uint8Array>> {
  const out = await mkdtemp(join(tmpdir(), "carrara-page-"));
  try {
    const vite = join(ROOT, "node_modules/vite/bin/vite.js");
    const page = join(APP, "page");
    const built = await runProgram(process.execPath, vite, "build", page, "--outDir", out);
    if (built.code !== 0) throw new Error(built.stderr);
    const entries = await readdir(out, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    const pairs = files.map(async ({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [path.slice(out.length + 1), new Uint8Array(await readFile(path))] as const;
    });
    return new Map(await Promise.all(pairs));
  } finally {
    await rm(out, { recursive: true });
  }
}

interface RpcRecord {
  readonly n: number;
  readonly shortcode: string | null;
}

/** The demo's emoji in list order, with their numbers. */
export async function loadChoices(): Promise<readonly FakeChoice[]> {
  const read = async (name: string) =>
    JSON.parse(await readFile(join(APP, "data", name), "utf8")) as unknown;
  const rpcs = (await read("emoji-rpcs.json")) as readonly RpcRecord[];
  const numbers = new Map(rpcs.map(({ n, shortcode }) => [shortcode, n]));
  const list = (await read("emoji.json")) as readonly Omit<FakeChoice, "number">[];
  return list.map(({ shortcode, unicode }) => ({
    shortcode,
    unicode,
    number: numbers.get(shortcode) ?? 0,
  }));
}
