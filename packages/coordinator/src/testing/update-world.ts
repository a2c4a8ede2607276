import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { connect } from "node:tls";
import { parsePem, toBase64, utf8 } from "@carrara/encoding";
import { callHttps, type HttpCall } from "./http-client.ts";
import { createTestMachine, type TestCoordinator, type TestMachine } from "./test-coordinator.ts";
import { testManifest } from "./test-manifest.ts";
import { type ActivationOutcome, callActivate, prepareMarble } from "./test-marble.ts";
import { createTestUser, type TestUser } from "./test-user.ts";

/** An answer of the client API. */
interface JsonAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into what they expect
  readonly json: any;
}

interface People {
  /** May update the manifest, and raise the version of package `p`. */
  readonly anna: TestUser;
  /** May update the manifest. */
  readonly bert: TestUser;
  /** May read secrets, and nothing else. */
  readonly reader: TestUser;
  /** Is not in the manifest. */
  readonly stranger: TestUser;
}

/** A Coordinator whose manifest two users may update together, one of them a package alone. */
export interface UpdateWorld extends People {
  readonly owner: { readonly key: KeyObject; readonly pem: string };
  /** What the manifest has besides its packages. */
  readonly sections: Readonly<Record<string, unknown>>;
  readonly machine: TestMachine;
  /** Tests that restart it put the new one here. */
  running: TestCoordinator;
  /** Starts anew, with the first manifest set. */
  begin(): Promise<void>;
  call(request: HttpCall): Promise<JsonAnswer>;
  /** The first manifest with a changed package. */
  next(changed?: object): Uint8Array;
  chain(): Promise<{ intermediate: string | undefined; root: string | undefined }>;
  /** The texts of the update log. */
  logged(): Promise<string[]>;
  activate(type: string, version?: number): Promise<ActivationOutcome>;
  /** The certificate that the mesh port presents now. */
  meshCertificate(): Promise<string>;
}

/** Makes users and a machine, and starts the first Coordinator. */
export async function createUpdateWorld(): Promise<UpdateWorld> {
  const people: People = {
    anna: await createTestUser(),
    bert: await createTestUser(),
    reader: await createTestUser(),
    stranger: await createTestUser(),
  };
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
  const machine = await createTestMachine();
  const sections = sectionsFor(people);
  const world: UpdateWorld = {
    ...people,
    owner: { key: privateKey, pem },
    sections,
    machine,
    running: await machine.start(),
    begin: async () => {
      await world.running.close();
      machine.files.clear();
      world.running = await machine.start();
      await world.running.coordinator.setManifest(testManifest(sections));
    },
    call: async (request) => {
      const { status, text } = await callHttps(world.running.clientPort, request);
      return { status, json: JSON.parse(text) };
    },
    next: (changed = {}) =>
      testManifest({ ...sections, Packages: { p: { ...PACKAGE, Debug: false } }, ...changed }),
    chain: async () => {
      const { json } = await world.call({ path: "/api/v2/quote" });
      const [intermediate, root] = parsePem(json.data.cert).map(({ bytes }) => toBase64(bytes));
      return { intermediate, root };
    },
    logged: async () => {
      const { json } = await world.call({ path: "/api/v2/update" });
      return json.data.updateLog.map((line: string) => JSON.parse(line).update);
    },
    activate: async (type, version) => {
      const identity = version === undefined ? {} : { isvSvn: version };
      const { identity: key, fields } = await prepareMarble(type, machine.teeFor(identity));
      return await callActivate(world.running.meshPort, key, fields);
    },
    meshCertificate: async () => await certificateOf(world.running.meshPort),
  };
  return world;
}

const PACKAGE = JSON.parse(new TextDecoder().decode(testManifest())).Packages.p;

function sectionsFor({ anna, bert, reader }: People): Readonly<Record<string, unknown>> {
  return {
    Marbles: {
      web: {
        Package: "p",
        MaxActivations: 3,
        Parameters: { Env: { X: "{{ hex .Secrets.own }}" } },
      },
      old: { Package: "p" },
    },
    Users: {
      anna: { Certificate: anna.pem, Roles: ["all", "raise"] },
      bert: { Certificate: bert.pem, Roles: ["all"] },
      reader: { Certificate: reader.pem, Roles: ["read"] },
    },
    Roles: {
      all: { ResourceType: "Manifest", Actions: ["UpdateManifest"] },
      raise: { ResourceType: "Packages", ResourceNames: ["p"], Actions: ["UpdateSecurityVersion"] },
      read: {
        ResourceType: "Secrets",
        ResourceNames: ["shared", "text"],
        Actions: ["ReadSecret"],
      },
    },
    Secrets: {
      shared: { Type: "cert-ecdsa", Size: 256, Shared: true },
      text: { Type: "plain", UserDefined: true },
      own: { Type: "symmetric-key", Size: 128 },
    },
  };
}

async function certificateOf(port: number): Promise<string> {
  return await new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      resolve(toBase64(socket.getPeerCertificate().raw));
      socket.destroy();
    });
    socket.on("error", (error) => (socket.destroyed ? undefined : reject(error)));
  });
}

/** A call of the second version that sends a manifest. */
export function v2(path: string, client: TestUser, manifest: Uint8Array): HttpCall {
  return {
    path: `/api/v2/${path}`,
    body: JSON.stringify({ manifest: toBase64(manifest) }),
    client,
  };
}

/** A call of the first version. */
export function v1(path: string, client: TestUser, body: string | Uint8Array): HttpCall {
  return { method: "POST", path: `/${path}`, body, client };
}

/** An update of package `p` alone. */
export function raise(SecurityVersion: number): Uint8Array {
  return utf8(JSON.stringify({ Packages: { p: { SecurityVersion } }, Marbles: null, Config: {} }));
}
