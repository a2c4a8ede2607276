import { utf8 } from "@carrara/encoding";
import { describe, expect, test } from "vitest";
import { marbleRoutes } from "./marble-routes.ts";
import { recoveryRoutes } from "./recovery-routes.ts";
import { createRouteCaller } from "./route-caller.ts";
import { createFakeTransport, type FakeAnswer, failure, success } from "./testing/fake-server.ts";

function callerOf(answers: Readonly<Record<string, FakeAnswer>>) {
  const { transport, requests } = createFakeTransport(answers);
  return { caller: createRouteCaller({ transport, trust: { kind: "unverified" } }), requests };
}

const bodyOf = (request: { readonly body?: Uint8Array } | undefined) =>
  JSON.parse(new TextDecoder().decode(request?.body));

describe("recover", () => {
  test("sends secret and signature and tells what remains", async () => {
    const data = { remaining: 1, message: "Remaining secrets: 1" };
    const { caller, requests } = callerOf({ "POST /api/v2/recover": success(data) });
    const answer = await recoveryRoutes(caller).recover(utf8("s"), utf8("g"));
    expect(answer).toEqual(data);
    expect(bodyOf(requests[0])).toEqual({
      recoverySecret: "cw==",
      recoverySecretSignature: "Zw==",
    });
  });

  test("is refused with the Coordinator's words", async () => {
    const { caller } = callerOf({ "POST /api/v2/recover": failure(500, "already used") });
    await expect(recoveryRoutes(caller).recover(utf8("s"), utf8("g"))).rejects.toMatchObject({
      code: "SERVER_REFUSED",
      message: expect.stringContaining("already used"),
    });
  });
});

describe("the ephemeral recovery key", () => {
  const route = "GET /api/v2/recover/public-key";

  test("is DER, undefined on old servers, and RSA", async () => {
    const data = { algorithm: "RSA", ephemeralPublicKey: "AAE=" };
    const { caller } = callerOf({ [route]: success(data) });
    await expect(recoveryRoutes(caller).getRecoveryPublicKey()).resolves.toEqual(
      new Uint8Array([0, 1]),
    );
    const old = recoveryRoutes(callerOf({}).caller);
    await expect(old.getRecoveryPublicKey()).resolves.toBeUndefined();
    const other = callerOf({ [route]: success({ ...data, algorithm: "EC" }) }).caller;
    await expect(recoveryRoutes(other).getRecoveryPublicKey()).rejects.toMatchObject({
      code: "RESPONSE_INVALID",
    });
  });
});

describe("signQuote", () => {
  test.each([
    ["OutOfDate", true],
    ["Fine", false],
  ])("takes the status %s: %s", async (tcbStatus, known) => {
    const data = { tcbStatus, verificationSignature: "AAE=" };
    const { caller } = callerOf({ "POST /api/v2/sign-quote": success(data) });
    const answer = marbleRoutes(caller).signQuote(utf8("q"));
    if (known) {
      await expect(answer).resolves.toEqual({ tcbStatus, signature: new Uint8Array([0, 1]) });
    } else await expect(answer).rejects.toMatchObject({ code: "RESPONSE_INVALID" });
  });
});

test("advanceCounter carries all 64 bits both ways", async () => {
  const { caller, requests } = callerOf({
    "POST /api/v2/monotonic-counter": {
      status: 200,
      body: '{"status":"success","data":{"value":18446744073709551615}}',
    },
  });
  const before = await marbleRoutes(caller).advanceCounter("n", 18446744073709551615n);
  expect(before).toBe(18446744073709551615n);
  expect(new TextDecoder().decode(requests[0]?.body)).toBe(
    '{"name":"n","value":18446744073709551615}',
  );
});
