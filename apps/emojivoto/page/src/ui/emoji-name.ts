/** A name to read out, from a shortcode: `:man_in_tuxedo:` is "man in tuxedo". */
export function emojiName(shortcode: string): string {
  return shortcode
    .replaceAll(":", "")
    .replaceAll("_", " ")
    .replace(/(\p{L})(\d)$/u, "$1 $2")
    .trim();
}
