/** The views the rail leads to. */
export type Place = "work" | "tickets" | "settings";
