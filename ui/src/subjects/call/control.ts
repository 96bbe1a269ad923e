/** What is done with the parties of the call on the line; buttons and keys share it. */
import type { Contact } from "$ipc/bindings";
import type { Desk } from "$ipc/port";
import { contactOnLine } from "$shared/contact";
import { act, desk } from "$shared/desk.svelte";
import { handedTicket, possible, type Possible } from "./parties";

function run(
  what: (can: Possible) => unknown,
  command: (desk: Desk, contact: Contact, can: Possible) => Promise<void>,
) {
  const contact = contactOnLine(desk.view);
  const can = possible(contact, desk.view.me?.id ?? null);
  if (contact && what(can)) void act((d) => command(d, contact, can));
}

export const control = {
  swap: () =>
    run(
      (can) => can.swap,
      (d, contact) => d.swap(contact.id),
    ),
  merge: () =>
    run(
      (can) => can.merge,
      (d, contact) => d.merge(contact.id),
    ),
  complete: () =>
    run(
      (can) => can.complete,
      (d, contact) =>
        d.completeTransfer(contact.id, {
          note: null,
          ticket: handedTicket(desk.view.drafts, contact.id),
        }),
    ),
  cancel: () =>
    run(
      (can) => can.cancel,
      async (d, contact, { cancel }) => {
        if (cancel) await d.dropParty(contact.id, cancel.id);
      },
    ),
  leave: () =>
    run(
      (can) => can.leave,
      (d, contact) => d.leave(contact.id),
    ),
  park: () =>
    run(
      (can) => can.park,
      (d, contact) => d.park(contact.id),
    ),
};
