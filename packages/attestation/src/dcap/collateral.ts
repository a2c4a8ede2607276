/** Endorsements for one platform, as the vendor's service hands them out; all of it is untrusted input. */
export interface DcapCollateral {
  /** Response body, byte for byte: the signature covers its exact text. */
  readonly tcbInfo: string;
  /** PEM, TCB signing certificate first. */
  readonly tcbInfoIssuerChain: string;
  readonly qeIdentity: string;
  readonly qeIdentityIssuerChain: string;
  /** Hex of the DER. */
  readonly pckCrl: string;
  readonly pckCrlIssuerChain: string;
  /** Hex of the DER. */
  readonly rootCaCrl: string;
  /** PEM, PCK leaf first; for quotes that carry no chain. */
  readonly pckCertChain?: string;
}

/** Signed content of a TCB info v3 for SGX in Intel's key order (section 8.5). */
export interface TcbInfoText {
  readonly issueDate: Date;
  readonly nextUpdate: Date;
  /** Hex, 6 and 2 bytes. */
  readonly fmspc: string;
  readonly pceId: string;
  readonly evaluationDataNumber: number;
  readonly levels: readonly {
    readonly components: readonly number[];
    readonly pceSvn: number;
    readonly date: Date;
    readonly status: string;
    readonly advisoryIds?: readonly string[];
  }[];
}

/** Signed content of a QE identity v2 in Intel's key order (section 8.5); byte values in hex. */
export interface QeIdentityText {
  readonly issueDate: Date;
  readonly nextUpdate: Date;
  readonly evaluationDataNumber: number;
  readonly attributes: string;
  readonly attributesMask: string;
  readonly mrSigner: string;
  readonly isvProdId: number;
  readonly levels: readonly {
    readonly isvSvn: number;
    readonly date: Date;
    readonly status: string;
    readonly advisoryIds?: readonly string[];
  }[];
}

function seconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/** The `tcbInfo` member of a TCB info response, compact. */
export function encodeTcbInfo(info: TcbInfoText): string {
  return JSON.stringify({
    id: "SGX",
    version: 3,
    issueDate: seconds(info.issueDate),
    nextUpdate: seconds(info.nextUpdate),
    fmspc: info.fmspc,
    pceId: info.pceId,
    tcbType: 0,
    tcbEvaluationDataNumber: info.evaluationDataNumber,
    tcbLevels: info.levels.map(({ components, pceSvn, date, status, advisoryIds }) => ({
      tcb: { sgxtcbcomponents: components.map((svn) => ({ svn })), pcesvn: pceSvn },
      tcbDate: seconds(date),
      tcbStatus: status,
      ...(advisoryIds === undefined ? {} : { advisoryIDs: advisoryIds }),
    })),
  });
}

/** The `enclaveIdentity` member of a QE identity response, compact. */
export function encodeQeIdentity(identity: QeIdentityText): string {
  return JSON.stringify({
    id: "QE",
    version: 2,
    issueDate: seconds(identity.issueDate),
    nextUpdate: seconds(identity.nextUpdate),
    tcbEvaluationDataNumber: identity.evaluationDataNumber,
    miscselect: "00000000",
    miscselectMask: "FFFFFFFF",
    attributes: identity.attributes,
    attributesMask: identity.attributesMask,
    mrsigner: identity.mrSigner,
    isvprodid: identity.isvProdId,
    tcbLevels: identity.levels.map(({ isvSvn, date, status, advisoryIds }) => ({
      tcb: { isvsvn: isvSvn },
      tcbDate: seconds(date),
      tcbStatus: status,
      ...(advisoryIds === undefined ? {} : { advisoryIDs: advisoryIds }),
    })),
  });
}
