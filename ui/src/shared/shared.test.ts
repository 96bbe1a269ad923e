import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Autosave, SAVE_AFTER_MS } from "./autosave";
import { contact } from "$ipc/mock/data";
import { MockDesk } from "$ipc/mock/desk";
import { scenarios } from "$ipc/mock/scenarios";
import { waitOf } from "./contact";
import { connect } from "./desk.svelte";
import { dateText, dayOf, fingerprint, initial, keyCap, moment, secondsLeft, span } from "./format";
import { spell } from "./keys";
import { language, localeOf } from "./language.svelte";
import { typed } from "./typed.svelte";

// The window has these; a test of dates needs no more of them.
vi.stubGlobal("document", { documentElement: {} });
vi.stubGlobal("navigator", { language: "zh-CN" });
afterEach(() => language.follow("zh"));

const at = (text: string) => new Date(text).getTime();

describe("format", () => {
  it("counts time without negative or jumping figures", () => {
    expect(span(134_900)).toBe("02:14");
    expect(span(-5)).toBe("00:00");
    expect(span(3_734_000)).toBe("1:02:14");
    expect(secondsLeft(10_001, 10_000)).toBe(1);
    expect(secondsLeft(9_000, 10_000)).toBe(0);
  });

  it("says a moment as short as it can be understood", () => {
    const now = at("2026-11-24T10:00:00");
    expect(moment(at("2026-11-24T09:05:00"), now)).toBe("09:05");
    expect(moment(at("2026-11-02T14:02:00"), now)).toBe("11-02 14:02");
    expect(dateText(at("2025-11-02T14:02:00"), now)).toBe("2025-11-02");
    expect(dayOf(at("2026-11-23T23:59:59"), now)).toBe("yesterday");
    expect(dayOf(at("2026-11-22T23:59:59"), now)).toBe("earlier");
  });

  it("takes no moment of tomorrow for one of today", () => {
    const now = at("2026-11-24T18:00:00");
    expect(moment(at("2026-11-24T23:59:59"), now)).toBe("23:59");
    expect(moment(at("2026-11-25T00:00:00"), now)).toBe("11-25 00:00");
    expect(moment(at("2027-11-24T18:00:00"), now)).toBe("2027-11-24 18:00");
    expect(dayOf(at("2026-11-25T09:30:00"), now)).toBe("later");
  });

  it("spells a date so that nobody takes its month for its day", () => {
    language.follow("en");
    const now = at("2026-11-24T10:00:00");
    expect(moment(at("2026-11-08T09:05:00"), now)).toBe("8 Nov 09:05");
    expect(dateText(at("2025-11-08T09:05:00"), now)).toBe("8 Nov 2025");
    expect(moment(at("2026-11-24T09:05:00"), now)).toBe("09:05");
  });

  it("counts the wait of a customer until somebody talks to them", () => {
    const asked = { ...contact({ id: "c" }), created: 1000, connected: null };
    expect(waitOf(asked, 19_000)).toBe(18_000);
    expect(waitOf({ ...asked, connected: 16_000 }, 99_000)).toBe(15_000);
  });

  it("takes the first character of a name, also of a rare one", () => {
    expect(initial("李婷")).toBe("李");
    expect(initial("𠮷野")).toBe("𠮷");
    expect(initial("  ")).toBe("?");
  });

  it("shows keys and fingerprints for the eye", () => {
    expect(keyCap("Ctrl+Shift+A")).toBe("Ctrl ⇧ A");
    expect(fingerprint("9f3a0b")).toBe("9F:3A:0B");
  });
});

describe("keys", () => {
  const key = (part: Partial<KeyboardEvent>) =>
    spell({
      ctrlKey: false,
      shiftKey: false,
      altKey: false,
      metaKey: false,
      key: "",
      code: "",
      ...part,
    } as KeyboardEvent);

  it("spells what was pressed as the settings do", () => {
    expect(key({ ctrlKey: true, shiftKey: true, key: "A", code: "KeyA" })).toBe("Ctrl+Shift+A");
    expect(key({ altKey: true, key: "¡", code: "Digit1" })).toBe("Alt+1");
    expect(key({ key: "m", code: "KeyM" })).toBe("M");
    expect(key({ shiftKey: true, key: "?", code: "Slash" })).toBe("Shift+?");
    expect(key({ ctrlKey: true, key: "Control", code: "ControlLeft" })).toBe("");
  });
});

describe("language", () => {
  it("follows the system only when told to", () => {
    expect(localeOf("system", "zh-TW")).toBe("zh-CN");
    expect(localeOf("system", "de-DE")).toBe("en");
    expect(localeOf("en", "zh-CN")).toBe("en");
  });
});

describe("autosave", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("saves once after the last key, with what was typed last", () => {
    const saved: string[] = [];
    const autosave = new Autosave<string>((text) => saved.push(text));
    autosave.touch("a");
    vi.advanceTimersByTime(SAVE_AFTER_MS - 1);
    autosave.touch("ab");
    vi.advanceTimersByTime(SAVE_AFTER_MS - 1);
    expect(saved).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(saved).toEqual(["ab"]);
  });

  it("saves at once when the field is left, and not twice", () => {
    const saved: string[] = [];
    const autosave = new Autosave<string>((text) => saved.push(text));
    autosave.touch("a");
    autosave.flush();
    autosave.flush();
    vi.advanceTimersByTime(SAVE_AFTER_MS * 2);
    expect(saved).toEqual(["a"]);
    autosave.touch("b");
    autosave.drop();
    vi.advanceTimersByTime(SAVE_AFTER_MS * 2);
    expect(saved).toEqual(["a"]);
  });
});

describe("what is typed", () => {
  const signedInAs = (id: string) => {
    const scenario = scenarios.idle!((_, en) => en, 0);
    if (scenario.view.me) scenario.view.me = { ...scenario.view.me, id };
    return connect(new MockDesk(scenario, (_, en) => en));
  };

  it("is forgotten when it was sent, unless it went on meanwhile", async () => {
    await signedInAs("a");
    typed.keep("x", { text: "one" });
    typed.sent("x", { text: "one" });
    expect(typed.of("x")).toBeUndefined();
    typed.keep("x", "one and");
    typed.sent("x", "one");
    expect(typed.of("x")).toBe("one and");
    typed.keep("x", "");
    expect(typed.of("x")).toBeUndefined();
  });

  it("is nothing to the next person at this desk", async () => {
    await signedInAs("a");
    typed.keep("x", "mine");
    await signedInAs("b");
    expect(typed.of("x")).toBeUndefined();
    await signedInAs("a");
    expect(typed.of("x")).toBe("mine");
  });
});
