export {
  type Certificate,
  type CertificateTemplate,
  findExtension,
  isSignedBy,
  issueCertificate,
  keyIdentifier,
  parseCertificate,
  randomSerial,
} from "./certificate.ts";
export {
  type CertificateRequest,
  type CertificateRequestTemplate,
  createCertificateRequest,
  parseCertificateRequest,
} from "./certificate-request.ts";
export { type Crl, type CrlTemplate, isPartialCrl, issueCrl, parseCrl } from "./crl.ts";
export { PkiError, type PkiErrorCode } from "./error.ts";
export {
  type AlternativeNames,
  type Extension,
  extension,
  KEY_USAGES,
  type KeyUsage,
  parseAlternativeNames,
  parseBasicConstraints,
  parseExtendedKeyUsage,
  parseKeyUsage,
} from "./extension.ts";
export { parseIpAddress } from "./ip-address.ts";
export { commonName, commonNameOf, encodeName, type NameAttribute, parseName } from "./name.ts";
export { OID } from "./oid.ts";
export {
  generateRsaKey,
  importRsaKey,
  isRsaPssSha384,
  type RsaKey,
  rsaPssSha384,
  verifyRsaPssSha384,
} from "./rsa-pss.ts";
export {
  algorithmIdentifier,
  type Curve,
  type EcdsaCheck,
  type EcdsaVerifier,
  type EcKey,
  ecdsaFromDer,
  ecdsaToDer,
  generateEcKey,
  importEcKey,
  type Signer,
  verifySignature,
  WEB_ECDSA,
} from "./signature.ts";
export { longestValidity } from "./validity.ts";
