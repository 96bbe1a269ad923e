/** How presence behaves in the menu. */
import type { Presence, PresenceChoice, PresenceState } from "$ipc/bindings";

/** True while a choice only sets what follows. */
export function waitsForContact(presence: Presence): boolean {
  return ["busy", "wrap_up", "offered"].includes(presence.kind);
}

/** True for the choice in force, or the one that follows. */
export function isChosen(state: PresenceState, choice: PresenceChoice): boolean {
  const now = waitsForContact(state.presence) ? state.next : state.presence;
  if (now.kind !== choice.kind) return false;
  return now.kind !== "not_ready" || choice.kind !== "not_ready" || now.reason === choice.reason;
}

/** The choice behind `Ctrl+1` … `Ctrl+9`. */
export function choiceOf(digit: number, reasons: { id: string }[]): PresenceChoice | undefined {
  if (digit === 1) return { kind: "ready" };
  if (digit === 2) return { kind: "on_break" };
  const reason = reasons[digit - 3];
  return reason && { kind: "not_ready", reason: reason.id };
}
