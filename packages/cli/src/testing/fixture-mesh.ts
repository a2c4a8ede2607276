import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** This repository, whose Coordinator and packages the fixture uses. */
export const REPOSITORY: string = fileURLToPath(new URL("../../../..", import.meta.url));

/** A service that knows nothing of TLS; `/exit` makes it end with code 7. */
const WEB = `
import { createServer } from "node:http";
createServer((request, response) => {
  if (request.url === "/exit") {
    console.error("asked to exit");
    process.exit(7);
  }
  response.end(process.env.GREETING);
}).listen(4433);
process.on("SIGTERM", () => process.exit(0));
`;

const BOT = `console.log("bot for", process.env.WEB_HOST); setInterval(() => undefined, 1000);`;

const FILES: Readonly<Record<string, unknown>> = {
  "package.json": { name: "fixture", type: "module", workspaces: [] },
  "enclave.json": {
    images: {
      web: { entry: "web.js", productId: 9, securityVersion: 1, debug: false },
      // Has no entry: whoever builds an image that no marble runs fails.
      spare: { entry: "missing.js", productId: 9, securityVersion: 2, debug: false },
    },
  },
  "mesh.json": {
    manifest: "manifest.json",
    marbles: [{ type: "web", image: "web", dnsNames: ["localhost"], listen: { "4433": "web" } }],
    web: { marble: "web", port: 4433 },
    bot: { entry: "bot.js" },
  },
};

/** A manifest for the fixture whose service says `greeting`. */
export function fixtureManifest(greeting: string): string {
  return JSON.stringify({
    Packages: {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: filled in when the mesh starts
      web: { SignerID: "${web.SignerID}", ProductID: 9, SecurityVersion: 1, Debug: false },
    },
    Marbles: {
      web: { Package: "web", Parameters: { Env: { GREETING: greeting } }, TLS: ["web"] },
    },
    Secrets: {
      cert: {
        Type: "cert-ecdsa",
        Size: 256,
        Shared: true,
        ValidFor: 7,
        Cert: { Subject: { CommonName: "localhost" }, DNSNames: ["localhost"] },
      },
    },
    TLS: { web: { Incoming: [{ Port: "4433", Cert: "cert", DisableClientAuth: true }] } },
  });
}

/** A small application with one marble and a bot. */
export interface FixtureMesh {
  readonly appDir: string;
  readonly stateDir: string;
  setManifest(text: string): Promise<void>;
  remove(): Promise<void>;
}

/** Writes the application into a folder of its own, outside the repository. */
export async function createFixtureMesh(): Promise<FixtureMesh> {
  const dir = await mkdtemp(join(tmpdir(), "carrara-up-"));
  const appDir = join(dir, "app");
  const put = async (path: string, text: string): Promise<void> => {
    const file = join(appDir, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  };
  for (const [path, value] of Object.entries(FILES)) await put(path, JSON.stringify(value));
  await put("web.js", WEB);
  await put("bot.js", BOT);
  await put("manifest.json", fixtureManifest("hello"));
  await symlink(join(REPOSITORY, "node_modules"), join(appDir, "node_modules"));
  return {
    appDir,
    stateDir: join(dir, "state"),
    setManifest: async (text) => await put("manifest.json", text),
    remove: async () => await rm(dir, { recursive: true }),
  };
}
