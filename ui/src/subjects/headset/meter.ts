/** The level meter's arithmetic. */

const QUIETEST_DBFS = -54;
const LOUDEST_DBFS = -6;

/** How many of `bars` a level lights. */
export function litBars(dbfs: number, bars: number): number {
  const share = (dbfs - QUIETEST_DBFS) / (LOUDEST_DBFS - QUIETEST_DBFS);
  return Math.round(Math.min(1, Math.max(0, share)) * bars);
}
