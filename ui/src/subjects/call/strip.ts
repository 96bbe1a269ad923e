/** What the strip says, and what its controls can do. */
import type { DeskView, PartyState } from "$ipc/bindings";
import { contactOnLine } from "$shared/contact";
import { isMe, partyName } from "./parties";

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

/** Whom the strip names. */
export interface Who {
  /** The customer, or else all whom the agent hears or reaches. */
  names: string[];
  /** The customer, while they hear music and the agent is with others. */
  held: string | null;
  /** Where those others stand. */
  state: PartyState | null;
}

/** Who is at the other end: during a consultation the one who is asked. */
export function whoOf(view: DeskView): Who {
  const { call, me, queues } = view;
  const contact = contactOnLine(view);
  const parties = contact?.call?.parties ?? [];
  const usual = call?.name ?? contact?.customer_name ?? call?.number.display ?? "";
  const held = parties.find((party) => party.role === "customer" && party.state === "held");
  const rest = parties.filter(
    (p) => p.role !== "customer" && p.state !== "held" && !isMe(p, me?.id ?? null),
  );
  const heard = rest.filter((party) => party.state === "connected");
  const others = heard.length > 0 ? heard : rest;
  if (!held || !others[0]) return { names: [usual], held: null, state: null };
  return {
    names: others.map((party) => partyName(party, queues)),
    held: partyName(held, queues),
    state: others[0].state,
  };
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
