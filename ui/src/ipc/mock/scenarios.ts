/** What the simulated desk begins with, by name. */
import type { Call, Contact, DeskView, LiveCall, Notice, Party, SsoOffer } from "../bindings";
import * as data from "./data";
import { contact, DAY, id, MINUTE, type Say } from "./data";
import { callWith, party } from "./parties";

export interface Scenario {
  view: DeskView;
  /** Commands that fail, to see how the window takes it. */
  failing?: boolean;
  /** Lists longer than what is shown. */
  more?: boolean;
  /** Lists without entries. */
  empty?: boolean;
  /** Answers that never come. */
  slow?: boolean;
  /** A call comes in after this long, ms. */
  ringsAfter?: number;
  /** How signing in goes wrong at first. */
  signIn?: "certificate_untrusted" | "certificate_changed" | "signed_in_elsewhere";
  /** The centre has no administrator yet. */
  needsSetUp?: boolean;
  /** The centre's single sign-on. */
  sso?: SsoOffer;
  /** How many work on the floor; 12 unless told. */
  floor?: number;
  /** The floor changes this often, ms. */
  stirs?: number;
  /** The shell asks before it quits. */
  quit?: boolean;
}

export function signedOut(say: Say): DeskView {
  return {
    connection: { kind: "signed_out", reason: null },
    line: { kind: "down", reason: null },
    centre: {
      url: "https://center.example.cn",
      name: say("澄水客服中心", "Clearwater Care"),
      managed: false,
    },
    me: null,
    presence: null,
    clock_offset_ms: 0,
    clock_wrong: false,
    contacts: [],
    queues: [],
    catalog: null,
    offer: null,
    call: null,
    watching: null,
    parked: [],
    callbacks: [],
    helps: [],
    alarms: [],
    messages: [],
    drafts: [],
    notes: [],
    outbox: { pending: 0, held_up: null, refused: [] },
    headset: {
      devices: data.devices(),
      microphone: null,
      speaker: null,
      ringer: "out-board",
      processing: { echo: true, noise: true, gain: true },
      problem: null,
      problem_device: null,
      buttons: [{ name: "Jabra Evolve2 65", access: "works" }],
    },
    settings: {
      language: "system",
      theme: "system",
      hotkeys: {
        answer: "Ctrl+Shift+A",
        hang_up: "Ctrl+Shift+H",
        mute: "Ctrl+Shift+M",
        hold: "Ctrl+Shift+O",
      },
      notify: true,
      autostart: false,
      link_handler: false,
    },
    managed: [],
    sso_first: false,
    sso: null,
    dial_request: null,
    notices: [],
    keyring: "system",
    update: { version: "0.1.0", state: { kind: "current", asked: true } },
    revision: 0,
  };
}

const sso = (passwords: SsoOffer["passwords"]): SsoOffer => ({
  zh: "澄水统一认证",
  en: "Clearwater ID",
  passwords,
});

export function online(say: Say, now: number): DeskView {
  return {
    ...signedOut(say),
    connection: { kind: "online" },
    line: { kind: "up" },
    me: data.people(say)[0] ?? null,
    presence: { presence: { kind: "ready" }, since: now - 37_000, next: { kind: "ready" } },
    catalog: data.catalog(say),
    queues: data.queues(say, now),
  };
}

/** The call every scenario is about. */
export function live(say: Say, now: number, part: Partial<Contact> = {}): Contact {
  const caller = data.customers(say, now)[0];
  return contact({
    id: id(400),
    state: "connected",
    queue_name: say("售后热线", "After-sales"),
    number: data.number("138****5678", say("浙江 杭州", "Hangzhou")),
    customer: caller?.id ?? null,
    customer_name: caller?.name ?? null,
    agent_name: say("周倩", "Zhou Qian"),
    created: now - 152_000,
    connected: now - 134_000,
    ...part,
  });
}

export function callOf(subject: Contact, part: Partial<Call> = {}): Call {
  return {
    contact: subject.id,
    direction: subject.direction,
    state: "active",
    number: subject.number,
    name: subject.customer_name,
    since: subject.connected ?? subject.created,
    connected: subject.connected,
    muted: false,
    digits: "",
    customer_digits: "",
    quality: {
      bars: 4,
      mos: 4.3,
      round_trip_ms: 38,
      jitter_ms: 6,
      loss_percent: 0.1,
      codec: "Opus",
    },
    ...part,
  };
}

