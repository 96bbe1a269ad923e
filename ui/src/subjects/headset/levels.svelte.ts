/** The microphone's level, measured only while somebody looks at it. */
import { desk } from "$shared/desk.svelte";

const SILENCE_DBFS = -90;

let level = $state(SILENCE_DBFS);
let watchers = 0;
let stop: Promise<() => void> | undefined;

function turn(on: boolean) {
  // Without a microphone the meter stays dark; the form says why.
  desk.port.setMeter(on).catch(() => {});
}

export const levels = {
  get microphone(): number {
    return level;
  },
  /** Starts measuring; the answer ends it. Several watchers share one meter. */
  watch(): () => void {
    watchers += 1;
    if (watchers === 1) {
      stop ??= desk.port.levels((next) => (level = next.microphone_dbfs ?? SILENCE_DBFS));
      turn(true);
    }
    return () => {
      watchers -= 1;
      // One meter often gives way to another in the same breath.
      queueMicrotask(() => {
        if (watchers > 0 || !stop) return;
        void stop.then((end) => end());
        stop = undefined;
        level = SILENCE_DBFS;
        turn(false);
      });
    };
  },
};
