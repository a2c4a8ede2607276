import { createSimulationAnchor, parseQuote } from "@carrara/attestation";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { EnclaveIdentity } from "../image/verify-image.ts";
import { answerRequest, type PlatformServices } from "../platform/answer-request.ts";
import { quoteFor } from "../platform/issue-evidence.ts";
import { createPlatformCredentials } from "../platform/platform-credentials.ts";
import { DEFAULT_SCENARIO } from "../platform/scenario.ts";
import { connectEnclaveTee } from "./connect-enclave-tee.ts";
import { type EnclaveChannel, openProcessChannel } from "./enclave-channel.ts";
import { parseReply, parseRequest } from "./protocol.ts";

const IDENTITY: EnclaveIdentity = {
  mrEnclave: new Uint8Array(32).fill(2),
  mrSigner: new Uint8Array(32).fill(3),
  isvProdId: 7,
  isvSvn: 3,
  debug: false,
};

const TD = {
  mrTd: new Uint8Array(48).fill(4),
  rtMr0: new Uint8Array(48).fill(5),
  rtMr1: new Uint8Array(48).fill(6),
  rtMr2: new Uint8Array(48).fill(7),
};

interface Link {
  readonly channel: EnclaveChannel;
  readonly held: boolean[];
  close(): void;
}

/** A channel that answers as a platform does, or as `answer` says, at once or later. */
function link(answer: (message: unknown) => unknown): Link {
  const held: boolean[] = [];
  let receive: (message: unknown) => void = () => undefined;
  let closed: () => void = () => undefined;
  const channel: EnclaveChannel = {
    send: (message) => {
      void Promise.resolve(answer(message)).then((reply) => receive(reply));
    },
    open: (onMessage, onClose) => {
      receive = onMessage;
      closed = onClose;
    },
    hold: (value) => held.push(value),
  };
  return { channel, held, close: () => closed() };
}

async function platform(tee: "sgx" | "tdx" = "sgx"): Promise<PlatformServices> {
  const credentials = await createPlatformCredentials(new Date());
  const anchor = createSimulationAnchor(credentials.root.certificate);
  return {
    tee,
    anchor,
    fuseKey: new Uint8Array(32),
    issueEvidence: async (identity, reportData) =>
      await Promise.resolve(quoteFor(credentials, tee, DEFAULT_SCENARIO, identity, reportData)),
  };
}

