import { encodePem } from "@carrara/encoding";
import { createMarbleIdentity } from "@carrara/marble";
import type { ClientIdentity } from "./http-client.ts";

/** A user's certificate and key, and the PEM that a manifest names it by. */
export interface TestUser extends ClientIdentity {
  readonly pem: string;
}

/** Makes a user with a fresh self-signed certificate. */
export async function createTestUser(): Promise<TestUser> {
  const { certificate, pkcs8 } = await createMarbleIdentity({
    dnsNames: ["user"],
    ipAddresses: [],
    now: new Date(),
  });
  return { certificate, pkcs8, pem: encodePem("CERTIFICATE", certificate) };
}
