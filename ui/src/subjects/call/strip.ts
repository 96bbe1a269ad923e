/** What the strip says by colour alone. */
import type { DeskView } from "$ipc/bindings";

/** `away` is not ready, on a break or offline. */
export type StripState = "idle" | "ring" | "talk" | "hold" | "wrap" | "away";

/** The strip's state; the line comes first, then the agent. */
export function stripState(view: DeskView): StripState {
  switch (view.call?.state) {
    case "ringing":
      return "ring";
    case "dialing":
    case "connecting":
    case "active":
    case "reconnecting":
      return "talk";
    case "held":
      return "hold";
  }
  switch (view.presence?.presence.kind) {
    case "wrap_up":
      return "wrap";
    case "ready":
    case "offered":
    case "busy":
      return "idle";
    default:
      return "away";
  }
}

/** True when the line or the centre is in trouble. */
export function inTrouble(view: DeskView): boolean {
  return (
    view.connection.kind === "reconnecting" ||
    (view.connection.kind === "online" && view.line.kind !== "up") ||
    view.headset.problem !== null
  );
}

/** What a control can do now. */
export interface Able {
  answer: boolean;
  decline: boolean;
  hangUp: boolean;
  mute: boolean;
  hold: boolean;
  keypad: boolean;
}

/** True when somebody knocks during a call: seen and heard, but not ringing. */
export function knocks({ call, offer }: DeskView): boolean {
  return (
    call !== null &&
    call.state !== "ringing" &&
    call.contact !== null &&
    offer !== null &&
    offer.contact.id !== call.contact
  );
}

/** Which controls act in the present state. */
export function able(view: DeskView): Able {
  const state = view.call?.state;
  const talking = state === "active" || state === "held" || state === "reconnecting";
  return {
    answer: state === "ringing" || knocks(view),
    decline: state === "ringing",
    hangUp: state !== undefined,
    mute: talking || state === "dialing" || state === "connecting",
    hold: state === "active" || state === "held",
    keypad: state === "active" || state === "dialing",
  };
}
