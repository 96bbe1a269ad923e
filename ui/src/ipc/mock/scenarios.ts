/** What the simulated desk begins with, by name. */
import type { Call, Contact, DeskView } from "../bindings";
import * as data from "./data";
import { contact, DAY, id, MINUTE, type Say } from "./data";

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
    drafts: [],
    notes: [],
    outbox: { pending: 0, refused: [] },
    headset: {
      devices: data.devices(),
      microphone: null,
      speaker: null,
      ringer: "out-board",
      processing: { echo: true, noise: true, gain: true },
      problem: null,
      problem_device: null,
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
    },
    dial_request: null,
    notices: [],
    keyring: "system",
    revision: 0,
  };
}

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

export function talking(say: Say, now: number, part: Partial<Call> = {}): DeskView {
  const subject = live(say, now, { state: part.state === "held" ? "held" : "connected" });
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

type Make = (say: Say, now: number) => Scenario;

export const scenarios: Record<string, Make> = {
  "sign-in": (say) => ({ view: signedOut(say) }),
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
  flow: (say, now) => ({ view: online(say, now), ringsAfter: 3000 }),
  "not-ready": (say, now) => ({
    view: {
      ...online(say, now),
      presence: {
        presence: { kind: "not_ready", reason: "missed" },
        since: now - 95_000,
        next: { kind: "not_ready", reason: "missed" },
      },
      notices: [{ id: 1, code: "offer_missed", detail: null }],
    },
  }),
  ring: (say, now) => ({ view: ringing(say, now) }),
  "ring-unknown": (say, now) => ({ view: ringing(say, now, false) }),
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
      outbox: { pending: 2, refused: [] },
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
      outbox: { pending: 3, refused: [] },
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
      notices: [{ id: 2, code: "device_lost", detail: "Jabra Evolve2 65" }],
    },
  }),
  refused: (say, now) => ({
    view: {
      ...online(say, now),
      outbox: {
        pending: 1,
        refused: [
          {
            id: "w1",
            what: "create_ticket",
            title: say("滤芯更换后仍漏水", "Leaks after cartridge swap"),
            code: "invalid_field",
            field: "ticket_type",
          },
          {
            id: "w2",
            what: "edit_customer",
            title: say("李婷", "Li Ting"),
            code: "conflict",
            field: null,
          },
        ],
      },
      notices: [
        { id: 3, code: "write_refused", detail: null },
        { id: 4, code: "session_only", detail: null },
      ],
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
  "dial-request": (say, now) => ({
    view: { ...online(say, now), dial_request: { number: "+8657188886666" } },
  }),
  quit: (say, now) => ({ view: talking(say, now), quit: true }),
};
