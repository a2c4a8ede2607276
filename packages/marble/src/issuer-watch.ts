import { connect } from "node:tls";
import { equalBytes, parsePem } from "@carrara/encoding";
import { parseCertificate } from "@carrara/pki";
import { parseHostPort } from "./host-port.ts";
import type { Premain } from "./request-parameters.ts";

/** Milliseconds between two looks at the Coordinator, on average: one TLS handshake each. */
const LOOK_EVERY_MS = 20_000;
const LOOK_TIMEOUT_MS = 10_000;

/** What {@link watchIssuer} looks at. */
export interface IssuerWatch extends Pick<Premain, "sleep" | "random" | "signal"> {
  /** `HOST:PORT` of the Coordinator's mesh API, which shows the marble root that is in force. */
  readonly coordinatorAddress: string;
  /** What this process has now, as PEM: a caller without a certificate is an error in the Coordinator's log. */
  readonly current: () => {
    readonly marbleRoot: string | undefined;
    readonly cert: string | undefined;
    readonly key: string | undefined;
  };
  /** Called while the two differ; nothing is verified, so it must not be more than a reason to ask. */
  readonly onStranger: () => void;
}

/**
 * Looks until the signal is aborted whether the Coordinator has another marble root than this process: a
 * marble that keeps its connections, or has none, meets no stranger after an update.
 */
export async function watchIssuer(watch: IssuerWatch): Promise<void> {
  const { sleep, random, signal, coordinatorAddress, current, onStranger } = watch;
  while (!signal.aborted) {
    await sleep(LOOK_EVERY_MS * (0.5 + random()), signal).catch((error) => {
      if (!signal.aborted) throw error;
    });
    const { marbleRoot, cert, key } = current();
    const [shown, own] = [await shownKey(coordinatorAddress, { cert, key }), keyOf(marbleRoot)];
    if (shown !== undefined && own !== undefined && !equalBytes(shown, own)) onStranger();
  }
}

/** The public key of the certificate that is shown there; undefined where nobody answers. */
async function shownKey(
  address: string,
  identity: { readonly cert: string | undefined; readonly key: string | undefined },
): Promise<Uint8Array | undefined> {
  const server = parseHostPort(address);
  if (server === undefined) return undefined;
  const looked = new Promise<Uint8Array | undefined>((resolve) => {
    // Unverified, as the connection that activates: what it says is a hint (see `requireSameMesh`).
    const socket = connect({
      ...server,
      ...identity,
      servername: "localhost",
      ALPNProtocols: ["h2"],
      rejectUnauthorized: false,
    });
    socket.setTimeout(LOOK_TIMEOUT_MS, () => socket.destroy());
    socket.on("error", () => socket.destroy());
    socket.once("close", () => resolve(undefined));
    socket.once("secureConnect", () => {
      resolve(keyOfDer(socket.getPeerX509Certificate()?.raw));
      // In good order: a reset is a failed handshake to the Coordinator, and in its log an error.
      socket.end().resume();
    });
    // Looking keeps no process from ending.
    socket.unref();
  });
  // A program may have changed its own variables, so that no certificate can be presented.
  return await looked.catch(() => undefined);
}

function keyOf(pem: string | undefined): Uint8Array | undefined {
  try {
    return keyOfDer(parsePem(pem ?? "")[0]?.bytes);
  } catch {
    return undefined;
  }
}

function keyOfDer(der: Uint8Array | undefined): Uint8Array | undefined {
  try {
    return der === undefined ? undefined : parseCertificate(new Uint8Array(der)).spki;
  } catch {
    // A hint that cannot be read is none.
    return undefined;
  }
}
