import { createHash } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { CoordinatorError, reasonOf } from "../error.ts";
import { prepareMarble } from "../testing/test-marble.ts";
import { runningState, TEST_CONTEXT } from "../testing/test-state.ts";
import { type ActivationContext, type ActivationRequest, activateMarble } from "./activate.ts";
import type { QuoteClaims } from "./quote-policy.ts";
import type { RunningState } from "./state.ts";

/** An activation with everything that it depends on. */
interface Attempt {
  readonly state: RunningState;
  readonly request: ActivationRequest;
  readonly claims: QuoteClaims;
  readonly context: Partial<ActivationContext>;
}

const SIGNER = "cd".repeat(32);

let good: Attempt;

beforeAll(async () => {
  const { identity, fields } = await prepareMarble("m", undefined);
  const reportData = new Uint8Array(64);
  reportData.set(createHash("sha256").update(identity.certificate).digest());
  good = {
    state: await runningState({
      Packages: { p: { SignerID: SIGNER, ProductID: 3, SecurityVersion: 3 } },
      Marbles: {
        m: { Package: "p", MaxActivations: 1 },
        unset: {
          Package: "p",
          MaxActivations: 1,
          Parameters: { Env: { X: "{{ string .Secrets.text }}" } },
        },
      },
      Secrets: { text: { Type: "plain", UserDefined: true } },
    }),
    request: {
      peerCertificate: identity.certificate,
      quote: Uint8Array.of(1),
      csr: fields.CSR,
      marbleType: "m",
      uuid: fields.UUID,
    },
    claims: {
      status: "UpToDate",
      advisoryIds: [],
      exposure: [],
      identity: {
        debug: false,
        uniqueId: "ab".repeat(32),
        signer: { signerId: SIGNER, productId: 3, securityVersion: 3 },
        reportData,
      },
    },
    context: {},
  };
});

async function outcomeOf({ state, request, claims, context }: Attempt): Promise<string> {
  try {
    await activateMarble(state, request, {
      ...TEST_CONTEXT,
      verifyQuote: async () => await Promise.resolve(claims),
      acceptUnattested: false,
      step: async (_, work) => await work(),
      ...context,
    });
    return "accepted";
  } catch (error) {
    if (!(error instanceof CoordinatorError)) throw error;
    return reasonOf(error);
  }
}

type Fault = readonly [code: string, spoil: (attempt: Attempt) => Attempt];

const inRequest =
  (change: Partial<ActivationRequest>) =>
  (attempt: Attempt): Attempt => ({ ...attempt, request: { ...attempt.request, ...change } });
const inClaims =
  (change: Partial<QuoteClaims>) =>
  (attempt: Attempt): Attempt => ({ ...attempt, claims: { ...attempt.claims, ...change } });
const inIdentity =
  (change: Partial<QuoteClaims["identity"]>) =>
  (attempt: Attempt): Attempt =>
    inClaims({ identity: { ...attempt.claims.identity, ...change } })(attempt);

async function refuseQuote(): Promise<never> {
  await Promise.resolve();
  throw new CoordinatorError("QUOTE_INVALID", "not genuine");
}

function withoutPackages(attempt: Attempt): Attempt {
  const { deployment } = attempt.state;
  const manifest = { ...deployment.manifest, packages: new Map() };
  return { ...attempt, state: { ...attempt.state, deployment: { ...deployment, manifest } } };
}

/** What can be wrong with an activation, in the order in which section 3.3 looks at it. */
const FAULTS: readonly Fault[] = [
  ["ACTIVATION_STATE", (a) => ({ ...a, state: { ...a.state, phase: "accepting-manifest" } })],
  ["MARBLE_TYPE_UNKNOWN", inRequest({ marbleType: "nobody" })],
  ["PACKAGE_UNKNOWN", withoutPackages],
  ["QUOTE_MISSING", inRequest({ quote: new Uint8Array(0) })],
  ["QUOTE_INVALID", (a) => ({ ...a, context: { verifyQuote: refuseQuote } })],
  ["QUOTE_TCB_STATUS", inClaims({ status: "OutOfDate" })],
  ["QUOTE_REPORT_DATA", inIdentity({ reportData: new Uint8Array(64) })],
  ["PACKAGE_DEBUG", inIdentity({ debug: true })],
  [
    "PACKAGE_SIGNER_ID",
    inIdentity({ signer: { signerId: "ef".repeat(32), productId: 3, securityVersion: 3 } }),
  ],
  [
    "ACTIVATION_LIMIT",
    (a) => ({
      ...a,
      state: {
        ...a.state,
        activations: new Map([
          ["m", 1],
          ["unset", 1],
        ]),
      },
    }),
  ],
  ["UUID_INVALID", inRequest({ uuid: "nobody" })],
  ["CSR_MALFORMED", inRequest({ csr: Uint8Array.of(0x30) })],
  ["TEMPLATE_EXECUTION", inRequest({ marbleType: "unset" })],
];

describe("an activation", () => {
  test("in which nothing is wrong is let in", async () => {
    expect(await outcomeOf(good)).toBe("accepted");
  });

  test.each(FAULTS.map(([code], index) => [code, index] as const))(
    "is refused with %s, whatever else that is looked at later is wrong too",
    async (code, index) => {
      // From the last to the first, so that of two faults in one place the earlier one stays.
      const spoilt = FAULTS.slice(index).reduceRight((attempt, [, spoil]) => spoil(attempt), good);
      expect(await outcomeOf(spoilt)).toBe(code);
      expect(await outcomeOf(FAULTS[index]?.[1](good) ?? good)).toBe(code);
    },
  );
});
