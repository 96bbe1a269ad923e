/** The ticket being written, as data. */
import type { Contact, HandedTicket, TicketDraft } from "$ipc/bindings";

/** What a ticket is written about. */
export interface Subject {
  contact: string | null;
  customer: string | null;
}

/** An empty draft with the id its ticket will have. */
export function blankDraft(about: Subject, id: string): TicketDraft {
  return {
    id,
    contact: about.contact,
    customer: about.customer,
    subject: "",
    ticket_type: "",
    priority: "normal",
    description: "",
    assignee: null,
    saved: 0,
  };
}

/** A draft that goes on with what the agent before began. */
export function fromHanded(blank: TicketDraft, handed?: HandedTicket): TicketDraft {
  if (!handed) return blank;
  return {
    ...blank,
    subject: handed.subject,
    ticket_type: handed.ticket_type ?? "",
    priority: handed.priority ?? "normal",
    description: handed.description,
  };
}

/** The kept draft about the same thing. */
export function draftFor(drafts: readonly TicketDraft[], about: Subject): TicketDraft | undefined {
  if (about.contact) return drafts.find((draft) => draft.contact === about.contact);
  return drafts.find((draft) => draft.contact === null && draft.customer === about.customer);
}

/** True when there is nothing worth keeping. */
export function isBlank(draft: TicketDraft): boolean {
  return draft.subject.trim() === "" && draft.description.trim() === "";
}

/** The fields without which the centre takes no ticket. */
export function missingFields(draft: TicketDraft): ("subject" | "ticket_type")[] {
  const missing: ("subject" | "ticket_type")[] = [];
  if (draft.subject.trim() === "") missing.push("subject");
  if (draft.ticket_type === "") missing.push("ticket_type");
  return missing;
}

/** Drafts whose contact is over: work left to do. */
export function leftOver(
  drafts: readonly TicketDraft[],
  contacts: readonly Contact[],
): TicketDraft[] {
  const live = new Set(contacts.map((contact) => contact.id));
  return drafts
    .filter((draft) => draft.contact === null || !live.has(draft.contact))
    .sort((a, b) => b.saved - a.saved);
}
