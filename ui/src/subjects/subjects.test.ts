import { describe, expect, it } from "vitest";
import type { Call, DeskView, TimelineEntry } from "$ipc/bindings";
import { contact, customers, id } from "$ipc/mock/data";
import { callOf, live, online, ringing, talking, wrapping } from "$ipc/mock/scenarios";
import { able, inTrouble, stripState } from "./call/strip";
import { changes, formOf, splitList } from "./customer/form";
import { byDay } from "./customer/timeline";
import { dialable } from "./dial/number";
import { litBars } from "./headset/meter";
import { choiceOf, isChosen, waitsForContact } from "./presence/presence";
import { isGlobal } from "./settings/hotkey";
import { blankDraft, draftFor, isBlank, leftOver, missingFields } from "./ticket/draft";

const say = (_: string, en: string) => en;
const NOW = 1_800_000_000_000;

describe("strip", () => {
  const withCall = (state: Call["state"]): DeskView => ({
    ...online(say, NOW),
    call: callOf(live(say, NOW), { state }),
  });

  it("shows the line first, then the agent", () => {
    expect(stripState(ringing(say, NOW))).toBe("ring");
    expect(stripState(talking(say, NOW))).toBe("talk");
    expect(stripState(withCall("held"))).toBe("hold");
    expect(stripState(withCall("reconnecting"))).toBe("talk");
    expect(stripState(wrapping(say, NOW))).toBe("wrap");
    expect(stripState(online(say, NOW))).toBe("idle");
    expect(stripState({ ...online(say, NOW), presence: null })).toBe("away");
  });

  it("lets a control act only where the call allows it", () => {
    const none = {
      answer: false,
      decline: false,
      hangUp: false,
      mute: false,
      hold: false,
      keypad: false,
    };
    expect(able(online(say, NOW))).toEqual(none);
    expect(able(withCall("ringing"))).toEqual({
      ...none,
      answer: true,
      decline: true,
      hangUp: true,
    });
    expect(able(withCall("dialing"))).toEqual({ ...none, hangUp: true, mute: true, keypad: true });
    expect(able(withCall("connecting"))).toEqual({ ...none, hangUp: true, mute: true });
    expect(able(withCall("active"))).toEqual({
      ...none,
      hangUp: true,
      mute: true,
      hold: true,
      keypad: true,
    });
    expect(able(withCall("held"))).toEqual({ ...none, hangUp: true, mute: true, hold: true });
    expect(able(withCall("reconnecting"))).toEqual({ ...none, hangUp: true, mute: true });
  });

  it("knows trouble of line, centre and headset", () => {
    const fine = online(say, NOW);
    expect(inTrouble(fine)).toBe(false);
    expect(inTrouble({ ...fine, line: { kind: "connecting" } })).toBe(true);
    expect(inTrouble({ ...fine, headset: { ...fine.headset, problem: "no_microphone" } })).toBe(
      true,
    );
  });
});

describe("presence", () => {
  it("marks what follows while a contact is on", () => {
    const state = {
      presence: { kind: "busy" as const },
      since: 0,
      next: { kind: "on_break" as const },
    };
    expect(waitsForContact(state.presence)).toBe(true);
    expect(isChosen(state, { kind: "on_break" })).toBe(true);
    expect(isChosen(state, { kind: "ready" })).toBe(false);
  });

  it("tells reasons apart", () => {
    const meeting = { kind: "not_ready" as const, reason: "meeting" };
    const state = { presence: meeting, since: 0, next: meeting };
    expect(isChosen(state, meeting)).toBe(true);
    expect(isChosen(state, { kind: "not_ready", reason: "training" })).toBe(false);
  });

  it("gives digits to choices in the order of the menu", () => {
    expect(choiceOf(1, [])).toEqual({ kind: "ready" });
    expect(choiceOf(3, [{ id: "meeting" }])).toEqual({ kind: "not_ready", reason: "meeting" });
    expect(choiceOf(4, [{ id: "meeting" }])).toBeUndefined();
  });
});

describe("ticket draft", () => {
  const draft = { ...blankDraft({ contact: id(400), customer: null }, id(1)), subject: "Leak" };

  it("is found again by its contact, or else by its customer", () => {
    const loose = { ...draft, id: id(2), contact: null, customer: id(7) };
    expect(draftFor([loose, draft], { contact: id(400), customer: id(7) })).toBe(draft);
    expect(draftFor([draft, loose], { contact: null, customer: id(7) })).toBe(loose);
    expect(draftFor([draft], { contact: id(401), customer: null })).toBeUndefined();
  });

  it("is kept only when there is text, and sent only when complete", () => {
    expect(isBlank({ ...draft, subject: "  ", description: "" })).toBe(true);
    expect(isBlank({ ...draft, subject: "", description: "x" })).toBe(false);
    expect(missingFields({ ...draft, subject: " " })).toEqual(["subject", "ticket_type"]);
    expect(missingFields({ ...draft, ticket_type: "repair" })).toEqual([]);
  });

  it("becomes work to do when its contact is over", () => {
    expect(leftOver([draft], [contact({ id: id(400) })])).toEqual([]);
    expect(leftOver([draft], [])).toEqual([draft]);
  });
});

describe("customer form", () => {
  const customer = customers(say, NOW)[0]!;

  it("sends only what was changed, and what it was changed from", () => {
    const form = formOf(customer);
    expect(changes(customer, form)).toEqual({ expected: customer.updated });
    expect(
      changes(customer, { ...form, title: " Head ", tags: "a，b", numbers: "010 1234" }),
    ).toEqual({
      expected: customer.updated,
      title: "Head",
      tags: ["a", "b"],
      add_numbers: ["010 1234"],
    });
  });

  it("splits lists at the commas of both languages", () => {
    expect(splitList(" a, b，c、 d ；")).toEqual(["a", "b", "c", "d"]);
  });
});

describe("timeline", () => {
  it("groups by day, the latest first, without the live contact", () => {
    const entry = (n: number, created: number): TimelineEntry => ({
      kind: "contact",
      contact: contact({ id: id(n), created }),
    });
    const noon = new Date(2026, 10, 24, 12).getTime();
    const HOUR = 3_600_000;
    const days = byDay(
      [entry(1, noon - 30 * HOUR), entry(2, noon), entry(3, noon - HOUR), entry(4, noon)],
      id(4),
    );
    expect(days.map((day) => day.entries.length)).toEqual([2, 1]);
    expect(days[0]?.at).toBe(noon);
  });
});

describe("dialling", () => {
  it("takes numbers in any usual spelling and nothing else", () => {
    expect(dialable("0571 8888-6666")).toBe("057188886666");
    expect(dialable("+86 (571) 8888 6666")).toBe("+8657188886666");
    expect(dialable("*57#")).toBe("*57#");
    for (const text of ["", "12", "Li Ting", "1+2345", "sip:1234"])
      expect(dialable(text), text).toBe("");
  });
});

describe("hotkeys", () => {
  it("refuses what would be taken from other programs", () => {
    expect(isGlobal("Ctrl+Shift+A")).toBe(true);
    expect(isGlobal("F9")).toBe(true);
    for (const keys of ["A", "Shift+A", "Enter"]) expect(isGlobal(keys), keys).toBe(false);
  });
});

describe("meter", () => {
  it("lights nothing in silence and everything when too loud", () => {
    expect(litBars(-90, 10)).toBe(0);
    expect(litBars(-30, 10)).toBe(5);
    expect(litBars(0, 10)).toBe(10);
  });
});
