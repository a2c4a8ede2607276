import type { AddressInfo } from "node:net";
import { createServer } from "node:tls";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type Metadata,
  Server,
  ServerCredentials,
  type ServiceError,
  type sendUnaryData,
} from "@grpc/grpc-js";
import {
  type ActivationReq,
  type ActivationResp,
  ActivationRespSchema,
  type ParametersSchema,
} from "../gen/rpc/coordinator_pb.ts";
import { marbleService, renewalService } from "../marble-service.ts";
import { type RenewalProof, renewalProofFrom } from "../renewal-proof.ts";
import { createTestMesh } from "./test-mesh.ts";

/** One request as it arrived, with the DER of the client certificate it came over. */
export interface SeenActivation {
  readonly request: ActivationReq;
  readonly clientCertificate: Uint8Array;
  /** What shows that it is a renewal. */
  readonly renewal: RenewalProof | undefined;
}

/** What the fake says: parameters, or a gRPC status. */
export type FakeAnswer =
  | { readonly parameters: MessageInitShape<typeof ParametersSchema> }
  | { readonly code: number; readonly details: string };

/** A Coordinator of which only the mesh API exists. */
export interface FakeCoordinator {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  readonly seen: readonly SeenActivation[];
  close(): Promise<void>;
}

/** Serves `rpc.Marble` on 127.0.0.1; as the real one, it wants a client certificate and takes any. */
export async function createFakeCoordinator(
  answer: (seen: SeenActivation, attempt: number) => FakeAnswer,
): Promise<FakeCoordinator> {
  const seen: SeenActivation[] = [];
  const certificates = new Map<number | undefined, Uint8Array>();
  const grpc = new Server();
  const handle = (call: FakeCall, reply: Reply): void => {
    const port = Number(call.getPeer().split(":").at(-1));
    const clientCertificate = certificates.get(port) ?? new Uint8Array();
    const renewal = renewalProofFrom(call.metadata);
    const one = { request: call.request, clientCertificate, renewal };
    seen.push(one);
    send(answer(one, seen.length), reply);
  };
  grpc.addService(marbleService, { Activate: handle });
  grpc.addService({ ...renewalService }, { Renew: handle });
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const leaf = await (await createTestMesh()).issue(["localhost"]);
  const tls = createServer({
    ...leaf,
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ["h2"],
  });
  tls.on("secureConnection", (socket) => {
    const certificate = socket.getPeerCertificate();
    // Without a certificate Node answers an empty object.
    if (Object.keys(certificate).length === 0) return void socket.destroy();
    certificates.set(socket.remotePort, new Uint8Array(certificate.raw));
    injector.injectConnection(socket);
  });
  await new Promise<void>((resolve) => tls.listen(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${(tls.address() as AddressInfo).port}`,
    seen,
    async close() {
      injector.destroy();
      grpc.forceShutdown();
      await new Promise<void>((resolve) => tls.close(() => resolve()));
    },
  };
}

interface FakeCall {
  readonly request: ActivationReq;
  readonly metadata: Metadata;
  getPeer(): string;
}

type Reply = sendUnaryData<ActivationResp>;

function send(answer: FakeAnswer, reply: Reply): void {
  if ("code" in answer) reply(answer as unknown as ServiceError);
  else reply(null, create(ActivationRespSchema, { Parameters: answer.parameters }));
}
