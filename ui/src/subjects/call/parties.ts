/** What can be done with the parties of a call, and what goes along when it is handed over. */
import type { Contact, HandedTicket, Party, Queue, TicketDraft } from "$ipc/bindings";
import { m } from "$texts";

/** Most parties of one conference, the agent included; the centre holds the same. */
export const MAX_PARTIES = 8;

/** True for the party that is the reader. */
export function isMe(party: Party, me: string | null): boolean {
  return party.agent !== null && party.agent === me && party.role !== "customer";
}

/** What a party is called, as well as it is known. */
export function partyName(party: Party, queues: readonly Queue[]): string {
  const queue = queues.find((each) => each.id === party.queue)?.name;
  return party.name ?? party.number?.display ?? queue ?? m.party_unknown();
}

/** What the reader can do with the call's parties now. */
export interface Possible {
  /** Bring somebody in: consult, transfer. */
  reach: boolean;
  /** Talk to the one on hold, and hold the other. */
  swap: boolean;
  /** Let all hear each other. */
  merge: boolean;
  /** Leave the others alone, also before the one who was asked has answered. */
  complete: boolean;
  /** The party whose consultation can be ended. */
  cancel: Party | null;
  /** Leave a conference, which goes on. */
  leave: boolean;
  park: boolean;
  /** Hold, mute and drop single parties. */
  edit: boolean;
}

/** What the present state of the parties allows. */
export function possible(contact: Contact | undefined, me: string | null): Possible {
  const parties = contact?.call?.parties ?? [];
  const rest = parties.filter((party) => !isMe(party, me));
  const extra = rest.filter((party) => party.role !== "customer");
  const answered = rest.filter((p) => p.state === "connected" || p.state === "held");
  const reached = extra.find((p) => p.state === "dialing" || p.state === "ringing");
  const connected = answered.filter((p) => p.state === "connected");
  const apart = connected.length > 0 && connected.length < answered.length;
  const owner = contact !== undefined && contact.agent === me;
  const internal = contact?.direction === "internal";
  const live = contact?.state === "connected" || contact?.state === "held";
  // Of two colleagues either does what an agent does with a customer.
  const leads = owner || (internal && parties.length === 2);
  return {
    reach: leads && live && !reached && !apart && parties.length < MAX_PARTIES,
    swap: owner && apart,
    merge: owner && apart,
    // One who has not answered goes on ringing, for the customer.
    complete:
      owner &&
      live &&
      answered.some((p) => p.role === "customer" || internal) &&
      (apart || reached !== undefined),
    cancel:
      owner && (live || !internal) ? (reached ?? (apart ? (extra.at(-1) ?? null) : null)) : null,
    leave: connected.length > 1 || (live && !owner && answered.length > (internal ? 1 : 0)),
    park: owner && live && !internal && extra.length === 0,
    edit: leads,
  };
}

/** The ticket begun and not sent, as the next agent gets it. */
export function handedTicket(drafts: readonly TicketDraft[], contact: string): HandedTicket | null {
  const draft = drafts.find((d) => d.contact === contact);
  if (!draft || (draft.subject.trim() === "" && draft.description.trim() === "")) return null;
  return {
    subject: draft.subject,
    ticket_type: draft.ticket_type || null,
    priority: draft.priority,
    description: draft.description,
  };
}
