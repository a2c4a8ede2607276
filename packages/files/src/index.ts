export { lockDirectory, lockSharedDirectory, type Unlock } from "./directory-lock.ts";
export { type DurableDirectory, openDurableDirectory } from "./durable-directory.ts";
export { createFile, flushDirectory, replaceFile, writeFlushed } from "./durable-file.ts";
export { isSystemError, systemCodeOf } from "./system-error.ts";
