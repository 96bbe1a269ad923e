import { describe, expect, it } from "vitest";
import type { Call, DeskView, Message, Party, TimelineEntry } from "$ipc/bindings";
import type { Marker, Recording } from "$ipc/bindings";
import { addressBook, colleagues, contact, customers, id, queues } from "$ipc/mock/data";
import { recordingPolicy } from "$ipc/mock/data";
import { callOf, live, liuYang, online, ringing, talking, wrapping } from "$ipc/mock/scenarios";
import { keepSame } from "$shared/live.svelte";
import { resumesSoon } from "$shared/recording";
import { conversation, unreadOf } from "$shared/messages.svelte";
import { dialable } from "$shared/number";
import { Floor } from "$ipc/mock/floor";
import { RecordingShelf } from "$ipc/mock/recordings";
import { answered, callWith, party, reachFor, settle } from "$ipc/mock/parties";
import { able, inTrouble, knocks, stripState, whoOf } from "./call/strip";
import { fieldOf, momentOf, quick } from "./callback/when";
import { mayStop, stepOf } from "./call/record";
import { columnsOf, gapsOf, holdsOf, pieceEnd } from "./recording/wave";
import { openQuestions, percentOf, shareOf, withAnswer } from "./recording/score";
import { handedTicket, possible } from "./call/parties";
import { choices, reachable, targetOf } from "./call/targets";
import { keysOf, parseTones } from "./call/tones.svelte";
import { changes, formOf, rebased, splitList } from "./customer/form";
import { byDay } from "./customer/timeline";
import { withDialled, type Dialled } from "$shared/recent.svelte";
import { litBars } from "./headset/meter";
import { choiceOf, isChosen, waitsForContact } from "./presence/presence";
import { inOrder, matches, rowsOf, sorted, totals } from "./supervise/board";
import { anyCall, classText, moved, ruleOf } from "./rules/rule";
import { isGlobal } from "./settings/hotkey";
import { blankDraft, draftFor, fromHanded, isBlank, leftOver, missingFields } from "./ticket/draft";

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

  it("answers what knocks during a call, and only that", () => {
    const view = withCall("active");
    const own = view.call?.contact ?? "";
    const offered = (contact: string) => {
      const offer = ringing(say, NOW).offer;
      return { ...view, offer: offer && { ...offer, contact: { ...offer.contact, id: contact } } };
    };
    expect(knocks(offered(id(990)))).toBe(true);
    expect(able(offered(id(990)))).toMatchObject({ answer: true, decline: false, hangUp: true });
    // The call's own offer outlives its answer by a moment.
    expect(knocks(offered(own))).toBe(false);
    expect(knocks(ringing(say, NOW))).toBe(false);
  });

  it("names who is heard while the customer hears music", () => {
    const asking = (state?: Party["state"], customer: Party["state"] = "held") => {
      const view = talking(say, NOW, {}, [liuYang(say, NOW, state)]);
      const contacts = view.contacts.map((each) => ({
        ...each,
        call: each.call && {
          ...each.call,
          parties: each.call.parties.map((p) =>
            p.role === "customer" ? { ...p, state: customer } : p,
          ),
        },
      }));
      return whoOf({ ...view, contacts });
    };
    const both = { names: ["Liu Yang"], held: "Li Ting" };
    expect(asking("connected")).toEqual({ ...both, state: "connected" });
    expect(asking("ringing")).toEqual({ ...both, state: "ringing" });
    // Back with the customer, or all together: it is the customer's call.
    const usual = { names: ["Li Ting"], held: null, state: null };
    expect(asking("held", "connected")).toEqual(usual);
    expect(asking("connected", "connected")).toEqual(usual);
    expect(asking("held")).toEqual(usual);
    expect(whoOf(withCall("held"))).toEqual(usual);
    expect(whoOf(online(say, NOW)).names).toEqual([""]);
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

describe("parties", () => {
  const me = id(1);
  const plain = live(say, NOW);
  const subject = (change: (p: Party[]) => Party[] = (p) => p) => {
    const call = callWith(plain, NOW);
    return { ...plain, call: { ...call, parties: change(call.parties) } };
  };
  const ringing = reachFor(say, { kind: "agent", agent: id(3) }, NOW);
  const consulting = (parties: Party[]) => answered(NOW)(ringing(parties));
  const conference = (parties: Party[]) => settle(NOW, () => false)(consulting(parties));

  it("reach out from a call of two, and not while somebody is being reached", () => {
    expect(possible(subject(), me)).toMatchObject({ reach: true, park: true, swap: false });
    expect(possible(subject(ringing), me)).toMatchObject({
      reach: false,
      merge: false,
      complete: true,
      cancel: { role: "colleague", state: "ringing" },
      park: false,
    });
  });

  it("swap, merge, complete or end a consultation", () => {
    expect(possible(subject(consulting), me)).toMatchObject({
      swap: true,
      merge: true,
      complete: true,
      cancel: { role: "colleague", state: "connected" },
      leave: false,
      reach: false,
    });
  });

  it("leave a conference, and add to it until it is full", () => {
    expect(possible(subject(conference), me)).toMatchObject({
      leave: true,
      complete: false,
      reach: true,
      swap: false,
      cancel: null,
    });
    const full = subject((parties) => [
      ...conference(parties),
      ...Array.from({ length: 5 }, (_, n) => party({ id: id(900 + n), role: "outside" })),
    ]);
    expect(full.call.parties).toHaveLength(8);
    expect(possible(full, me).reach).toBe(false);
  });

  it("let who was only asked leave, and change nothing", () => {
    expect(possible(subject(conference), id(3))).toMatchObject({
      leave: true,
      edit: false,
      reach: false,
      complete: false,
    });
    expect(possible(undefined, me)).toMatchObject({ reach: false, leave: false, edit: false });
  });

  it("bring a third into a call between colleagues, whoever of the two called", () => {
    const internal = (change: (parties: Party[]) => Party[]) => {
      const of = subject((parties) => change(parties).filter((p) => p.role !== "customer"));
      return { ...of, direction: "internal" as const };
    };
    const two = internal(conference);
    expect(two.call.parties).toHaveLength(2);
    for (const reader of [me, id(3)]) {
      expect(possible(two, reader)).toMatchObject({
        reach: true,
        complete: false,
        cancel: null,
        leave: false,
        park: false,
        edit: true,
      });
    }
    const three = internal((parties) => [
      ...conference(parties),
      party({ id: id(900), role: "colleague", agent: id(5) }),
    ]);
    expect(possible(three, me)).toMatchObject({ leave: true, reach: true, complete: false });
    expect(possible(three, id(3))).toMatchObject({ leave: true, reach: false, edit: false });
    const dialled = { ...internal(consulting), state: "dialing" as const };
    expect(possible(dialled, me)).toMatchObject({ reach: false, complete: false, cancel: null });
  });

  it("take the ticket begun along, and go on with it", () => {
    const drafts = talking(say, NOW).drafts;
    const ticket = handedTicket(drafts, id(400));
    expect(ticket).toMatchObject({ ticket_type: "repair", priority: "high" });
    expect(handedTicket(drafts, id(401))).toBeNull();
    const blank = blankDraft({ contact: id(400), customer: null }, id(1));
    expect(handedTicket([blank], id(400))).toBeNull();
    expect(fromHanded(blank, ticket ?? undefined)).toMatchObject({
      id: id(1),
      subject: ticket?.subject,
      ticket_type: "repair",
    });
  });
});

describe("targets", () => {
  const sources = {
    colleagues: colleagues(say, NOW),
    queues: queues(say, NOW),
    entries: addressBook(say, NOW),
    me: id(1),
  };

  it("lists those who can be reached soonest first, never oneself", () => {
    const all = choices("", sources);
    const people = all.filter((c) => c.kind === "agent");
    expect(people.map((c) => c.id)).not.toContain(id(1));
    expect(people[0]?.colleague.presence.kind).toBe("ready");
    expect(people.at(-1)?.colleague.presence.kind).toBe("offline");
    const free = people.map(reachable);
    expect(free.indexOf(false)).toBeGreaterThan(free.lastIndexOf(true));
  });

  it("finds by name, login and team, and dials what is a number", () => {
    expect(choices("liu 1", sources)[0]).toMatchObject({ kind: "agent", id: id(3) });
    expect(choices("key", { ...sources, entries: [] })).toMatchObject([{ kind: "queue" }]);
    const [first] = choices("0571 8888-6666", sources);
    expect(first && targetOf(first)).toEqual({ kind: "number", number: "057188886666" });
  });
});

describe("board", () => {
  const floor = new Floor(say, NOW, 40);
  const rows = rowsOf(floor.agents, floor.calls);
  const everything = { text: "", team: "", queue: "", state: "" as const };
  const ids = (list: typeof rows) => list.map((row) => row.agent.person.id);

  it("puts raised hands first, then who is in a call", () => {
    const list = sorted(rows, { key: "state", down: false });
    expect(list[0]?.call?.help?.reason).toBe("customer_angry");
    const kinds = list.map((row) => row.agent.presence.presence.kind);
    expect(kinds.lastIndexOf("busy")).toBeLessThan(kinds.indexOf("ready"));
    const worst = sorted(rows, { key: "quality", down: false })[0]?.agent.quality?.mos ?? 9;
    expect(rows.every((row) => (row.agent.quality?.mos ?? 9) >= worst)).toBe(true);
  });

  it("sorts both ways, and equals by name both times", () => {
    const up = sorted(rows, { key: "name", down: false });
    const name = (list: typeof rows, n: number) => list.at(n)?.agent.person.name;
    expect(name(sorted(up, { key: "name", down: true }), 0)).toBe(name(up, -1));
  });

  it("finds by name, team, state and queue together", () => {
    const team = rows[0]?.agent.team ?? "";
    const filter = { ...everything, team, state: "help" as const, text: "ZHOU" };
    expect(ids(rows.filter((row) => matches(row, filter)))).toEqual([id(1)]);
    expect(rows.filter((row) => matches(row, everything))).toHaveLength(40);
  });

  it("moves nothing while an order is held, and puts who is new last", () => {
    const held = ids(sorted(rows, { key: "name", down: false })).slice(5);
    expect(ids(inOrder(rows, held)).slice(0, held.length)).toEqual(held);
  });

  it("weighs service levels by calls, and leaves out queues without one", () => {
    const sum = totals(floor.queues, floor.agents);
    expect(sum.serviceLevel).toBeCloseTo((0.864 * 214 + 0.912 * 154) / (214 + 154), 5);
    expect(sum.waiting).toBe(4);
    expect(totals([], []).serviceLevel).toBeNull();
  });

  it("draws again only what changed", () => {
    const before = structuredClone(floor.agents);
    const now = structuredClone(floor.agents);
    now[3] = { ...now[3]!, handled: 99 };
    const kept = keepSame(before, now, (a) => a.person.id);
    expect(kept.filter((agent, n) => agent !== before[n])).toEqual([now[3]]);
  });
});

describe("messages", () => {
  const message = (n: number, from: string, at: number): Message => ({
    id: id(n),
    from,
    from_name: "",
    to: id(1),
    text: `${n}`,
    contact: null,
    at,
  });
  const received = [message(1, id(4), 10), message(2, id(5), 20), message(3, id(4), 40)];

  it("weave what came and what went, of one person only", () => {
    const sent = [{ ...message(7, id(1), 30), to: id(4) }];
    const before = [message(8, id(4), 5), message(1, id(4), 10)];
    const lines = conversation(id(4), before, received, sent);
    expect(lines.map(({ text, mine }) => [text, mine])).toEqual([
      ["8", false],
      ["1", false],
      ["7", true],
      ["3", false],
    ]);
  });

  it("are unread until they were looked at", () => {
    expect(unreadOf(received, { [id(4)]: 10 })).toEqual(
      new Map([
        [id(5), 1],
        [id(4), 1],
      ]),
    );
    expect(unreadOf(received, { [id(4)]: 40, [id(5)]: 20 }).size).toBe(0);
  });
});

describe("call-backs", () => {
  it("offer times to come, and take what the field says in local time", () => {
    const morning = new Date(2026, 10, 24, 10, 2).getTime();
    expect(quick(morning).map((choice) => choice.id)).toEqual(["hour", "evening", "tomorrow"]);
    expect(fieldOf(quick(morning)[0]!.at)).toBe("2026-11-24T11:05");
    const late = new Date(2026, 10, 24, 17, 0).getTime();
    expect(quick(late).map((choice) => choice.id)).toEqual(["hour", "tomorrow"]);
    expect(quick(late).every((choice) => choice.at > late)).toBe(true);
    expect(momentOf(fieldOf(morning))).toBe(morning);
    expect(momentOf("")).toBeNull();
  });
});

describe("recording", () => {
  it("has one next step, and none where the agent has no say", () => {
    expect(stepOf({ kind: "on", by_hand: false })).toBe("pause");
    expect(mayStop({ kind: "on", by_hand: false })).toBe(false);
    expect(mayStop({ kind: "on", by_hand: true })).toBe(true);
    expect(stepOf({ kind: "paused", until: 0 })).toBe("resume");
    expect(stepOf({ kind: "on_demand" })).toBe("start");
    for (const kind of ["off", "announcing", "refused", "failed"] as const)
      expect(stepOf({ kind }), kind).toBeNull();
    expect(stepOf(undefined)).toBeNull();
  });

  it("warns before it goes on by itself", () => {
    expect(resumesSoon({ kind: "paused", until: NOW + 16_000 }, NOW)).toBe(false);
    expect(resumesSoon({ kind: "paused", until: NOW + 15_000 }, NOW)).toBe(true);
    expect(resumesSoon({ kind: "on", by_hand: true }, NOW)).toBe(false);
  });

  it("draws the loudest peak of each column, and no peak twice as loud", () => {
    const peaks = [0, 255, 0, 0, 51, 0, 0, 0];
    expect(columnsOf(peaks, 4)).toEqual([1, 0, 0.2, 0]);
    expect(columnsOf([255], 3)).toEqual([1, 1, 1]);
    expect(columnsOf([], 2)).toEqual([0, 0]);
  });

  it("shows what was not kept, to the end if it never went on", () => {
    const paused = (at_ms: number): Marker => ({
      at_ms,
      mark: { kind: "paused", by: null, reason: "asked" },
    });
    const resumed = (at_ms: number): Marker => ({
      at_ms,
      mark: { kind: "resumed", by: null, cause: "asked", gap_ms: 5 },
    });
    expect(gapsOf([paused(10), paused(12), resumed(20), paused(70)], 90)).toEqual([
      { from: 10, to: 20 },
      { from: 70, to: 90 },
    ]);
    expect(gapsOf([resumed(5)], 90)).toEqual([]);
    const held: Marker = { at_ms: 30, mark: { kind: "held" } };
    expect(holdsOf([held, paused(40)], 90)).toEqual([{ from: 30, to: 90 }]);
  });

  it("is fetched in pieces that meet where both sides are still, without a gap", () => {
    const duration_ms = 3_600_000;
    for (const peak_ms of [50, 3_200]) {
      const recording = new RecordingShelf(say, NOW).open(id(5000)) as Recording;
      const count = Math.floor(duration_ms / peak_ms);
      const talks = (n: number) => (n % 97 === 0 ? 1 : 90);
      recording.customer_peaks = Array.from({ length: count }, (_, n) => talks(n));
      recording.agent_peaks = recording.customer_peaks;
      recording.peak_ms = peak_ms;
      recording.summary = { ...recording.summary, duration_ms };
      let at = 1_234;
      for (let pieces = 0; at < duration_ms; pieces += 1) {
        const end = pieceEnd(recording, at, pieces === 0);
        expect(end - at).toBeGreaterThan(end < duration_ms ? 5_999 : 0);
        expect(end - at).toBeLessThanOrEqual(60_000);
        if (peak_ms === 50 && end < duration_ms)
          expect(recording.customer_peaks[Math.floor(end / peak_ms)]).toBe(1);
        at = end;
      }
      expect(at).toBe(duration_ms);
    }
  });
});

describe("scoring", () => {
  const form = {
    id: "f",
    name: "",
    created: 0,
    questions: [
      { id: "a", text: "", weight: 30, most: 5 },
      { id: "b", text: "", weight: 10, most: 1 },
      { id: "c", text: "", weight: 60, most: 2 },
    ],
  };

  it("weighs what applies, and leaves out what does not", () => {
    const given = [
      { question: "a", points: 5 },
      { question: "b", points: 0 },
    ];
    expect(percentOf(form.questions, given)).toBe(75);
    expect(percentOf(form.questions, [...given, { question: "c", points: null }])).toBe(75);
    expect(percentOf(form.questions, [{ question: "c", points: null }])).toBeNull();
    expect(form.questions.map((q) => shareOf(form, q))).toEqual([30, 10, 60]);
  });

  it("knows what is still open, and takes a second thought", () => {
    let answers = withAnswer([], { question: "a", points: 1 });
    answers = withAnswer(answers, { question: "a", points: 4 });
    expect(answers).toEqual([{ question: "a", points: 4 }]);
    answers = withAnswer(answers, { question: "b", points: null });
    expect(openQuestions(form, answers).map((q) => q.id)).toEqual(["c"]);
  });
});

describe("saved keys", () => {
  it("are keys and nothing else, and survive a spoilt store", () => {
    expect(keysOf("1 2-3#")).toBe("123#");
    for (const text of ["", "12a", "+86"]) expect(keysOf(text), text).toBe("");
    expect(parseTones("{]")).toEqual([]);
    expect(parseTones('[{"name":"a","digits":"1"},7,{"name":"b"}]')).toEqual([
      { name: "a", digits: "1" },
    ]);
  });
});

describe("redial", () => {
  it("keeps each number once, the latest first, and only a few", () => {
    const entry = (n: number): Dialled => ({
      target: { kind: "number", number: `13${n}` },
      label: `${n}`,
      detail: "",
    });
    let list: Dialled[] = [];
    for (let n = 0; n < 12; n += 1) list = withDialled(list, entry(n));
    list = withDialled(list, entry(7));
    expect(list.map((e) => e.label)).toEqual(["7", "11", "10", "9", "8", "6", "5", "4"]);
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

  it("goes on from a colleague's change with what was typed here", () => {
    const now = { ...customer, company: "East", note: "Moved", title: "", updated: NOW };
    const form = { ...formOf(customer), title: "Head", note: "Moved", numbers: "010 1234" };
    const next = rebased(form, customer, now);
    expect(next.form).toEqual({ ...form, company: "East" });
    expect(next.theirs).toEqual({ title: "–" });
    expect(changes(now, next.form)).toEqual({
      expected: NOW,
      title: "Head",
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

describe("rules of recording", () => {
  it("moves a rule a step, and none over an end", () => {
    expect(moved(["a", "b", "c"], 1, -1)).toEqual(["b", "a", "c"]);
    expect(moved(["a", "b", "c"], 1, 1)).toEqual(["a", "c", "b"]);
    expect(moved(["a", "b"], 0, -1)).toEqual(["a", "b"]);
    expect(moved(["a", "b"], 1, 1)).toEqual(["a", "b"]);
  });

  it("calls a class by the name it was given, and the first one by a word", () => {
    expect(classText("standard")).not.toBe("standard");
    expect(classText("complaints")).toBe("complaints");
  });

  it("adds a rule that the centre takes as it is", () => {
    const policy = recordingPolicy(say, 0);
    const rule = ruleOf(anyCall(policy));
    expect(Object.keys(rule).sort()).toEqual(Object.keys(policy.rules[0] ?? {}).sort());
    expect(policy.classes.map((one) => one.name)).toContain(rule.class);
  });
});
