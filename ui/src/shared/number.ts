/** What of a typed text can be dialled. */

/** Shorter ones are part of a name's search, not a number. */
const SHORTEST = 3;

/** The digits to dial, or nothing when the text is not a number. */
export function dialable(text: string): string {
  const digits = text.replace(/[\s()（）.\-–]/g, "");
  return digits.length >= SHORTEST && /^\+?[0-9*#]+$/.test(digits) ? digits : "";
}
