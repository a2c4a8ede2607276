import { expect, test } from "vitest";
import { createTestMachine } from "../../testing/test-coordinator.ts";
import { testManifest } from "../../testing/test-manifest.ts";
import {
  type ActivationFields,
  callActivate,
  prepareMarble,
  TEST_UUID,
} from "../../testing/test-marble.ts";

/**
 * A request with every fault that there is, mended one after the other: whoever compares refusals with
 * MarbleRun's (section 3.3) meets them in the same order.
 */
test("of several faults the first in MarbleRun's order is the one that is told", async () => {
  const machine = await createTestMachine();
  const { meshPort, coordinator } = await machine.start();
  const foreign = machine.teeFor({ mrSigner: new Uint8Array(32), debug: true });
  const [good, other, wrong] = await Promise.all([
    prepareMarble("spent", machine.teeFor()),
    prepareMarble("spent", machine.teeFor()),
    prepareMarble("spent", foreign),
  ]);
  const broken = { UUID: "x", CSR: new Uint8Array(3), Quote: new Uint8Array() };
  const outcomeOf = async (fields: Partial<ActivationFields>, { identity } = good) => {
    const outcome = await callActivate(meshPort, identity, {
      ...good.fields,
      ...broken,
      ...fields,
    });
    return outcome.kind === "accepted" ? "accepted" : `${outcome.status} ${outcome.code}`;
  };
  const nobody = { MarbleType: "nobody" };
  const web = { MarbleType: "web", Quote: good.fields.Quote };
  const named = { ...web, UUID: TEST_UUID };

  expect(await outcomeOf(nobody)).toBe("FAILED_PRECONDITION ACTIVATION_STATE");
  await coordinator.setManifest(
    testManifest({
      Marbles: {
        spent: { Package: "p", MaxActivations: 1 },
        web: { Package: "p", Parameters: { Env: { X: "{{ string .Secrets.unset }}" } } },
      },
      Secrets: { unset: { Type: "plain", UserDefined: true } },
    }),
  );
  const { UUID, CSR, Quote } = good.fields;
  expect(await outcomeOf({ UUID, CSR, Quote })).toBe("accepted");

  expect(await outcomeOf(nobody)).toBe("PERMISSION_DENIED MARBLE_TYPE_UNKNOWN");
  expect(await outcomeOf({})).toBe("PERMISSION_DENIED QUOTE_MISSING");
  expect(await outcomeOf({ Quote: Quote.subarray(0, 500) })).toBe(
    "PERMISSION_DENIED QUOTE_LENGTH_MISMATCH",
  );
  // The quote policy, in the order of section 3.4: status, certificate, package.
  machine.platform.setScenario({ tcbStatus: "OutOfDate" });
  expect(await outcomeOf({ Quote: wrong.fields.Quote }, other)).toBe(
    "PERMISSION_DENIED QUOTE_TCB_STATUS",
  );
  machine.platform.setScenario({});
  expect(await outcomeOf({ Quote: wrong.fields.Quote }, other)).toBe(
    "PERMISSION_DENIED QUOTE_REPORT_DATA",
  );
  expect(await outcomeOf({ Quote: wrong.fields.Quote }, wrong)).toBe(
    "PERMISSION_DENIED PACKAGE_DEBUG",
  );
  expect(await outcomeOf({ Quote })).toBe("PERMISSION_DENIED ACTIVATION_LIMIT");
  expect(await outcomeOf(web)).toBe("INVALID_ARGUMENT UUID_INVALID");
  expect(await outcomeOf(named)).toBe("INTERNAL CSR_MALFORMED");
  expect(await outcomeOf({ ...named, CSR })).toBe("INTERNAL TEMPLATE_EXECUTION");
  await machine.close();
});
