/** Names of states and kinds. */
import type {
  ContactState,
  Direction,
  EndedBy,
  NumberKind,
  PartyEnd,
  PartyRole,
  PartyState,
  Presence,
  PresenceChoice,
  RecordingState,
  Priority,
  TicketState,
  CallState,
  WatchMode,
} from "$ipc/bindings";
import { desk } from "$shared/desk.svelte";
import { language } from "$shared/language.svelte";
import { m } from "$texts";

type Tone = "plain" | "accent" | "ready" | "danger" | "vip" | "wrap" | "ring";

const priorities: Record<Priority, () => string> = {
  low: m.priority_low,
  normal: m.priority_normal,
  high: m.priority_high,
  urgent: m.priority_urgent,
};
export const priorityText = (priority: Priority) => priorities[priority]();
export const priorityTone: Record<Priority, Tone> = {
  low: "plain",
  normal: "plain",
  high: "ring",
  urgent: "danger",
};
export const allPriorities = Object.keys(priorities) as Priority[];

const ticketStates: Record<TicketState, () => string> = {
  open: m.ticket_state_open,
  in_progress: m.ticket_state_in_progress,
  waiting: m.ticket_state_waiting,
  solved: m.ticket_state_solved,
  closed: m.ticket_state_closed,
};
export const ticketStateText = (state: TicketState) => ticketStates[state]();
export const ticketStateTone: Record<TicketState, Tone> = {
  open: "accent",
  in_progress: "ring",
  waiting: "wrap",
  solved: "ready",
  closed: "plain",
};
export const allTicketStates = Object.keys(ticketStates) as TicketState[];

const contactStates: Record<ContactState, () => string> = {
  queued: m.contact_state_queued,
  offered: m.contact_state_offered,
  dialing: m.contact_state_dialing,
  connected: m.contact_state_connected,
  held: m.contact_state_held,
  parked: m.contact_state_parked,
  wrap_up: m.contact_state_wrap_up,
  closed: m.contact_state_closed,
  abandoned: m.contact_state_abandoned,
  failed: m.contact_state_failed,
};
export const contactStateText = (state: ContactState) => contactStates[state]();

const directions: Record<Direction, () => string> = {
  inbound: m.inbound,
  outbound: m.outbound,
  internal: m.internal,
};
export const directionText = (direction: Direction) => directions[direction]();

const endedBys: Record<EndedBy, () => string> = {
  customer: m.ended_by_customer,
  agent: m.ended_by_agent,
  colleague: m.ended_by_colleague,
  centre: m.ended_by_centre,
};
/** Who hung up. */
export const endedByText = (by: EndedBy) => endedBys[by]();

const callStates: Record<CallState, () => string> = {
  ringing: m.call_state_ringing,
  connecting: m.call_state_connecting,
  dialing: m.call_state_dialing,
  active: m.call_state_active,
  held: m.call_state_held,
  reconnecting: m.call_state_reconnecting,
};
export const callStateText = (state: CallState) => callStates[state]();

const partyStates: Record<PartyState, () => string> = {
  dialing: m.party_state_dialing,
  ringing: m.party_state_ringing,
  connected: m.party_state_connected,
  held: m.party_state_held,
};
export const partyStateText = (state: PartyState) => partyStates[state]();

const recordingStates: Record<RecordingState["kind"], () => string> = {
  off: m.recording_off,
  on_demand: m.recording_on_demand,
  announcing: m.recording_announcing,
  on: m.recording_on,
  paused: m.recording_paused,
  refused: m.recording_refused,
  failed: m.recording_failed,
};
export const recordingStateText = (state: RecordingState) => recordingStates[state.kind]();

const partyRoles: Record<PartyRole, () => string> = {
  customer: m.customer,
  agent: m.board_agent,
  colleague: m.party_colleague,
  outside: m.party_outside,
};
export const partyRoleText = (role: PartyRole) => partyRoles[role]();

const partyEnds: Record<PartyEnd, () => string> = {
  hung_up: m.party_end_hung_up,
  dropped: m.party_end_dropped,
  left: m.party_end_left,
  transferred: m.party_end_transferred,
  busy: m.party_end_busy,
  no_answer: m.party_end_no_answer,
  declined: m.party_end_declined,
  unreachable: m.party_end_unreachable,
  lost: m.party_end_lost,
};
/** Why somebody is gone, to be put behind their name. */
export const partyEndText = (end: PartyEnd) => partyEnds[end]();

const watchModes: Record<WatchMode, () => string> = {
  monitor: m.watch_monitor,
  coach: m.watch_coach,
  barge: m.watch_barge,
};
export const watchModeText = (mode: WatchMode) => watchModes[mode]();
export const allWatchModes = Object.keys(watchModes) as WatchMode[];

const numberKinds: Record<NumberKind, () => string> = {
  mobile: m.number_mobile,
  fixed: m.number_fixed,
  service: m.number_service,
  shared_cost: m.number_shared_cost,
  toll_free: m.number_toll_free,
  access: m.number_access,
  privacy: m.number_privacy,
  emergency: m.number_emergency,
  international: m.number_international,
  internal: m.number_internal,
  unknown: m.number_unknown,
  anonymous: m.number_anonymous,
};
export const numberKindText = (kind: NumberKind) => numberKinds[kind]();

/** Reasons the centre gives by itself. */
const ownReasons: Record<string, () => string> = {
  missed: m.presence_missed,
  declined: m.presence_declined,
  signed_in: m.presence_signed_in,
};

/** Name of a not-ready reason: the centre's own, or one of the catalogue. */
export function reasonText(reason: string): string {
  const own = ownReasons[reason];
  if (own) return own();
  const item = desk.catalog.not_ready_reasons.find((r) => r.id === reason);
  return item ? language.nameOf(item) : reason;
}

/** Name of a presence. */
export function presenceText(presence: Presence | PresenceChoice): string {
  switch (presence.kind) {
    case "offline":
      return m.presence_offline();
    case "ready":
      return m.presence_ready();
    case "not_ready":
      return reasonText(presence.reason) || m.presence_not_ready();
    case "on_break":
      return m.presence_on_break();
    case "offered":
      return m.presence_offered();
    case "busy":
      return m.presence_busy();
    case "wrap_up":
      return m.presence_wrap_up();
  }
}

/** The colour token of a presence. */
export function toneOf(kind: Presence["kind"]): string {
  switch (kind) {
    case "ready":
      return "ready";
    case "busy":
      return "busy";
    case "wrap_up":
      return "wrap";
    case "offered":
      return "ring";
    case "on_break":
    case "not_ready":
    case "offline":
      return "not-ready";
  }
}

/** Name of an item of the catalogue by its id. */
export function catalogText(
  list: "dispositions" | "ticket_types" | "help_reasons",
  id: string | null,
): string {
  const item = desk.catalog[list]?.find((entry) => entry.id === id);
  return item ? language.nameOf(item) : (id ?? "");
}
