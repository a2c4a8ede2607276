import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** A marble package that only sets the environment: what an entry must find when it runs. */
const STAND_IN_MARBLE = {
  "node_modules/@carrara/marble/package.json": JSON.stringify({
    name: "@carrara/marble",
    type: "module",
    sideEffects: false,
    exports: "./index.js",
  }),
  "node_modules/@carrara/marble/index.js": `
export async function runMarble(main) {
  process.env.SECRET = "given by premain";
  await main();
}`,
};

/** An application in a folder of its own. */
export interface FixtureApp {
  readonly dir: string;
  /** Writes a file, with the folders above it. */
  write(path: string, content: string): Promise<void>;
}

/** Makes and removes applications. */
export interface FixtureApps {
  create(files: Readonly<Record<string, string>>): Promise<FixtureApp>;
  removeAll(): Promise<void>;
}

/** Applications in temporary folders, which resolve this repository's tee and a stand-in marble. */
export function createFixtureApps(): FixtureApps {
  const dirs: string[] = [];
  return {
    async create(files) {
      const dir = await mkdtemp(join(tmpdir(), "carrara-app-"));
      dirs.push(dir);
      const write = async (path: string, content: string): Promise<void> => {
        await mkdir(dirname(join(dir, path)), { recursive: true });
        await writeFile(join(dir, path), content, { mode: 0o755 });
      };
      for (const [path, content] of Object.entries({ ...STAND_IN_MARBLE, ...files })) {
        await write(path, content);
      }
      const tee = fileURLToPath(new URL("../../../tee", import.meta.url));
      await symlink(tee, join(dir, "node_modules/@carrara/tee"));
      return { dir, write };
    },
    async removeAll() {
      for (const dir of dirs.splice(0)) await rm(dir, { recursive: true });
    },
  };
}

/** Text of an `enclave.json` with one image `svc`. */
export function configOf(image: Readonly<Record<string, unknown>>): string {
  const defaults = { kind: "plain", entry: "src/main.ts", productId: 7, securityVersion: 2 };
  return JSON.stringify({ images: { svc: { ...defaults, ...image } } });
}
