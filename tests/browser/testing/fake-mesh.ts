import { createPrivateKey, sign } from "node:crypto";
import { keysStatementMessage, type SignedKeys } from "@carrara/ballot";
import {
  callActivate,
  callHttps,
  createTestCoordinator,
  createTestUser,
  prepareMarble,
  testIdentity,
} from "@carrara/coordinator/testing";
import { toBase64, toHex, utf8 } from "@carrara/encoding";

/** A simulated machine with a Coordinator, a voting marble and a web marble, in this process. */
export interface FakeMesh {
  /** The Coordinator's answers as an evidence bundle has them. */
  answers(): Promise<Readonly<Record<string, unknown>>>;
  /** PEM of the web marble's certificate and its issuer. */
  readonly siteChain: string;
  /** Signs a keys statement as the voting marble. */
  signKeys(statement: string): SignedKeys;
  /** Raises the security version of the voting program, and activates its marble again. */
  raiseVersion(): Promise<void>;
  close(): Promise<void>;
}

const ROUTES = ["quote", "collateral", "manifest", "update", "status"] as const;
/** SGX programs of the mesh; the numbers are those of the demo. */
const PROGRAMS = { web: 4, "emoji-svc": 5, "voting-svc": 6 } as const;
type Program = keyof typeof PROGRAMS;

/** Starts one. */
export async function startFakeMesh(): Promise<FakeMesh> {
  const coordinator = await createTestCoordinator();
  const { machine, clientPort, meshPort } = coordinator;
  const admin = await createTestUser();
  let votingVersion = 1;

  const activate = async (name: Program) => {
    const tee = machine.teeFor(identityOf(name, name === "voting-svc" ? votingVersion : 1));
    const { identity, fields } = await prepareMarble(name, tee, crypto.randomUUID());
    const outcome = await callActivate(meshPort, identity, fields);
    if (outcome.kind === "refused") throw new Error(outcome.message);
    const text = (variable: string) =>
      new TextDecoder().decode(outcome.parameters.Env[variable] ?? new Uint8Array(0));
    return {
      chain: text("MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN"),
      key: text("MARBLE_PREDEFINED_PRIVATE_KEY"),
    };
  };
  const post = async (path: string, body: string) => {
    const answer = await callHttps(clientPort, { path, body, client: admin });
    if (answer.status !== 200) throw new Error(answer.text);
  };

  await post("/manifest", manifestOf(admin.pem));
  let voting = await activate("voting-svc");
  const web = await activate("web");
  return {
    siteChain: web.chain,
    async answers() {
      const found: Record<string, unknown> = {};
      for (const route of ROUTES) {
        const path = `/api/v2/${route}`;
        const { status, text } = await callHttps(clientPort, { path });
        const body = toBase64(utf8(text));
        found[`GET ${path}`] = { status, contentType: "application/json", body };
      }
      return found;
    },
    signKeys(statement) {
      const bytes = utf8(statement);
      const key = createPrivateKey(voting.key);
      const signature = sign("sha384", keysStatementMessage(bytes), key);
      return {
        statement: toBase64(bytes),
        signature: signature.toString("base64"),
        chain: voting.chain,
      };
    },
    async raiseVersion() {
      votingVersion += 1;
      const packages = { "voting-svc": { SecurityVersion: votingVersion } };
      await post("/update", JSON.stringify({ Packages: packages }));
      voting = await activate("voting-svc");
    },
    close: async () => {
      await coordinator.close();
      await machine.close();
    },
  };
}

function identityOf(name: Program, isvSvn: number) {
  return testIdentity({ isvProdId: PROGRAMS[name], isvSvn });
}

function manifestOf(adminPem: string): string {
  const signer = toHex(testIdentity().mrSigner);
  const names = Object.keys(PROGRAMS) as Program[];
  return JSON.stringify({
    Packages: Object.fromEntries(
      names.map((name) => [
        name,
        { SignerID: signer, ProductID: PROGRAMS[name], SecurityVersion: 1 },
      ]),
    ),
    Marbles: Object.fromEntries(names.map((name) => [name, { Package: name }])),
    Users: { "emojivoto-admin": { Certificate: adminPem, Roles: ["updateVoting"] } },
    Roles: {
      updateVoting: {
        ResourceType: "Packages",
        ResourceNames: ["voting-svc"],
        Actions: ["UpdateSecurityVersion"],
      },
    },
  });
}
