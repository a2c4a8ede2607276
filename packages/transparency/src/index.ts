export { type Checkpoint, encodeCheckpoint, parseCheckpoint } from "./checkpoint.ts";
export { type CompactTree, createCompactTree } from "./compact-tree.ts";
export { type Cosignature, cosignCheckpoint, verifyCosignature } from "./cosignature.ts";
export { TransparencyError, type TransparencyErrorCode } from "./error.ts";
export {
  encodeNote,
  encodeSignatureLine,
  type NoteSignature,
  parseNote,
  type SignedNote,
} from "./note.ts";
export { type Ed25519Sign, signNote, verifyNote } from "./note-signature.ts";
export { MAX_PROOF_HASHES } from "./proof-path.ts";
export { consistencyRanges, inclusionRanges, type SubtreeRange } from "./subtree-range.ts";
export { readBase64, readDecimal } from "./text-format.ts";
export { parseTilePath, TILE_WIDTH, type Tile, tilePath, tileWidthOf } from "./tile-path.ts";
export { encodeTlogProof, parseTlogProof, type TlogProof } from "./tlog-proof.ts";
export { createTreeHasher, HASH_BYTES, type Hash, sha256, type TreeHasher } from "./tree-hasher.ts";
export {
  createVerifierKey,
  encodeVerifierKey,
  parseVerifierKey,
  type VerifierKey,
  type VerifierKeyType,
} from "./verifier-key.ts";
export { type ConsistencyClaim, verifyConsistency } from "./verify-consistency.ts";
export { type InclusionClaim, verifyInclusion } from "./verify-inclusion.ts";
