/** Which combinations may act over the whole computer. */

/** A bare letter would be taken from every other program. */
export function isGlobal(keys: string): boolean {
  const parts = keys.split("+");
  const key = parts.at(-1) ?? "";
  if (/^F([1-9]|1[0-9]|2[0-4])$/.test(key)) return true;
  return parts.length > 1 && parts.some((p) => p === "Ctrl" || p === "Alt" || p === "Super");
}
