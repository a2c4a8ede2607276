export {
  ManifestError,
  type ManifestErrorCode,
} from "./error.ts";
export {
  type GoDecoder,
  type GoFields,
  type GoStruct,
  type GoValue,
  goArray,
  goBool,
  goMap,
  goNullable,
  goObject,
  goRaw,
  goString,
  type JsonReading,
  readGoJson,
} from "./go-json.ts";
export { encodeGoJson, type GoJsonOptions, type GoJsonValue } from "./go-json-encode.ts";
export { goBytes, goInt, goTime, goUint, goUint16, goUint64 } from "./go-json-scalars.ts";
export type { JsonMember, JsonNode } from "./json-node.ts";
