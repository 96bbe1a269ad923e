/**
 * What is typed and not yet sent, by what it is for. It outlives its form, which a call or a look
 * elsewhere takes off the screen; it is gone with the window.
 */
import { SvelteMap } from "svelte/reactivity";
import { desk } from "./desk.svelte";

const kept = new SvelteMap<string, unknown>();
// The next person at this desk sees nothing of it.
const keyOf = (about: string) => `${desk.view.me?.id}/${about}`;
const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

export const typed = {
  of: <T>(about: string) => kept.get(keyOf(about)) as T | undefined,
  /** Keeps it; nothing and an empty text are forgotten. */
  keep(about: string, value: unknown) {
    if (value) kept.set(keyOf(about), value);
    else kept.delete(keyOf(about));
  },
  /** Forgets what was sent, unless something else was typed meanwhile. */
  sent(about: string, value: unknown) {
    if (same(kept.get(keyOf(about)), value)) kept.delete(keyOf(about));
  },
};
