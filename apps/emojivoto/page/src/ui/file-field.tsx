import type { JSX } from "preact";

/** Bytes of a file that are read: an evidence bundle is the largest. */
const MAX_FILE_BYTES = 8 * 1024 * 1024;

/** Lets the voter choose files; each comes with its name and content, empty where it is too large. */
export function FileField({
  label,
  onFile,
}: {
  readonly label: string;
  readonly onFile: (name: string, content: string) => void;
}): JSX.Element {
  return (
    <label class="file-field pill small outlined">
      <span>{label}</span>
      <input
        type="file"
        accept=".json,application/json,text/plain"
        multiple
        onChange={(event) => {
          const input = event.currentTarget;
          const files = [...(input.files ?? [])];
          // The same file may be chosen again after it changed.
          input.value = "";
          for (const file of files) void readFile(file).then((text) => onFile(file.name, text));
        }}
      />
    </label>
  );
}

/** The text of a file that somebody chose or dropped. */
export async function readFile(file: File): Promise<string> {
  return file.size > MAX_FILE_BYTES ? "" : await file.text();
}
