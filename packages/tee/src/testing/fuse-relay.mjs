// A FUSE mount whose every operation is answered by the parent process, over IPC. A process of its
// own, since whoever waits for a file cannot answer for it in the same moment. It ends, and the
// mount with it, when the parent goes.
import { execFile } from "node:child_process";
import process from "node:process";
import Fuse from "fuse-native";

const [, , mountPoint, name] = process.argv;
/** Answers wanted, by request number. */
const waiting = new Map();
let nextId = 0;

process.on("message", (reply) => {
  waiting.get(reply.id)?.(reply);
  waiting.delete(reply.id);
});
process.on("disconnect", () => execFile("umount", ["-l", mountPoint], () => process.exit(0)));

/** Asks the parent; `answer` gets a reply whose `errno` is 0 or negative. */
function ask(question, answer) {
  const id = nextId;
  nextId += 1;
  waiting.set(id, answer);
  process.send({ id, ...question });
}

const FILE = 0o100000;
const DIRECTORY = 0o040000;
const ACCESS_MODES = 3;

const operations = {
  // Sizes are zero, as those of pseudo-files.
  getattr: (path, done) =>
    ask({ call: "stat", path }, ({ errno, directory, mode }) =>
      done(errno, { mode: (directory ? DIRECTORY : FILE) | mode, size: 0, nlink: 1 }),
    ),
  readdir: (path, done) => ask({ call: "list", path }, ({ errno, names }) => done(errno, names)),
  open: (path, flags, done) =>
    ask({ call: "open", path, write: (flags & ACCESS_MODES) !== 0 }, ({ errno, handle }) =>
      done(errno, handle),
    ),
  read: (_path, handle, buffer, length, position, done) =>
    ask({ call: "read", handle, length, position }, ({ errno, bytes }) => {
      if (errno !== 0) return done(errno);
      buffer.set(bytes);
      return done(bytes.length);
    }),
  write: (_path, handle, buffer, length, position, done) =>
    ask(
      { call: "write", handle, bytes: Uint8Array.from(buffer.subarray(0, length)), position },
      ({ errno, taken }) => done(errno === 0 ? taken : errno),
    ),
  // What configfs does on release must be over when close(2) returns, and that is flush.
  flush: (_path, handle, done) => ask({ call: "close", handle }, ({ errno }) => done(errno)),
  release: (_path, handle, done) => ask({ call: "forget", handle }, () => done(0)),
  mkdir: (path, _mode, done) => ask({ call: "mkdir", path }, ({ errno }) => done(errno)),
  rmdir: (path, done) => ask({ call: "rmdir", path }, ({ errno }) => done(errno)),
};

// Direct I/O, as zero sizes would end every read at once; this library has no option of its own
// for it, so it follows the name. Nothing is cached, since another process may change anything.
const fuse = new Fuse(mountPoint, operations, {
  fsname: `${name},direct_io`,
  entryTimeout: "0.0",
  attrTimeout: "0.0",
});
fuse.mount((error) => {
  if (error) {
    process.send({ failed: String(error.message) });
    process.exit(1);
  }
  process.send({ mounted: true });
});
