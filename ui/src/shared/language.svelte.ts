/** Language and colours of the window; both follow the settings without a reload. */
import type { CatalogItem, Language, Theme } from "$ipc/bindings";
import { overwriteGetLocale, type Locale } from "../paraglide/runtime.js";

let locale = $state<Locale>("zh-CN");
overwriteGetLocale(() => locale);

/** The locale a setting means on this computer. */
export function localeOf(language: Language, system: string): Locale {
  if (language === "zh") return "zh-CN";
  if (language === "en") return "en";
  return system.toLowerCase().startsWith("zh") ? "zh-CN" : "en";
}

export const language = {
  get locale(): Locale {
    return locale;
  },
  /** Takes the setting over. */
  follow(setting: Language) {
    locale = localeOf(setting, navigator.language);
    document.documentElement.lang = locale;
  },
  /** The name of an administrator's choice, or of anything else with a name in each language. */
  nameOf(item: Pick<CatalogItem, "zh" | "en">): string {
    return locale === "en" ? item.en : item.zh;
  },
};

const dark = typeof matchMedia === "function" ? matchMedia("(prefers-color-scheme: dark)") : null;
let setting: Theme = "system";

function paint() {
  const isDark = setting === "dark" || (setting === "system" && dark?.matches === true);
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
}
dark?.addEventListener("change", paint);

/** Takes the colour setting over. */
export function followTheme(theme: Theme) {
  setting = theme;
  paint();
}
