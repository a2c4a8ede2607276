import { connect, type SecureContext } from "node:tls";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  type ActivationChange,
  marbleIdentity,
  prepareActivation,
  type TestCoordinator,
} from "../tests/e2e/support/coordinator.ts";
import { startYardstick } from "./child.ts";
import { clientContext } from "./client-context.ts";
import { prepareSingle } from "./single-activation.ts";

/** Marbles that start at the same time. */
export const CLIENTS = 8;
/** Activations between two looks at the clock: about as many as the clients make before they must collect garbage. */
export const PER_ROUND = 600;
/** Handshakes between two looks at the clock. */
const HANDSHAKES = 240;

/**
 * Rounds before those that count: a Coordinator that runs is warm. V8 compiles what is used much, and
 * after 4,800 activations one takes half of the processor time that each of the first took.
 */
const WARM_UP_ROUNDS = 8;
/** For the details of a report. */
export const WARM_UP: string = `${WARM_UP_ROUNDS * PER_ROUND} activations before those that count`;

/** What one round gave. */
export interface ActivationRound {
  readonly perSecond: number;
  readonly latenciesMs: readonly number[];
  /** Processor time of the clients for one activation. */
  readonly clientMsEach: number;
}

/**
 * Activations from `clients` at once, each with a fresh key and quote over a new mutual TLS connection.
 * What marbles do on machines of their own (keys, requests, quotes, reading their own key) is done
 * before the clock starts.
 */
export async function activationRound(
  coordinator: Pick<TestCoordinator, "platform" | "meshPort">,
  changeOf: (i: number) => ActivationChange,
  { clients, count }: { clients: number; count: number } = { clients: CLIENTS, count: PER_ROUND },
): Promise<ActivationRound> {
  const calls: (() => Promise<void>)[] = [];
  for (let i = 0; i < count; i += 1) {
    calls.push(prepareSingle(await prepareActivation(coordinator, changeOf(i))));
  }
  const latenciesMs: number[] = [];
  const timed = calls.map((call) => async () => {
    const start = performance.now();
    await call();
    latenciesMs.push(performance.now() - start);
  });
  collectGarbage();
  const before = process.cpuUsage();
  const rate = await perSecond(timed, clients);
  const { user, system } = process.cpuUsage(before);
  return { perSecond: rate, latenciesMs, clientMsEach: (user + system) / 1000 / count };
}

setFlagsFromString("--expose-gc");
/** A collection of the clients' own garbage, of which making requests leaves much, would be their waiting time. */
const collectGarbage = runInNewContext("gc") as () => void;

/** Activates until both the Coordinator and the clients are as fast as they get. */
export async function warmUp(
  coordinator: Pick<TestCoordinator, "platform" | "meshPort">,
  changeOf: (i: number) => ActivationChange,
): Promise<void> {
  for (let i = 0; i < WARM_UP_ROUNDS; i += 1) await activationRound(coordinator, changeOf);
}

/** The same mutual TLS handshakes with nothing behind them. */
export interface HandshakeYardstick {
  /** Handshakes a second from {@link CLIENTS} at once. */
  round(curve?: ActivationChange["curve"]): Promise<number>;
  stop(): void;
}

/** Starts a server that does handshakes only, with identities of marbles to connect to it. */
export async function startHandshakes(): Promise<HandshakeYardstick> {
  const server = await startYardstick("mtls-server.ts");
  const contexts = {
    "P-256": await clientContexts("P-256"),
    "P-384": await clientContexts("P-384"),
  };
  return {
    async round(curve = "P-256") {
      const calls = contexts[curve].map(
        (secureContext) => async () => await handshake(server.port, secureContext),
      );
      return await perSecond(calls, CLIENTS);
    },
    stop: () => server.stop(),
  };
}

async function clientContexts(curve: ActivationChange["curve"]): Promise<SecureContext[]> {
  const contexts: SecureContext[] = [];
  for (let i = 0; i < HANDSHAKES; i += 1) contexts.push(clientContext(await marbleIdentity(curve)));
  return contexts;
}

async function handshake(port: number, secureContext: SecureContext): Promise<void> {
  const options = { host: "127.0.0.1", port, secureContext, rejectUnauthorized: false };
  const socket = connect(options);
  await new Promise((resolve, reject) => {
    socket.once("data", resolve);
    socket.once("error", reject);
  });
  socket.destroy();
}

/** Calls a second when `clients` make them, each one after the other. */
async function perSecond(
  calls: readonly (() => Promise<void>)[],
  clients: number,
): Promise<number> {
  const start = performance.now();
  const left = [...calls];
  const client = async (): Promise<void> => {
    for (let call = left.pop(); call !== undefined; call = left.pop()) await call();
  };
  await Promise.all(Array.from({ length: clients }, client));
  return calls.length / ((performance.now() - start) / 1000);
}
