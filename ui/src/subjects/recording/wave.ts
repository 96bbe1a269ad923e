/** The waveform's arithmetic: pixels, times, peaks. */
import type { Marker } from "$ipc/bindings";

/** The loudest peak behind each of `columns` pixels, 0 to 1. */
export function columnsOf(peaks: readonly number[], columns: number): number[] {
  return Array.from({ length: columns }, (_, n) => {
    const from = Math.floor((n * peaks.length) / columns);
    const to = Math.max(from + 1, Math.floor(((n + 1) * peaks.length) / columns));
    let loudest = 0;
    for (let at = from; at < to && at < peaks.length; at += 1)
      loudest = Math.max(loudest, peaks[at] ?? 0);
    return loudest / 255;
  });
}

/** The stretches of which nothing was kept. */
export function gapsOf(markers: readonly Marker[], end_ms: number): { from: number; to: number }[] {
  const gaps: { from: number; to: number }[] = [];
  let from: number | null = null;
  for (const { at_ms, mark } of markers) {
    if (mark.kind === "paused") from ??= at_ms;
    else if (mark.kind === "resumed" && from !== null) {
      gaps.push({ from, to: at_ms });
      from = null;
    }
  }
  return from === null ? gaps : [...gaps, { from, to: end_ms }];
}

/** A time within the recording. */
export const within = (ms: number, end_ms: number) => Math.max(0, Math.min(end_ms, ms));
