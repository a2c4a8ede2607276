export { type Activation, activate } from "./activate.ts";
export { type ActivationAttempt, type ActivationCall, callActivate } from "./activation-call.ts";
export { MarbleError, type MarbleErrorCode } from "./error.ts";
export {
  type ActivationReq,
  ActivationReqSchema,
  type ActivationResp,
  ActivationRespSchema,
  type Parameters,
  ParametersSchema,
} from "./gen/rpc/coordinator_pb.ts";
export type { HostPort } from "./host-port.ts";
export { runMarble } from "./main.ts";
export {
  type Environment,
  type MarbleEnvironment,
  readMarbleEnvironment,
} from "./marble-environment.ts";
export { createMarbleIdentity, type MarbleIdentity } from "./marble-identity.ts";
export {
  type MarbleServiceDefinition,
  marbleService,
  type RenewalServiceDefinition,
  renewalService,
} from "./marble-service.ts";
export { type MeshCredentials, readMeshCredentials } from "./mesh-credentials.ts";
export { NO_PORT_MAP, type PortMap, parsePortMap } from "./port-map.ts";
export { type ActivatedMarble, activateMarble } from "./premain.ts";
export { createPremainLog, type LogFields, type PremainLog } from "./premain-log.ts";
export {
  createRenewalProof,
  type RenewalProof,
  renewalMessage,
  renewalMetadata,
  renewalProofFrom,
} from "./renewal-proof.ts";
export type { Premain } from "./request-parameters.ts";
export {
  installTransparentTls,
  type TransparentTls,
  type TransparentTlsOptions,
} from "./transparent-tls.ts";
export { parseUuid } from "./uuid.ts";
