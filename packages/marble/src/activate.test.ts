import { create } from "@bufbuild/protobuf";
import { parseCertificate, parseCertificateRequest } from "@carrara/pki";
import { status } from "@grpc/grpc-js";
import { describe, expect, onTestFinished, test } from "vitest";
import { activate } from "./activate.ts";
import { MarbleError } from "./error.ts";
import { type ActivationReq, ActivationReqSchema } from "./gen/rpc/coordinator_pb.ts";
import { createMarbleIdentity, type MarbleIdentity } from "./marble-identity.ts";
import {
  createFakeCoordinator,
  type FakeAnswer,
  type FakeCoordinator,
  type SeenActivation,
} from "./testing/fake-coordinator.ts";

const granted: FakeAnswer = { parameters: { Argv: ["./app"], Env: { A: new Uint8Array([66]) } } };

async function start(
  answer: (seen: SeenActivation, attempt: number) => FakeAnswer,
): Promise<FakeCoordinator> {
  const coordinator = await createFakeCoordinator(answer);
  onTestFinished(async () => await coordinator.close());
  return coordinator;
}

async function world(coordinatorAddress: string) {
  const identity: MarbleIdentity = await createMarbleIdentity({
    dnsNames: ["localhost"],
    ipAddresses: ["127.0.0.1"],
    now: new Date(),
  });
  const request: ActivationReq = create(ActivationReqSchema, {
    CSR: identity.certificateRequest,
    MarbleType: "web",
    Quote: new Uint8Array([1, 2, 3]),
    UUID: "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
  });
  let clock = 0;
  const waits: number[] = [];
  return {
    waits,
    activation: {
      coordinatorAddress,
      identity,
      request,
      signal: new AbortController().signal,
      timeoutMs: 20_000,
      now: () => clock,
      sleep: async (ms: number) => {
        clock += ms;
      },
      random: () => 0.999,
      onRetry: (_: string, ms: number) => void waits.push(ms),
    },
  };
}

const codeOf = async (promise: Promise<unknown>): Promise<unknown> =>
  await promise.then(
    () => "none",
    (error: unknown) => (error instanceof MarbleError ? error.code : error),
  );

describe("activate", () => {
  test("sends evidence, request, type and uuid over the certificate the evidence is about", async () => {
    const coordinator = await start(() => granted);
    const { activation } = await world(coordinator.address);
    const parameters = await activate(activation);
    expect(parameters.Argv).toEqual(["./app"]);
    const [seen] = coordinator.seen;
    expect(seen?.request).toMatchObject({ MarbleType: "web", UUID: activation.request.UUID });
    expect(seen?.clientCertificate).toEqual(activation.identity.certificate);
    const certificate = parseCertificate(seen?.clientCertificate ?? new Uint8Array());
    const csr = await parseCertificateRequest(seen?.request.CSR ?? new Uint8Array());
    expect(csr.spki).toEqual(certificate.spki);
    expect(csr.subject).toEqual([]);
  });

  test.each([
    ["not ready", status.FAILED_PRECONDITION],
    ["not reachable", status.UNAVAILABLE],
  ])("tries again with growing waits while the coordinator is %s", async (_, code) => {
    const coordinator = await start((__, attempt) =>
      attempt < 4 ? { code, details: "later" } : granted,
    );
    const { activation, waits } = await world(coordinator.address);
    await activate(activation);
    expect(coordinator.seen).toHaveLength(4);
    expect(waits).toEqual([50, 100, 200]);
  });

  test.each([
    status.PERMISSION_DENIED,
    status.INVALID_ARGUMENT,
    status.UNAUTHENTICATED,
    status.INTERNAL,
    status.UNIMPLEMENTED,
  ])(
    "fails at once with ACTIVATION_REFUSED and the coordinator's words on status %s",
    async (code) => {
      const coordinator = await start(() => ({
        code,
        details: "marble verification failed: no\nline",
      }));
      const { activation } = await world(coordinator.address);
      const failure = activate(activation);
      await expect(failure).rejects.toMatchObject({
        code: "ACTIVATION_REFUSED",
        message: expect.stringContaining("marble verification failed: no line"),
      });
      expect(coordinator.seen).toHaveLength(1);
    },
  );

  test("gives up with ACTIVATION_TIMEOUT when the total deadline is reached", async () => {
    const coordinator = await start(() => ({ code: status.UNAVAILABLE, details: "down" }));
    const { activation, waits } = await world(coordinator.address);
    expect(await codeOf(activate({ ...activation, timeoutMs: 5_000 }))).toBe("ACTIVATION_TIMEOUT");
    expect(waits.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(5_000);
  });

  test("gives up with ACTIVATION_TIMEOUT on a coordinator that does not exist", async () => {
    const { activation } = await world("127.0.0.1:1");
    expect(await codeOf(activate({ ...activation, timeoutMs: 1_000 }))).toBe("ACTIVATION_TIMEOUT");
  });

  test("stops with ACTIVATION_ABORTED when its signal is aborted", async () => {
    const controller = new AbortController();
    const coordinator = await start(() => {
      controller.abort();
      return { code: status.UNAVAILABLE, details: "down" };
    });
    const { activation } = await world(coordinator.address);
    const aborted = activate({ ...activation, signal: controller.signal });
    expect(await codeOf(aborted)).toBe("ACTIVATION_ABORTED");
  });
});
