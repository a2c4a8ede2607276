import { utf8 } from "@carrara/encoding";

/** An HTTP response. */
export interface VendorAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Signed JSON, with the chain of its signer in the header that is named. */
export function jsonAnswer(text: string, chain: Readonly<Record<string, string>>): VendorAnswer {
  return { status: 200, type: "application/json", body: utf8(text), headers: chainHeader(chain) };
}

/** Chains travel percent-encoded in a header. */
export function chainHeader(chain: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(chain).map(([name, pem]) => [name, encodeURIComponent(pem)]),
  );
}

/** An error without a body. */
export function failure(status: number, headers: Record<string, string> = {}): VendorAnswer {
  return { status, type: "text/plain", body: new Uint8Array(), headers };
}