function draft(say: Say, now: number, contactId: string | null) {
  return {
    id: id(250),
    contact: contactId,
    customer: id(100),
    subject: say("滤芯更换后仍漏水，申请上门", "Leaks after cartridge swap, visit wanted"),
    ticket_type: "repair",
    priority: "high" as const,
    description: say(
      "客户昨日更换滤芯（批次 2610B），接口处仍渗水。要求本周六上午上门。",
      "Cartridge (batch 2610B) replaced yesterday, joint still seeps. Wants a visit Saturday morning.",
    ),
    assignee: id(3),
    saved: now - 4_000,
  };
}

const busy = (since: number) => ({
  presence: { kind: "busy" as const },
  since,
  next: { kind: "ready" as const },
});

export function ringing(say: Say, now: number, known = true): DeskView {
  const base = online(say, now);
  const caller = data.customers(say, now)[0];
  const subject = live(say, now, {
    state: "offered",
    connected: null,
    created: now - 18_000,
    ...(known
      ? {}
      : {
          customer: null,
          customer_name: null,
          number: data.number("171****3320", say("河南 郑州", "Zhengzhou")),
        }),
  });
  return {
    ...base,
    presence: { presence: { kind: "offered" }, since: now - 3_000, next: { kind: "ready" } },
    contacts: [subject],
    offer: {
      id: id(500),
      contact: subject,
      customer:
        known && caller
          ? {
              customer: caller,
              open_tickets: data
                .tickets(say, now)
                .slice(0, 1)
                .map((t) => t.summary),
              recent_contacts: data.pastContacts(say, now),
            }
          : null,
      deadline: now + 17_000,
    },
    call: callOf(subject, { state: "ringing", quality: null, since: now - 3_000 }),
  };
}

export function talking(
  say: Say,
  now: number,
  part: Partial<Call> = {},
  more: Parameters<typeof callWith>[2] = [],
  around: Partial<LiveCall> = {},
): DeskView {
  const known = live(say, now, { state: part.state === "held" ? "held" : "connected" });
  const subject = { ...known, call: callWith(known, now, more, around) };
  return {
    ...online(say, now),
    presence: busy(now - 134_000),
    contacts: [subject],
    call: callOf(subject, part),
    drafts: [draft(say, now, subject.id)],
  };
}

export function wrapping(say: Say, now: number): DeskView {
  const subject = live(say, now, {
    state: "wrap_up",
    created: now - 6 * MINUTE,
    connected: now - 6 * MINUTE + 12_000,
    ended: now - 19_000,
    ended_by: "customer",
    wrap_up_deadline: now + 41_000,
    tickets: [id(200)],
  });
  return {
    ...online(say, now),
    presence: { presence: { kind: "wrap_up" }, since: now - 19_000, next: { kind: "ready" } },
    contacts: [subject],
    notes: [
      {
        contact: subject.id,
        disposition: null,
        note: say(
          "客户要求周六上午上门，已指派二线。",
          "Visit on Saturday morning; assigned to tier 2.",
        ),
        saved: now - 2_000,
      },
    ],
  };
}

const poor = {
  bars: 1,
  mos: 2.4,
  round_trip_ms: 310,
  jitter_ms: 48,
  loss_percent: 6.2,
  codec: "Opus",
};

/** A supervisor at work. */
export function supervising(say: Say, now: number): DeskView {
  return { ...online(say, now), me: data.people(say)[3] ?? null };
}

export function notice(number: number, code: Notice["code"], part: Partial<Notice> = {}): Notice {
  return { id: number, code, detail: null, text: null, end: null, ...part };
}

/** A colleague in the call. */
export const liuYang = (say: Say, now: number, state: Party["state"] = "connected"): Party =>
  party({
    id: id(803),
    role: "colleague",
    name: say("刘洋", "Liu Yang"),
    agent: id(3),
    state,
    since: now - 34_000,
  });

/** The customer of a view's call hears music. */
export function customerHeld(view: DeskView, now: number): DeskView {
  const contacts = view.contacts.map((c) => ({
    ...c,
    call: c.call && {
      ...c.call,
      parties: c.call.parties.map((p) =>
        p.role === "customer" ? { ...p, state: "held" as const, since: now - 41_000 } : p,
      ),
    },
  }));
  return { ...view, contacts };
}

