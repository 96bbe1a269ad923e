/** Which contact the line is about. */
import type { Contact, DeskView } from "$ipc/bindings";

/** The contact of the call on the line. */
export function contactOnLine(view: DeskView): Contact | undefined {
  const id = view.call?.contact;
  return id ? view.contacts.find((contact) => contact.id === id) : undefined;
}

/** How long its customer has waited to be connected, ms; it goes on until then. */
export function waitOf(contact: Contact, now: number): number {
  return (contact.connected ?? now) - contact.created;
}
