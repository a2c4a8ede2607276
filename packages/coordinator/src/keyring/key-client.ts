import { lookup } from "node:dns/promises";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { TLSSocket } from "node:tls";
import { encodePem } from "@carrara/encoding";
import type { SharedKeyRequest } from "../coordinator.ts";
import { CoordinatorError, reasonOf } from "../error.ts";
import type { Log } from "../log.ts";
import type { SealPolicy } from "../store/sealing.ts";
import { KEY_PATHS, parseKeyAnswer } from "./key-message.ts";
import { readMessage } from "./key-server.ts";
import {
  createPeerIdentity,
  type PeerAttestation,
  type PeerIdentity,
  requirePeer,
} from "./peer-identity.ts";

/** Milliseconds for one peer, its verification of our evidence included. */
const EXCHANGE_TIMEOUT_MS = 10_000;
/** Most addresses that are asked: a name may stand for many Coordinators. */
const MAX_ADDRESSES = 16;

/** Where another Coordinator, or a name for several, hands out the key. */
export interface PeerAddress {
  readonly host: string;
  readonly port: number;
}

/** What {@link createKeyRequest} needs. */
export interface KeyClientDeps extends PeerAttestation {
  readonly peers: readonly PeerAddress[];
  readonly log: Log;
}

/**
 * Asks all addresses of all peers for the shared key and takes the first that verifies and opens the
 * state. An own address among them refuses, as one without the key does.
 */
export function createKeyRequest(deps: KeyClientDeps): SharedKeyRequest {
  const { peers, log } = deps;
  return async (policy, opens) => {
    const addresses = (await Promise.all(peers.map(addressesOf))).flat().slice(0, MAX_ADDRESSES);
    if (addresses.length === 0) return undefined;
    const own = await createPeerIdentity(deps);
    const asked = addresses.map(async (address) => {
      try {
        const key = await exchange(own, address, policy, deps.quotes);
        if (!opens(key)) throw new CoordinatorError("KEY_UNAVAILABLE", "the peer has another key");
        return key;
      } catch (error) {
        const { host, port } = address;
        log.info({ peer: `${host}:${port}`, code: reasonOf(error) }, "no shared key from peer");
        throw error;
      }
    });
    try {
      return await Promise.any(asked);
    } catch {
      // Each failure is in the log.
      return undefined;
    }
  };
}

async function addressesOf({ host, port }: PeerAddress): Promise<readonly PeerAddress[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => ({ host: address, port }));
  } catch {
    // A name that nobody has yet: there are no other Coordinators.
    return [];
  }
}

/** One exchange with one address. Throws `KEY_UNAVAILABLE`, and what {@link requirePeer} throws. */
async function exchange(
  own: PeerIdentity,
  address: PeerAddress,
  policy: SealPolicy,
  quotes: PeerAttestation["quotes"],
): Promise<Uint8Array> {
  const response = await send(own, address, policy).catch((cause: unknown) => {
    throw new CoordinatorError("KEY_UNAVAILABLE", "the peer does not answer", { cause });
  });
  const { socket } = response;
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  const body = await readMessage(response);
  if (response.statusCode !== 200 || certificate === undefined) {
    throw new CoordinatorError("KEY_UNAVAILABLE", `the peer refused: ${codeIn(body)}`);
  }
  const { evidence, key } = parseKeyAnswer(body);
  await requirePeer(own, { evidence, certificate: certificate.raw }, policy, quotes);
  return key;
}

async function send(
  { certificate, pkcs8, evidence }: PeerIdentity,
  { host, port }: PeerAddress,
  policy: SealPolicy,
): Promise<IncomingMessage> {
  return await new Promise((resolve, reject) => {
    const outgoing = request({
      host,
      port,
      method: "POST",
      path: KEY_PATHS[policy],
      agent: false,
      cert: encodePem("CERTIFICATE", certificate),
      key: encodePem("PRIVATE KEY", pkcs8),
      minVersion: "TLSv1.3",
      // The evidence says whose certificate it is; no chain does.
      rejectUnauthorized: false,
      signal: AbortSignal.timeout(EXCHANGE_TIMEOUT_MS),
      headers: { "content-length": evidence.length },
    });
    outgoing.once("response", resolve);
    outgoing.once("error", reject);
    outgoing.end(evidence);
  });
}

/** The code of a refusal, if it looks like one. */
function codeIn(body: Uint8Array): string {
  return /"code":"([A-Z_]{1,64})"/.exec(new TextDecoder().decode(body))?.[1] ?? "no code";
}
