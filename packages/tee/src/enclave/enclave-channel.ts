import process from "node:process";
import { TeeError } from "../error.ts";

/** The way from an enclave to its platform: messages that structured JSON can carry. */
export interface EnclaveChannel {
  /** Sends one message. Throws `CHANNEL_CLOSED`. */
  send(message: unknown): void;
  /** Calls `onMessage` for every message and `onClose` once, when the platform is gone. */
  open(onMessage: (message: unknown) => void, onClose: () => void): void;
  /** While held, waiting for a reply keeps the process alive. */
  hold(held: boolean): void;
}

/** How long an enclave may shut down after its platform is gone, in milliseconds. */
const LAST_BREATH_MS = 2000;

/**
 * The channel that a platform gives to the process it starts. An enclave never outlives its
 * platform: when the channel closes the process gets SIGTERM, and ends hard two seconds later.
 * Throws `NOT_IN_ENCLAVE` when no platform started this process.
 */
export function openProcessChannel(): EnclaveChannel {
  // Here and nowhere else: the channel is a property of the process itself.
  if (process.env["CARRARA_TEE"] !== "simulation" || process.send === undefined) {
    throw new TeeError("NOT_IN_ENCLAVE", "process was not started by a simulated platform");
  }
  return {
    send(message) {
      if (!process.connected) throw new TeeError("CHANNEL_CLOSED", "the platform is gone");
      process.send?.(message);
    },
    open(onMessage, onClose) {
      process.on("message", onMessage);
      process.once("disconnect", () => {
        onClose();
        setTimeout(() => process.exit(1), LAST_BREATH_MS).unref();
        process.kill(process.pid, "SIGTERM");
      });
      process.channel?.unref();
    },
    hold(held) {
      if (held) process.channel?.ref();
      else process.channel?.unref();
    },
  };
}
