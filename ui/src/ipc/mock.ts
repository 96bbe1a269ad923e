/** The simulated desk, chosen by the address: `?mock=ring&lang=en&theme=dark`. */
import type { Desk } from "./port";
import { MockDesk } from "./mock/desk";
import { scenarios } from "./mock/scenarios";

export function mockDesk(query: URLSearchParams): Desk {
  const name = query.get("mock") ?? "idle";
  const make = scenarios[name];
  if (!make) throw new Error(`no scenario ${name}; there are ${Object.keys(scenarios).join(", ")}`);
  const lang = query.get("lang") === "en" ? "en" : "zh";
  const say = (zh: string, en: string) => (lang === "en" ? en : zh);
  const scenario = make(say, Date.now());
  scenario.view.settings.language = lang;
  scenario.view.settings.theme = query.get("theme") === "dark" ? "dark" : "light";
  const desk = new MockDesk(scenario, say);
  Object.assign(globalThis, { mockDesk: desk });
  return desk;
}
