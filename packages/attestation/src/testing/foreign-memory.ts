/** Memory that a verifier must not read, by what is wrong with it: makers of copies that lie there. */
export const FOREIGN_MEMORY: readonly (readonly [
  name: string,
  copyTo: (bytes: Uint8Array) => Uint8Array,
])[] = [
  ["shared", shared],
  ["given away", givenAway],
];

function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

function givenAway(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(bytes);
  structuredClone(copy.buffer, { transfer: [copy.buffer] });
  return copy;
}
