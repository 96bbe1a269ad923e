/** Times, spans and names as people read them. */
import { language } from "./language.svelte";

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
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

/** `14:02` of today, else with its day before it, of the past and of what is to come. */
export function moment(at: number, now: number): string {
  const time = timeOfDay(at);
  return dayOf(at, now) === "today" ? time : `${dateText(at, now)} ${time}`;
}

/** `14:02`. */
export function timeOfDay(at: number): string {
  const d = new Date(at);
  return `${two(d.getHours())}:${two(d.getMinutes())}`;
}

/** `11-02`, in English `2 Nov`; with the year when it is another one. */
export function dateText(at: number, now: number): string {
  const d = new Date(at);
  const year = d.getFullYear() === new Date(now).getFullYear() ? "" : String(d.getFullYear());
  if (language.locale === "en")
    return [d.getDate(), MONTHS[d.getMonth()], year].filter(Boolean).join(" ");
  return [year, two(d.getMonth() + 1), two(d.getDate())].filter(Boolean).join("-");
}

/** Where a moment lies seen from now. */
export function dayOf(at: number, now: number): "later" | "today" | "yesterday" | "earlier" {
  const midnight = new Date(now);
  midnight.setHours(24, 0, 0, 0);
  if (at >= midnight.getTime()) return "later";
  midnight.setDate(midnight.getDate() - 1);
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
