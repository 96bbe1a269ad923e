/** What the call controls do; buttons and keys share it. */
import { act, desk } from "$shared/desk.svelte";
import { able, knocks } from "./strip";

/** An answer to an offer whose call has not reached this desk yet. */
let wish = $state.raw<{ offer: string; answer: boolean } | null>(null);

function wishFor(answer: boolean) {
  const { offer, call } = desk.view;
  if (offer && !call) wish = { offer: offer.id, answer };
}

export const callActions = {
  answer() {
    if (able(desk.view).answer) void act((d) => d.answer());
    else wishFor(true);
  },
  /** Declines what rings, or knocks. */
  decline() {
    if (able(desk.view).decline || knocks(desk.view)) void act((d) => d.decline());
    else wishFor(false);
  },
  /** Hangs up, or declines what rings. */
  hangUp() {
    const can = able(desk.view);
    if (can.decline) void act((d) => d.decline());
    else if (can.hangUp) void act((d) => d.hangUp());
    else wishFor(false);
  },
  mute() {
    const muted = desk.view.call?.muted;
    if (able(desk.view).mute) void act((d) => d.setMuted(!muted));
  },
  hold() {
    const held = desk.view.call?.state === "held";
    if (able(desk.view).hold) void act((d) => d.setHeld(!held));
  },
  digit(keys: string) {
    if (able(desk.view).keypad) void act((d) => d.sendDigits(keys));
  },
  /** The offer is seen a moment before its call rings: what was said then is done now. Call in an effect. */
  keepWish() {
    if (!wish) return;
    const { answer } = wish;
    if (desk.view.offer?.id !== wish.offer) wish = null;
    else if (able(desk.view).answer) {
      wish = null;
      if (answer) this.answer();
      else this.hangUp();
    }
  },
};
