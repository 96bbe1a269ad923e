/** Times, spans and names as people read them. */

const two = (n: number) => String(n).padStart(2, "0");

/** `02:14`, `1:02:14`; never negative. */
export function span(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  const h = Math.floor(s / 3600);
  const rest = `${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
  return h > 0 ? `${h}:${rest}` : rest;
}

/** Whole seconds left, rounded up so that a countdown ends at 0. */
export function secondsLeft(deadline: number, now: number): number {
  return Math.max(0, Math.ceil((deadline - now) / 1000));
}

/** `14:02` of today, else `11-02 14:02`, with the year when it is another one. */
export function moment(at: number, now: number): string {
  const d = new Date(at);
  const time = `${two(d.getHours())}:${two(d.getMinutes())}`;
  const day = dayOf(at, now);
  return day === "today" ? time : `${dateText(at, now)} ${time}`;
}

/** `14:02`. */
export function timeOfDay(at: number): string {
  const d = new Date(at);
  return `${two(d.getHours())}:${two(d.getMinutes())}`;
}

/** `11-02`, or `2025-11-02` in another year. */
export function dateText(at: number, now: number): string {
  const d = new Date(at);
  const date = `${two(d.getMonth() + 1)}-${two(d.getDate())}`;
  return d.getFullYear() === new Date(now).getFullYear() ? date : `${d.getFullYear()}-${date}`;
}

/** Where a moment lies seen from now. */
export function dayOf(at: number, now: number): "today" | "yesterday" | "earlier" {
  const midnight = new Date(now);
  midnight.setHours(0, 0, 0, 0);
  if (at >= midnight.getTime()) return "today";
  midnight.setDate(midnight.getDate() - 1);
  return at >= midnight.getTime() ? "yesterday" : "earlier";
}

/** The letter of an avatar: 李 for 李婷, L for Li Ting. */
export function initial(name: string): string {
  return [...name.trim()][0]?.toUpperCase() ?? "?";
}

/** A certificate's fingerprint in pairs, easy to compare by eye. */
export function fingerprint(hex: string): string {
  return (hex.replace(/[^0-9a-f]/gi, "").match(/../g) ?? []).join(":").toUpperCase();
}

/** `Ctrl+Shift+A` → `Ctrl ⇧ A`, as a key cap shows it. */
export function keyCap(shortcut: string): string {
  return shortcut
    .replace(/CmdOrCtrl|CommandOrControl/g, "Ctrl")
    .replace(/Shift/g, "⇧")
    .replace(/Enter/g, "↵")
    .replaceAll("+", " ");
}
