// Writes the sample packages of the documentation into the folder that is named.
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buildImages } from "@carrara/image";
import { generateSigningKey, readPackageInfo, signImage } from "@carrara/tee";
import { elfWith } from "../packages/cli/src/testing/elf-file.ts";

/** Of the SIGSTRUCT: its length and first bytes (Intel SDM volume 3D, table SIGSTRUCT). */
const SIGSTRUCT_BYTES = 1808;
const SIGSTRUCT_HEADER = Buffer.from("06000000e10000000000010000000000", "hex");

const [, , target = "docs/examples/packages"] = process.argv;
const dir = await mkdtemp(join(tmpdir(), "carrara-samples-"));
const image = { kind: "plain", entry: "main.js", productId: 7, securityVersion: 2 };
await writeFile(join(dir, "enclave.json"), JSON.stringify({ images: { greeter: image } }));
await writeFile(join(dir, "main.js"), "");
await buildImages({ appDir: dir, outDir: dir });
const unsigned = new Uint8Array(await readFile(join(dir, "greeter.enclave")));
const signed = await signImage(unsigned, await generateSigningKey(), { date: new Date() });
const at = Buffer.from(signed).indexOf(SIGSTRUCT_HEADER);
const sigstruct = signed.subarray(at, at + SIGSTRUCT_BYTES);
await rm(dir, { recursive: true });

const library = "occlum-instance/build/lib/libocclum-libos.signed.so";
const files: Readonly<Record<string, Uint8Array | string>> = {
  "gramine/greeter.sig": sigstruct,
  "ego-service": elfWith(".oeinfo", Buffer.concat([Buffer.alloc(144), sigstruct])),
  "ego-service.era.json": `${JSON.stringify(await readPackageInfo(signed), null, 2)}\n`,
  [library]: elfWith(".note.sgxmeta", Buffer.concat([Buffer.alloc(64), sigstruct])),
};
for (const [name, content] of Object.entries(files)) {
  await mkdir(dirname(join(target, name)), { recursive: true });
  await writeFile(join(target, name), content);
}
