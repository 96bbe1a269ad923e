/** Whom and what the agent is looking at. It follows the call, and otherwise the agent. */
import type { Contact } from "$ipc/bindings";
import { desk } from "$shared/desk.svelte";
import { isTyping } from "$shared/keys";

let contact = $state<string | null>(null);
let customer = $state<string | null>(null);
let ticket = $state<string | null>(null);
let draft = $state<string | null>(null);
let followed: string | null = null;

/** The contact with this id, be it live or only offered. */
function find(id: string | null): Contact | undefined {
  const offered = desk.view.offer?.contact;
  return desk.view.contacts.find((c) => c.id === id) ?? (offered?.id === id ? offered : undefined);
}

export const focus = {
  /** The contact, for as long as the view has it: one that is over is gone without being let go. */
  get contact(): Contact | undefined {
    return find(contact);
  },
  /** The customer of the contact, or the one looked up. */
  get customer(): string | null {
    return contact ? (find(contact)?.customer ?? null) : customer;
  },
  get ticket() {
    return ticket;
  },
  get draft() {
    return draft;
  },
  showContact(id: string) {
    contact = id;
    customer = ticket = draft = null;
  },
  showCustomer(id: string) {
    customer = id;
    contact = ticket = draft = null;
  },
  showTicket(id: string | null) {
    ticket = id;
  },
  /** Goes on with a kept draft, beside the customer it is about. */
  showDraft(id: string) {
    draft = id;
    customer = desk.view.drafts.find((d) => d.id === id)?.customer ?? null;
    contact = ticket = null;
  },
  nothing() {
    contact = customer = ticket = draft = null;
  },
  /**
   * Turns to a new call, once. A call that only rings waits while the agent types: it must not take
   * the text from under the keyboard.
   * Tells whether it turned. Call in an effect.
   */
  follow(): boolean {
    const { call, offer, contacts } = desk.view;
    const current = call?.contact ?? offer?.contact.id ?? contacts[0]?.id ?? null;
    const rings = call ? call.state === "ringing" : offer !== null;
    if (current && current !== followed && find(current)) {
      if (rings && isTyping(document.activeElement)) return false;
      followed = current;
      this.showContact(current);
      return true;
    }
    return false;
  },
};
