/** What a supervisor does in an agent's call; buttons and keys share it. */
import type { WatchMode } from "$ipc/bindings";
import { act, desk } from "$shared/desk.svelte";

export const watchActions = {
  watch: (contact: string, mode: WatchMode) => act((d) => d.watchContact(contact, mode)),
  /** Changes how one is in the call. */
  mode(mode: WatchMode) {
    const watching = desk.view.watching;
    if (watching && watching.mode !== mode)
      void act((d) => d.watchContact(watching.contact.id, mode));
  },
  leave() {
    const watching = desk.view.watching;
    if (watching) void act((d) => d.stopWatching(watching.contact.id));
  },
  takeOver() {
    const watching = desk.view.watching;
    if (watching) void act((d) => d.takeOver(watching.contact.id));
  },
  mute() {
    const call = desk.view.call;
    if (call) void act((d) => d.setMuted(!call.muted));
  },
};
