/** The centre's clock, ticking once a second for everything that counts time. */
import { desk } from "./desk.svelte";

let local = $state(Date.now());
// Aligned to the second, so that all timers of the window turn over together.
function tick() {
  local = Date.now();
  setTimeout(tick, 1000 - (local % 1000));
}
tick();

export const clock = {
  /** The centre's time now, ms. */
  get now(): number {
    return local + desk.view.clock_offset_ms;
  },
};
