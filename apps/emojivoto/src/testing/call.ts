import {
  Client,
  credentials,
  Metadata,
  type ServiceDefinition,
  type ServiceError,
} from "@grpc/grpc-js";

/** Calls a unary method with the reference gRPC client and returns its answer. Rejects with its status. */
export async function call<Response>(
  port: number,
  definition: ServiceDefinition,
  method: string,
  request: unknown,
): Promise<Response> {
  const one = definition[method];
  if (one === undefined) throw new TypeError(`no method ${method}`);
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  try {
    return await new Promise((resolve, reject) => {
      const settle = (error: ServiceError | null, response?: unknown): void => {
        if (error === null) resolve(response as Response);
        else reject(error);
      };
      const { path, requestSerialize, responseDeserialize } = one;
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        new Metadata(),
        settle,
      );
    });
  } finally {
    client.close();
  }
}
