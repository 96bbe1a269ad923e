/** Strings of keys an agent sends again and again. They stay on this computer. */

/** One of them. */
export interface Tones {
  name: string;
  digits: string;
}

const KEY = "seatline.tones";
const MOST = 12;

/** What of a typed text are keys; nothing when something else is in it. */
export function keysOf(text: string): string {
  const digits = text.replace(/[\s-]/g, "");
  return /^[0-9*#]{1,32}$/.test(digits) ? digits : "";
}

/** The kept list; whatever else may stand in its place is no list. */
export function parseTones(text: string | null): Tones[] {
  try {
    const kept: unknown = JSON.parse(text ?? "[]");
    if (!Array.isArray(kept)) return [];
    return kept.filter(
      (entry): entry is Tones =>
        typeof entry?.name === "string" && typeof entry?.digits === "string",
    );
  } catch {
    return [];
  }
}

let list = $state.raw(parseTones(globalThis.localStorage?.getItem(KEY) ?? null));

function keep(next: Tones[]) {
  list = next;
  localStorage.setItem(KEY, JSON.stringify(next));
}

export const tones = {
  get list(): readonly Tones[] {
    return list;
  },
  get full(): boolean {
    return list.length >= MOST;
  },
  add(entry: Tones) {
    keep([...list.filter((each) => each.name !== entry.name), entry].slice(-MOST));
  },
  remove(name: string) {
    keep(list.filter((each) => each.name !== name));
  },
};
