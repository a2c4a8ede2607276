import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";

/**
 * Makes `app`, a socket that has not been connected, the application's end of `secure`: chunks pass
 * by reference. For programs that make their own `net.Socket` and connect it later. Emits `connect`
 * once the peer is verified.
 */
export function bridgeSocket(app: Socket, secure: TLSSocket): void {
  Object.assign(app, { connecting: true });
  passWrites(app, secure);
  passReads(app, secure);
  passControls(app, secure);
  secure.once("secureConnect", () => {
    Object.assign(app, { connecting: false });
    app.emit("connect");
    app.emit("ready");
  });
  secure.on("error", (error) => app.destroy(error));
  secure.on("close", () => app.destroy());
}

function passWrites(app: Socket, secure: TLSSocket): void {
  app._write = (chunk: Uint8Array, _, done) => secure.write(chunk, done);
  app._writev = (chunks, done) => {
    secure.cork();
    for (const { chunk } of chunks.slice(0, -1)) secure.write(chunk as Uint8Array);
    secure.write((chunks.at(-1)?.chunk ?? new Uint8Array()) as Uint8Array, done);
    secure.uncork();
  };
  app._final = (done) => {
    secure.end(() => done());
  };
  app._destroy = (error, done) => {
    secure.destroy();
    done(error);
  };
}

function passReads(app: Socket, secure: TLSSocket): void {
  app._read = () => {
    secure.resume();
  };
  secure.on("data", (chunk) => {
    if (!app.push(chunk)) secure.pause();
  });
  secure.on("end", () => app.push(null));
  // Nothing may be lost between the handshake and the application's first read.
  secure.pause();
}

function passControls(app: Socket, secure: TLSSocket): void {
  secure.on("timeout", () => app.emit("timeout"));
  Object.assign(app, {
    setNoDelay: (on?: boolean) => also(app, secure.setNoDelay(on)),
    setKeepAlive: (on?: boolean, delayMs?: number) => also(app, secure.setKeepAlive(on, delayMs)),
    ref: () => also(app, secure.ref()),
    unref: () => also(app, secure.unref()),
    address: () => secure.address(),
    setTimeout(timeoutMs: number, listener?: () => void) {
      secure.setTimeout(timeoutMs);
      if (listener !== undefined && timeoutMs > 0) app.once("timeout", listener);
      else if (listener !== undefined) app.removeListener("timeout", listener);
      return app;
    },
  });
  for (const name of ["remoteAddress", "remotePort", "remoteFamily", "localAddress", "localPort"]) {
    Object.defineProperty(app, name, { configurable: true, get: () => Reflect.get(secure, name) });
  }
}

function also(app: Socket, _done: unknown): Socket {
  return app;
}
