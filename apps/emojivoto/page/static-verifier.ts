import { createHash } from "node:crypto";
import { build, type Plugin, type UserConfig } from "vite";

/** Name of the file: web serves it beside the page, for saving to a disk. */
const FILE = "verify.html";

/**
 * Builds the verifier as one HTML file without any reference to another, from the page's own modules.
 * The same sources give the same bytes. Its policy, in the file itself as no server may be there to
 * send one, runs this very script and lets it ask the polls that its reader names.
 */
export function staticVerifier(): Plugin {
  let shared: Pick<UserConfig, "root" | "resolve"> & Pick<UserConfig, "oxc"> = {};
  return {
    name: "static-verifier",
    apply: "build",
    config({ root, resolve, oxc }) {
      shared = {
        ...(root === undefined ? {} : { root }),
        ...(resolve === undefined ? {} : { resolve }),
        ...(oxc === undefined ? {} : { oxc }),
      };
    },
    async generateBundle() {
      this.emitFile({ type: "asset", fileName: FILE, source: await buildFile(shared) });
    },
  };
}

async function buildFile(shared: UserConfig): Promise<string> {
  const built = await build({
    ...shared,
    configFile: false,
    publicDir: false,
    logLevel: "warn",
    build: {
      write: false,
      target: "es2022",
      modulePreload: false,
      cssCodeSplit: false,
      rolldownOptions: {
        input: `${shared.root}/src/verifier/main.tsx`,
        output: { format: "iife", codeSplitting: false },
      },
    },
  });
  const { output } = Array.isArray(built) ? built[0] : built;
  let script = "";
  let style = "";
  for (const file of output) {
    if (file.type === "chunk") script += file.code;
    else if (file.fileName.endsWith(".css")) style += file.source;
    else throw new Error(`the verifier would need another file: ${file.fileName}`);
  }
  return page(script.trim().replaceAll("</script", "<\\/script"), style.trim());
}

function page(script: string, style: string): string {
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    "img-src data:",
    "connect-src https: http://localhost:* http://127.0.0.1:*",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>Ballot verifier</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<div id="main" class="main"></div>
<script>${script}</script>
</body>
</html>
`;
}

function hashOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}
