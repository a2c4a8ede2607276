import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { createMarbleIdentity } from "@carrara/marble";
import { expect, test } from "vitest";
import { MeshPeer, showPeer } from "./mesh-peer.ts";

test("a peer's key is that of its certificate until the connection ends", async () => {
  const names = { dnsNames: ["web"], ipAddresses: [] };
  const { certificate } = await createMarbleIdentity({ ...names, now: new Date() });
  const parsed = new X509Certificate(certificate);
  const socket = new TLSSocket(new Socket());
  showPeer(socket, parsed);
  const peer: unknown = socket.getPeerCertificate();
  if (!(peer instanceof MeshPeer)) throw new TypeError("not the peer that was shown");
  expect(new Uint8Array(peer.raw)).toEqual(certificate);
  expect(peer.key()?.equals(parsed.publicKey)).toBe(true);
  socket.destroy();
  await once(socket, "close");
  expect(peer.key()).toBeUndefined();
  expect(new Uint8Array(peer.raw)).toEqual(certificate);
});