describe("an enclave's tee", () => {
  test("gives evidence over its report data, padded, for the measured identity", async () => {
    const services = await platform();
    const { channel } = link((message) => answerRequest(services, IDENTITY, message));
    const tee = await connectEnclaveTee(channel);
    expect(tee.assurance).toBe("simulation");
    expect(tee.trustAnchor.spki).toEqual(services.anchor.spki);
    const { body, header } = parseQuote(await tee.getEvidence(new Uint8Array([1, 2, 3])));
    expect(body).toMatchObject({ mrEnclave: IDENTITY.mrEnclave });
    expect(body.reportData).toEqual(new Uint8Array(64).fill(1, 0, 1).fill(2, 1, 2).fill(3, 2, 3));
    expect(new TextDecoder().decode(header.userData.subarray(0, 13))).toBe("SIMULATED-TEE");
  });

  test.each(["sgx", "tdx"] as const)("learns from its platform that it is %s", async (kind) => {
    const services = await platform(kind);
    const identity = { ...IDENTITY, td: TD };
    const { channel } = link((message) => answerRequest(services, identity, message));
    const tee = await connectEnclaveTee(channel);
    expect(tee.tee).toBe(kind);
    expect(parseQuote(await tee.getEvidence(new Uint8Array())).tee).toBe(kind);
  });

  test("is EVIDENCE_REFUSED on a platform that does not say what it is", async () => {
    const services = await platform();
    const { channel } = link(async (message) => {
      const { tee: _, ...reply } = {
        tee: "",
        ...(await answerRequest(services, IDENTITY, message)),
      };
      return reply;
    });
    await expect(connectEnclaveTee(channel)).rejects.toMatchObject({ code: "EVIDENCE_REFUSED" });
  });

  test("gives 32 bytes to seal with, other ones for each policy", async () => {
    const services = await platform();
    const { channel } = link((message) => answerRequest(services, IDENTITY, message));
    const tee = await connectEnclaveTee(channel);
    const [product, unique] = [
      await tee.getSealingKey("product"),
      await tee.getSealingKey("unique"),
    ];
    expect([product.length, unique.length]).toEqual([32, 32]);
    expect(product).not.toEqual(unique);
  });

  test("keeps the process alive only while it waits", async () => {
    const services = await platform();
    const { channel, held } = link((message) => answerRequest(services, IDENTITY, message));
    await connectEnclaveTee(channel);
    expect(held).toEqual([true, false]);
  });

  test("refuses 65 bytes of report data with a TypeError", async () => {
    const services = await platform();
    const { channel } = link((message) => answerRequest(services, IDENTITY, message));
    const tee = await connectEnclaveTee(channel);
    await expect(tee.getEvidence(new Uint8Array(65))).rejects.toThrow(TypeError);
  });

  test("refuses what the platform refuses with EVIDENCE_REFUSED", async () => {
    const { channel } = link((message) => ({
      carrara: 1,
      id: parseRequest(message)?.id,
      error: "no",
    }));
    await expect(connectEnclaveTee(channel)).rejects.toMatchObject({ code: "EVIDENCE_REFUSED" });
  });

  test("answers CHANNEL_CLOSED once the platform is gone, also to those who wait", async () => {
    const services = await platform();
    let silent = false;
    const { channel, close } = link((message) =>
      silent ? undefined : answerRequest(services, IDENTITY, message),
    );
    const tee = await connectEnclaveTee(channel);
    silent = true;
    const waiting = tee.getEvidence(new Uint8Array());
    close();
    await expect(waiting).rejects.toMatchObject({ code: "CHANNEL_CLOSED" });
    await expect(tee.getSealingKey("unique")).rejects.toMatchObject({ code: "CHANNEL_CLOSED" });
  });

  test("does not exist outside of an enclave: NOT_IN_ENCLAVE", () => {
    expect(() => openProcessChannel()).toThrow(expect.objectContaining({ code: "NOT_IN_ENCLAVE" }));
  });

  describe("with a platform that never answers", () => {
    beforeEach(() => {
      vi.useFakeTimers();
    });
    afterEach(() => {
      vi.useRealTimers();
    });

    test("gives up with CHANNEL_TIMEOUT", async () => {
      const connecting = connectEnclaveTee(link(() => undefined).channel);
      const refused = expect(connecting).rejects.toMatchObject({ code: "CHANNEL_TIMEOUT" });
      await vi.advanceTimersByTimeAsync(10_000);
      await refused;
    });
  });
});

describe("the platform's side", () => {
  test.each([
    ["a message of another program", { hello: 1 }, undefined],
    ["no object", "quote", undefined],
    ["an unknown request", { carrara: 1, id: 4, kind: "identity" }, 4],
    [
      "65 bytes of report data",
      { carrara: 1, id: 5, kind: "quote", reportData: "00".repeat(65) },
      5,
    ],
    ["a member too many", { carrara: 1, id: 6, kind: "quote", reportData: "", mrEnclave: "00" }, 6],
    ["an unknown policy", { carrara: 1, id: 7, kind: "seal", policy: "root" }, 7],
    ["a negative id", { carrara: 1, id: -1, kind: "anchor" }, undefined],
  ])("refuses %s", async (_, message, id) => {
    const reply = await answerRequest(await platform(), IDENTITY, message);
    expect(reply).toEqual(
      id === undefined ? undefined : { carrara: 1, id, error: "request is malformed" },
    );
  });

  test("takes any message without throwing", async () => {
    const services = await platform();
    await fc.assert(
      fc.asyncProperty(fc.anything(), async (message) => {
        const reply = await answerRequest(services, IDENTITY, message);
        expect(reply === undefined || parseReply(reply) !== undefined).toBe(true);
      }),
    );
  });
});
