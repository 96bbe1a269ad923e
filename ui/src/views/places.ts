import type { Person } from "$ipc/bindings";

/** The views the rail leads to. */
export type Place = "work" | "tickets" | "directory" | "board" | "recordings" | "settings";

/** True for who sees the board. */
export function supervises(me: Person | null): boolean {
  return me?.role === "supervisor" || me?.role === "administrator";
}
