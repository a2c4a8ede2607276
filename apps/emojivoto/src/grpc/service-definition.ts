import {
  type DescMessage,
  type DescMethod,
  type DescService,
  fromBinary,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type { MethodDefinition, ServiceDefinition } from "@grpc/grpc-js";

/** Turns a generated service descriptor into what @grpc/grpc-js registers; paths are `/package.Service/Method`. */
export function serviceDefinitionOf(service: DescService): ServiceDefinition {
  const entries = service.methods.map((method) => [method.name, methodOf(service, method)]);
  return Object.fromEntries(entries) as ServiceDefinition;
}

function methodOf(service: DescService, method: DescMethod): MethodDefinition<unknown, unknown> {
  return {
    path: `/${service.typeName}/${method.name}`,
    requestStream:
      method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming",
    responseStream:
      method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming",
    requestSerialize: serializer(method.input),
    requestDeserialize: (bytes) => fromBinary(method.input, bytes),
    responseSerialize: serializer(method.output),
    responseDeserialize: (bytes) => fromBinary(method.output, bytes),
  };
}

function serializer<Schema extends DescMessage>(schema: Schema): (message: unknown) => Buffer {
  // The handlers are typed by the same generated schema that names the method.
  return (message) => Buffer.from(toBinary(schema, message as MessageShape<Schema>));
}
