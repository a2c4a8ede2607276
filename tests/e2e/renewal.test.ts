import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { callHttps, createTestUser, type TestUser } from "@carrara/coordinator/testing";
import { toBase64, utf8 } from "@carrara/encoding";
import { buildImages } from "@carrara/image";
import {
  encodeImage,
  generateSigningKey,
  type PackageInfo,
  parseImage,
  readPackageInfo,
  signImage,
} from "@carrara/tee";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import {
  freePorts,
  setManifest,
  startCoordinator,
  type TestCoordinator,
} from "./support/coordinator.ts";

const APP = fileURLToPath(new URL("../../packages/coordinator/src/testing", import.meta.url));
const WAIT = { timeout: 30_000, interval: 100 };
/** Of the image; the manifest asks for less, so that an update leaves it welcome. */
const VERSION = 2;

let coordinator: TestCoordinator;
let user: TestUser;
let image: Uint8Array;
let fixed: Uint8Array;
let info: PackageInfo;
let address: string;

beforeAll(async () => {
  [coordinator, user] = await Promise.all([startCoordinator(), createTestUser()]);
  const [built] = await buildImages({ appDir: APP, outDir: join(coordinator.dir, "marbles") });
  const unsigned = new Uint8Array(await readFile(built?.file ?? ""));
  const key = await generateSigningKey();
  const { bundle, settings } = parseImage(unsigned);
  const next = encodeImage({ bundle, settings: { ...settings, securityVersion: VERSION + 1 } });
  image = await signImage(unsigned, key, { date: new Date() });
  fixed = await signImage(next, key, { date: new Date() });
  info = await readPackageInfo(image);
  address = `127.0.0.1:${(await freePorts(1))[0]}`;
  const set = await setManifest(coordinator.clientPort, manifest());
  expect(set.envelope).toMatchObject({ status: "success" });
});

afterAll(async () => await coordinator.stop());

function manifest(): unknown {
  const marble = (mode: string, MaxActivations: number) => ({
    Package: "echo",
    MaxActivations,
    TLS: ["t"],
    Parameters: { Argv: [mode] },
  });
  return {
    Packages: {
      echo: { SignerID: info.SignerID, ProductID: info.ProductID, SecurityVersion: VERSION - 1 },
    },
    Marbles: { server: marble("serve", 1), client: marble("dial", 3) },
    TLS: { t: { Incoming: [{ Port: "4000" }], Outgoing: [{ Port: "4000", Addr: "localhost" }] } },
    Users: { anna: { Certificate: user.pem, Roles: ["raise"] } },
    Roles: {
      raise: {
        ResourceType: "Packages",
        ResourceNames: ["echo"],
        Actions: ["UpdateSecurityVersion"],
      },
    },
  };
}

/** Launches an enclave of the platform, which gets a genuine simulated quote; answers its output. */
async function launch(type: string, name: string, bytes = image) {
  const output = { out: "", err: "" };
  const enclave = await coordinator.platform.launch(bytes, {
    env: {
      EDG_MARBLE_COORDINATOR_ADDR: `127.0.0.1:${coordinator.meshPort}`,
      EDG_MARBLE_TYPE: type,
      EDG_MARBLE_UUID_FILE: join(coordinator.dir, name),
      CARRARA_PORT_MAP: JSON.stringify({
        listen: { "4000": address },
        dial: { "localhost:4000": address },
      }),
    },
    onOutput: (stream, chunk) => {
      output[stream === "stdout" ? "out" : "err"] += Buffer.from(chunk).toString();
    },
  });
  onTestFinished(async () => void (await enclave.stop()));
  return { output, enclave, last: () => output.out.trimEnd().split("\n").at(-1) };
}

async function raiseTo(SecurityVersion: number): Promise<void> {
  const update = utf8(JSON.stringify({ Packages: { echo: { SecurityVersion } } }));
  const body = JSON.stringify({ manifest: toBase64(update) });
  const answer = await callHttps(coordinator.clientPort, {
    path: "/api/v2/update",
    body,
    client: user,
  });
  expect(JSON.parse(answer.text)).toMatchObject({ status: "success" });
}

test("enclaves renew with fresh quotes after an update, unless the update shuts them out", async () => {
  const server = await launch("server", "server");
  await expect.poll(server.last, WAIT).toBe("listening");
  const before = await launch("client", "before");
  await expect.poll(before.last, WAIT).toBe("new ok, first ok");

  await raiseTo(VERSION);
  const after = await launch("client", "after");
  await expect.poll(after.last, WAIT).toBe("new ok, first ok");
  for (const { output } of [server, before]) {
    await expect.poll(() => output.err, WAIT).toContain("certificates renewed");
  }
  await expect.poll(before.last, WAIT).toBe("new ok, first ok");
  // Nothing was restarted or counted as an activation, and no connection of before was cut.
  expect(before.output.out).not.toContain("first failed");
  expect(coordinator.log()).toContain("marble renewed");
  expect(coordinator.log()).not.toContain("UNATTESTED_ACCEPTED");

  // The running image is too old from here on: new ones do not talk to it, whatever it asks for.
  await raiseTo(VERSION + 1);
  const newest = await launch("client", "newest", fixed);
  await expect.poll(newest.last, WAIT).toBe("new failed, first none");
  await expect
    .poll(() => server.output.err, { ...WAIT, timeout: 90_000 })
    .toContain("certificates not renewed");
  expect(coordinator.log()).toMatch(/PACKAGE_SECURITY_VERSION.*renewal refused/);
  expect(newest.last()).toBe("new failed, first none");
}, 180_000);
