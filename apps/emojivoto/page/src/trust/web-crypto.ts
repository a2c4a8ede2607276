// What @hpke/common would ask Node's `crypto` for where there is no global one; a browser has it.
export const webcrypto: Crypto = globalThis.crypto;
