/** Lets the voter save `text` as a file. */
export function saveFile(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has its own hold on the data once the download began.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
