export {
  concatBytes,
  equalBytes,
  fromBase64,
  fromHex,
  toBase64,
  toHex,
  utf8,
} from "./bytes.ts";
export {
  type DerNode,
  DerReader,
  derBitString,
  derBoolean,
  derInteger,
  derOid,
  derTime,
  readDer,
} from "./der-reader.ts";
export { DER_TAG } from "./der-tag.ts";
export { der, encodeDer } from "./der-writer.ts";
export { EncodingError, type EncodingErrorCode } from "./error.ts";
export { encodePem, type PemBlock, parsePem } from "./pem.ts";
