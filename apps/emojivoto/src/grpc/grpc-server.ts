import {
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedHandleCall,
} from "@grpc/grpc-js";
import { EmojivotoError } from "../service/emojivoto-error.ts";
import { healthService } from "./health-service.ts";

/** A service to serve: its methods and what answers them. */
export interface ServedService {
  readonly definition: ServiceDefinition;
  readonly handlers: Readonly<Record<string, UntypedHandleCall>>;
}

/** A gRPC server that is not listening yet. */
export interface GrpcServer {
  /** Listens without TLS (the mesh runtime adds it) and returns the port taken. */
  listen(port: number, host: string): Promise<number>;
  /** Reports not serving, stops accepting, drains for up to `graceMs`, then cuts. May be called twice. */
  stop(graceMs: number): Promise<void>;
}

/** The longest request any method of the demo takes; a full batch of votes and ballots has 40 kB. */
const MAX_REQUEST_BYTES = 65_536;

/** Creates a server of `services` and `grpc.health.v1.Health`, which is what `isServing` says until it stops. */
export function createGrpcServer(
  services: readonly ServedService[],
  isServing: () => boolean = () => true,
): GrpcServer {
  const server = new Server({ "grpc.max_receive_message_length": MAX_REQUEST_BYTES });
  let serving = true;
  const health = healthService(() => serving && isServing());
  for (const { definition, handlers } of [...services, health]) {
    server.addService(definition, { ...handlers });
  }
  return {
    listen: async (port, host) =>
      await new Promise((resolve, reject) => {
        server.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
          if (error === null) resolve(bound);
          else
            reject(
              new EmojivotoError("SETTING_INVALID", `port ${port} is not free`, { cause: error }),
            );
        });
      }),
    stop: async (graceMs) => {
      serving = false;
      await new Promise<void>((resolve) => {
        const cut = setTimeout(() => {
          server.forceShutdown();
          resolve();
        }, graceMs);
        server.tryShutdown(() => {
          clearTimeout(cut);
          resolve();
        });
      });
    },
  };
}
