import http from "node:http";
import net, { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { bridgeSocket } from "./bridged-socket.ts";
import { dialledAddress, readConnectArguments } from "./connect-arguments.ts";
import type { DialRoute, DialRouter } from "./dial-route.ts";
import { type Method, type Restore, replaceMethod } from "./patch.ts";
import type { TlsDialer } from "./tls-dial.ts";
import type { TlsEntry } from "./tls-entries.ts";

/** Marks options of our own connections, which go straight to the original `connect`. */
const DIRECT = Symbol("direct");

/** What dialled connections are decided and made with. */
export interface DialOptions {
  readonly router: DialRouter;
  readonly dialTls: TlsDialer;
  /** The lookup that knows real addresses. */
  readonly lookup: Method;
}

type Routed = ReturnType<typeof readConnectArguments> & { readonly route: DialRoute | undefined };
type TlsRoute = DialRoute & { readonly entry: TlsEntry };

/** Makes connections to routed addresses TLS connections or redirected ones. */
export function patchDial(dialing: DialOptions): readonly Restore[] {
  const connectFactory = (original: Method): Method => {
    return function connectTransparently(...args) {
      const { options, listener, route } = routeOf(args, dialing.router);
      if (!hasTls(route)) return original.apply(this, args);
      const socket = dialTls(dialing, route, options);
      if (listener !== undefined) socket.once("connect", listener);
      return socket;
    };
  };
  return [
    replaceMethod(net, "connect", connectFactory),
    replaceMethod(net, "createConnection", connectFactory),
    replaceMethod(http.Agent.prototype, "createConnection", connectFactory),
    replaceMethod(Socket.prototype, "connect", (original) => connectSocket(dialing, original)),
  ];
}

/** `Socket.prototype.connect`: what every other way of connecting ends in. */
function connectSocket(dialing: DialOptions, original: Method): Method {
  return function connectTransparently(...args) {
    const { options, listener, route } = routeOf(args, dialing.router);
    if (route === undefined || !(this instanceof Socket)) return original.apply(this, args);
    // A program that does its own TLS keeps it; only the address is ours.
    if (!hasTls(route) || this instanceof TLSSocket) {
      const direct = { ...options, ...route.address, lookup: dialing.lookup, [DIRECT]: true };
      return original.call(this, direct, ...(listener === undefined ? [] : [listener]));
    }
    if (listener !== undefined) this.once("connect", listener);
    bridgeSocket(this, dialTls(dialing, route, options));
    return this;
  };
}

function routeOf(args: readonly unknown[], router: DialRouter): Routed {
  const read = readConnectArguments(args);
  const address = DIRECT in read.options ? undefined : dialledAddress(read.options);
  return { ...read, route: address && router(address.host, address.port) };
}

function hasTls(route: DialRoute | undefined): route is TlsRoute {
  return route?.entry !== undefined;
}

function dialTls(dialing: DialOptions, route: TlsRoute, options: Routed["options"]): TLSSocket {
  return dialing.dialTls(route, options, {
    lookup: dialing.lookup as never,
    [DIRECT]: true,
  } as object);
}