const handOver = (say: Say, now: number): LiveCall["hand_over"] => ({
  from: id(2),
  from_name: say("陈晓", "Chen Xiao"),
  note: say(
    "滤芯换过两次仍漏水，客户要求周六上门，已查过批次。",
    "Cartridge changed twice and still leaks; wants a visit on Saturday.",
  ),
  ticket: {
    subject: say("滤芯更换后仍漏水", "Leaks after cartridge swap"),
    ticket_type: "repair",
    priority: "high",
    description: "",
  },
  at: now - 9_000,
});

type Make = (say: Say, now: number) => Scenario;

export const scenarios: Record<string, Make> = {
  "sign-in": (say) => ({ view: signedOut(say) }),
  "sign-in-sso": (say) => ({ view: signedOut(say), sso: sso("everybody") }),
  "sign-in-sso-first": (say) => ({
    view: { ...signedOut(say), sso_first: true },
    sso: sso("administrators"),
  }),
  "sign-in-sso-only": (say) => ({
    view: { ...signedOut(say), sso_first: true },
    sso: sso("nobody"),
  }),
  "sign-in-sso-missing": (say) => ({ view: { ...signedOut(say), sso_first: true } }),
  "sign-in-certificate": (say) => ({ view: signedOut(say), signIn: "certificate_untrusted" }),
  "sign-in-changed": (say) => ({ view: signedOut(say), signIn: "certificate_changed" }),
  "set-up": (say) => ({ view: signedOut(say), needsSetUp: true }),
  "sign-in-elsewhere": (say) => ({ view: signedOut(say), signIn: "signed_in_elsewhere" }),
  "sign-in-ended": (say) => ({
    view: {
      ...signedOut(say),
      connection: { kind: "signed_out", reason: "session_ended" },
      keyring: "session_only",
      headset: { ...signedOut(say).headset, devices: [], problem: "no_microphone" },
    },
  }),
  idle: (say, now) => ({ view: online(say, now) }),
  managed: (say, now) => ({
    view: {
      ...online(say, now),
      managed: ["server_url", "language", "theme", "hotkey_mute", "echo_cancellation"],
    },
  }),
  flow: (say, now) => ({ view: online(say, now), ringsAfter: 3000 }),
  "not-ready": (say, now) => ({
    view: {
      ...online(say, now),
      presence: {
        presence: { kind: "not_ready", reason: "missed" },
        since: now - 95_000,
        next: { kind: "not_ready", reason: "missed" },
      },
      notices: [notice(1, "offer_missed")],
    },
  }),
  ring: (say, now) => ({ view: ringing(say, now) }),
  "ring-unknown": (say, now) => ({ view: ringing(say, now, false) }),
  "ring-transfer": (say, now) => {
    const view = ringing(say, now);
    if (!view.offer) return { view };
    const subject = view.offer.contact;
    const call = callWith(subject, now, [], { hand_over: handOver(say, now) });
    return {
      view: {
        ...view,
        contacts: [{ ...subject, call }],
        offer: {
          ...view.offer,
          contact: { ...subject, call },
          kind: { kind: "transfer", from_name: say("陈晓", "Chen Xiao") },
        },
      },
    };
  },
  "ring-consult": (say, now) => {
    const view = ringing(say, now);
    const kind = { kind: "consult" as const, from_name: say("陈晓", "Chen Xiao") };
    return { view: { ...view, offer: view.offer && { ...view.offer, kind } } };
  },
  "ring-returned": (say, now) => {
    const view = ringing(say, now);
    const kind = {
      kind: "returned" as const,
      target_name: say("刘洋", "Liu Yang"),
      why: "no_answer" as const,
    };
    return { view: { ...view, offer: view.offer && { ...view.offer, kind } } };
  },
  transferred: (say, now) => ({
    view: { ...talking(say, now, {}, [], { hand_over: handOver(say, now) }), drafts: [] },
  }),
  consult: (say, now) => ({
    view: customerHeld(talking(say, now, {}, [liuYang(say, now)]), now),
  }),
  conference: (say, now) => ({
    view: {
      ...talking(say, now, {}, [
        liuYang(say, now),
        party({
          id: id(804),
          role: "outside",
          name: say("物流调度", "Delivery desk"),
          number: data.number("028****0000", null, "fixed"),
          muted: true,
          since: now - 12_000,
        }),
      ]),
      notices: [notice(5, "party_gone", { detail: say("孙浩", "Sun Hao"), end: "no_answer" })],
    },
  }),
  board: (say, now) => {
    const view = supervising(say, now);
    const asking = live(say, now, { id: id(431) });
    const help = {
      reason: "customer_angry",
      text: say("客户要求退全款", "Wants a full refund"),
      since: now - 48_000,
      answered_by: null,
    };
    return {
      view: {
        ...view,
        helps: [{ ...asking, call: callWith(asking, now, [], { help }) }],
        notices: [notice(6, "help_wanted", { detail: say("周倩", "Zhou Qian") })],
      },
    };
  },
  "board-200": (say, now) => ({ view: supervising(say, now), floor: 200, stirs: 500 }),
  administrator: (say, now) => {
    const view = supervising(say, now);
    return { view: { ...view, me: view.me && { ...view.me, role: "administrator" } } };
  },
  "board-empty": (say, now) => ({ view: supervising(say, now), empty: true }),
  "board-failed": (say, now) => ({ view: supervising(say, now), failing: true }),
  "recording-paused": (say, now) => ({
    view: talking(say, now, {}, [], { recording: { kind: "paused", until: now + 92_000 } }),
  }),
  "recording-resumes": (say, now) => ({
    view: talking(say, now, {}, [], { recording: { kind: "paused", until: now + 12_000 } }),
  }),
  "recording-failed": (say, now) => ({
    view: talking(say, now, {}, [], { recording: { kind: "failed" } }),
  }),
  "hand-up": (say, now) => ({
    view: talking(say, now, {}, [], {
      help: {
        reason: "authority",
        text: "",
        since: now - 21_000,
        answered_by: say("吴静", "Wu Jing"),
      },
    }),
  }),
  day: (say, now) => ({
    view: {
      ...online(say, now),
      callbacks: data.callbacks(say, now),
      messages: [
        {
          id: id(981),
          from: id(4),
          from_name: say("吴静", "Wu Jing"),
          to: id(1),
          text: say("三点有新批次的说明会。", "Briefing on the new batch at three."),
          contact: null,
          at: now - 11 * MINUTE,
        },
      ],
      notices: [
        notice(7, "callback_due", { detail: id(972) }),
        notice(8, "message_received", {
          detail: say("吴静", "Wu Jing"),
          text: say("三点有新批次的说明会。", "Briefing on the new batch at three."),
        }),
        notice(9, "presence_forced", {
          detail: say("吴静", "Wu Jing"),
          text: say("排队太长，请先接电话。", "Too many are waiting."),
        }),
      ],
    },
  }),
  watched: (say, now) => ({
    view: talking(say, now, {}, [], {
      watchers: [
        {
          supervisor: id(4),
          name: say("吴静", "Wu Jing"),
          mode: "coach",
          since: now - 30_000,
        },
      ],
    }),
  }),
  parked: (say, now) => ({
    view: {
      ...online(say, now),
      parked: [
        {
          slot: 1,
          contact: id(431),
          customer_name: say("王建国", "Wang Jianguo"),
          number: data.number("139****0092"),
          by_name: say("周倩", "Zhou Qian"),
          since: now - 52_000,
          until: now + 68_000,
        },
        {
          slot: 3,
          contact: id(432),
          customer_name: null,
          number: data.number("171****3320"),
          by_name: say("陈晓", "Chen Xiao"),
          since: now - 9_000,
          until: now + 111_000,
        },
      ],
    },
  }),
  dialing: (say, now) => {
    const subject = live(say, now, {
      direction: "outbound",
      state: "dialing",
      queue: null,
      queue_name: null,
      created: now - 6000,
      connected: null,
    });
    return {
      view: {
        ...online(say, now),
        presence: busy(now - 6000),
        contacts: [subject],
        call: callOf(subject, { state: "dialing", quality: null }),
      },
    };
  },
  call: (say, now) => ({ view: talking(say, now) }),
  muted: (say, now) => ({
    view: talking(say, now, { muted: true, digits: "12#", customer_digits: "2" }),
  }),
  hold: (say, now) => ({ view: talking(say, now, { state: "held", since: now - 21_000 }) }),
  "call-reconnecting": (say, now) => ({
    view: {
      ...talking(say, now, { state: "reconnecting", quality: poor }),
      connection: {
        kind: "reconnecting",
        since: now - 9000,
        attempt: 3,
        reason: "centre_unreachable",
      },
      line: { kind: "connecting" },
      outbox: { pending: 2, held_up: "centre_unreachable", refused: [] },
    },
  }),
  "call-unknown": (say, now) => {
    const view = talking(say, now);
    const subject = {
      ...live(say, now),
      customer: null,
      customer_name: null,
      number: data.number("171****3320", say("河南 郑州", "Zhengzhou")),
    };
    return { view: { ...view, contacts: [subject], call: callOf(subject), drafts: [] } };
  },
  wrap: (say, now) => ({ view: wrapping(say, now) }),
  offline: (say, now) => ({
    view: {
      ...online(say, now),
      connection: {
        kind: "reconnecting",
        since: now - 64_000,
        attempt: 9,
        reason: "centre_unreachable",
      },
      line: { kind: "down", reason: "centre_unreachable" },
      outbox: { pending: 3, held_up: "centre_unreachable", refused: [] },
      drafts: [draft(say, now, null)],
      clock_wrong: true,
    },
    failing: true,
  }),
  "line-down": (say, now) => ({
    view: { ...online(say, now), line: { kind: "down", reason: "line_rejected" } },
  }),
  "no-devices": (say, now) => ({
    view: {
      ...online(say, now),
      headset: { ...signedOut(say).headset, devices: [], problem: "no_microphone" },
      notices: [notice(2, "device_lost", { detail: "Jabra Evolve2 65" })],
    },
  }),
  "centre-full": (say, now) => ({
    view: { ...online(say, now), outbox: { pending: 1, held_up: "storage_full", refused: [] } },
  }),
  refused: (say, now) => ({
    view: {
      ...online(say, now),
      outbox: {
        pending: 1,
        held_up: null,
        refused: [
          {
            id: "w1",
            what: "create_ticket",
            title: say("滤芯更换后仍漏水", "Leaks after cartridge swap"),
            typed: say("滤芯更换后仍漏水", "Leaks after cartridge swap"),
            code: "invalid_field",
            field: "ticket_type",
          },
          {
            id: "w2",
            what: "edit_customer",
            title: say("李婷", "Li Ting"),
            typed: say(
              "李婷\n华兴净水\n希望下周二上午上门，带新滤芯和扳手。",
              "Li Ting\nHuaxing Water\nWants a visit on Tuesday morning, with a new cartridge and a wrench.",
            ),
            code: "conflict",
            field: null,
          },
        ],
      },
      notices: [notice(3, "write_refused"), notice(4, "session_only")],
    },
  }),
  empty: (say, now) => ({ view: { ...online(say, now), queues: [] }, empty: true }),
  errors: (say, now) => ({ view: talking(say, now), failing: true }),
  loading: (say, now) => ({ view: talking(say, now), slow: true }),
  many: (say, now) => ({
    more: true,
    view: {
      ...online(say, now),
      queues: Array.from({ length: 14 }, (_, n) => ({
        id: id(600 + n),
        name: say(`专线 ${n + 1}`, `Line ${n + 1}`),
        waiting: (n * 7) % 11,
        longest_since: n % 3 === 0 ? null : now - n * 31_000,
      })),
      drafts: Array.from({ length: 9 }, (_, n) => ({
        ...draft(say, now - n * DAY, null),
        id: id(700 + n),
      })),
    },
  }),
  "update-ready": (say, now) => ({
    view: {
      ...online(say, now),
      update: { version: "0.1.0", state: { kind: "ready", version: "0.2.0", agreed: null } },
      notices: [notice(8, "update_ready", { detail: "0.2.0" })],
    },
  }),
  "update-waits": (say, now) => ({
    view: {
      ...talking(say, now),
      update: { version: "0.1.0", state: { kind: "ready", version: "0.2.0", agreed: "now" } },
    },
  }),
  "update-fetched": (say, now) => ({
    view: {
      ...online(say, now),
      update: {
        version: "0.1.0",
        state: { kind: "downloading", version: "0.2.0", percent: 42 },
      },
    },
  }),
  "update-told": (say, now) => ({
    view: {
      ...online(say, now),
      update: { version: "0.1.0", state: { kind: "told", version: "0.2.0" } },
      notices: [notice(8, "update_told", { detail: "0.2.0" })],
    },
  }),
  "update-forged": (say, now) => ({
    view: {
      ...online(say, now),
      update: {
        version: "0.1.0",
        state: { kind: "failed", version: "0.2.0", code: "update_forged" },
      },
      notices: [notice(8, "update_failed", { detail: "0.2.0", text: "update_forged" })],
    },
  }),
  "dial-request": (say, now) => ({
    view: { ...online(say, now), dial_request: { number: "+8657188886666" } },
  }),
  quit: (say, now) => ({ view: talking(say, now), quit: true }),
};
