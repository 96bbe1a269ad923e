/** What the call controls do; buttons and keys share it. */
import { act, desk } from "$shared/desk.svelte";
import { able } from "./strip";

export const callActions = {
  answer() {
    if (able(desk.view).answer) void act((d) => d.answer());
  },
  /** Hangs up, or declines what rings. */
  hangUp() {
    const can = able(desk.view);
    if (can.decline) void act((d) => d.decline());
    else if (can.hangUp) void act((d) => d.hangUp());
  },
  mute() {
    const muted = desk.view.call?.muted;
    if (able(desk.view).mute) void act((d) => d.setMuted(!muted));
  },
  hold() {
    const held = desk.view.call?.state === "held";
    if (able(desk.view).hold) void act((d) => d.setHeld(!held));
  },
  digit(key: string) {
    if (able(desk.view).keypad) void act((d) => d.sendDigits(key));
  },
};
