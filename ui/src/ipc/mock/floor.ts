/** The simulated floor: agents, queues and calls as the board shows them. */
import type {
  BoardAgent,
  BoardCall,
  BoardQueue,
  Contact,
  LiveView,
  Presence,
  WatchMode,
  Watching,
} from "../bindings";
import * as data from "./data";
import { contact, id, type Say } from "./data";
import { callWith } from "./parties";

/** Numbers that look random and are the same from run to run. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
const roll = dice(20261124);
const pick = <T>(list: readonly [T, ...T[]]): T =>
  list[Math.floor(roll() * list.length)] ?? list[0];

const family = "周陈刘孙吴何李王赵钱郑冯".split("") as [string, ...string[]];
const given = ["倩", "晓", "洋", "浩", "静", "磊", "敏", "婷", "建国", "思远", "雨桐"] as [
  string,
  ...string[],
];
const familyEn = ["Zhou", "Chen", "Liu", "Sun", "Wu", "He", "Li", "Wang", "Zhao", "Qian"] as [
  string,
  ...string[],
];
const givenEn = ["Qian", "Xiao", "Yang", "Hao", "Jing", "Lei", "Min", "Ting", "Yuan"] as [
  string,
  ...string[],
];

const doings: [Presence, ...Presence[]] = [
  { kind: "busy" },
  { kind: "busy" },
  { kind: "busy" },
  { kind: "ready" },
  { kind: "ready" },
  { kind: "wrap_up" },
  { kind: "offered" },
  { kind: "on_break" },
  { kind: "not_ready", reason: "meeting" },
];

function mos(): BoardAgent["quality"] {
  const score = roll() < 0.08 ? 2.2 + roll() : 3.9 + roll() * 0.5;
  return {
    mos: score,
    loss_percent: score < 3.5 ? 3 + roll() * 4 : roll() * 0.4,
    round_trip_ms: Math.round(30 + roll() * 60),
  };
}

export class Floor {
  agents: BoardAgent[];
  calls: BoardCall[];
  queues: BoardQueue[];

  constructor(
    readonly say: Say,
    now: number,
    size: number,
  ) {
    const teams: [string, ...string[]] = [
      say("售后一组", "After-sales 1"),
      say("售后二组", "After-sales 2"),
      say("售前组", "Sales"),
      say("大客户组", "Key accounts"),
    ];
    const known = data.people(say);
    this.calls = [];
    this.queues = data.queues(say, now).map((queue, n) => ({
      queue,
      ready: 4 - n,
      busy: 9 - 2 * n,
      signed_in: 15 - 3 * n,
      answered: 214 - 60 * n,
      abandoned: 7 - 2 * n,
      service_level: [0.864, 0.912, null][n] ?? null,
      within_s: 20,
    }));
    this.agents = Array.from({ length: size }, (_, n) => {
      const person = known[n] ?? {
        id: id(2000 + n),
        login: `agent${n}`,
        name: say(pick(family) + pick(given), `${pick(familyEn)} ${pick(givenEn)}`),
        role: "agent" as const,
      };
      const presence = n === 0 ? ({ kind: "busy" } as const) : pick(doings);
      return this.#set(
        {
          person,
          team: teams[n % teams.length] ?? null,
          presence: { presence, since: now, next: { kind: "ready" } },
          contact: null,
          quality: null,
          handled: Math.floor(roll() * 40),
          followed: n === 4,
          mine: n % 9 !== 7,
        },
        presence,
        now - Math.floor(roll() * 900_000),
      );
    });
    const first = this.calls[0];
    if (first) {
      first.help = {
        reason: "customer_angry",
        text: say("客户要求退全款", "Wants a full refund"),
        since: now - 48_000,
        answered_by: null,
      };
    }
  }

  #set(agent: BoardAgent, presence: Presence, since: number): BoardAgent {
    this.calls = this.calls.filter((call) => call.agent !== agent.person.id);
    const busy = presence.kind === "busy";
    const queue = pick(data.queues(this.say, since) as [ReturnType<typeof data.queues>[number]]);
    const caller = pick(
      data.customers(this.say, since) as [ReturnType<typeof data.customers>[number]],
    );
    const contactId = id(3000 + Math.floor(roll() * 1e9));
    if (busy) {
      this.calls.push({
        contact: contactId,
        direction: roll() < 0.8 ? "inbound" : "outbound",
        state: roll() < 0.9 ? "connected" : "held",
        queue: queue.id,
        queue_name: queue.name,
        agent: agent.person.id,
        agent_name: agent.person.name,
        customer_name: roll() < 0.7 ? caller.name : null,
        number: caller.numbers[0] ?? data.number("138****0092"),
        created: since - 20_000,
        connected: since,
        parties: roll() < 0.1 ? 3 : 2,
        watchers: [],
        help: null,
        recording: { kind: "on", by_hand: false },
      });
    }
    return {
      ...agent,
      presence: { ...agent.presence, presence, since },
      contact: busy ? contactId : null,
      quality: busy ? mos() : null,
    };
  }

  /** A moment later: some have changed what they do, lines are better or worse. */
  stir(now: number) {
    this.agents = this.agents.map((agent) => {
      if (roll() < 0.12) return this.#set(agent, pick(doings), now);
      return agent.quality && roll() < 0.3 ? { ...agent, quality: mos() } : agent;
    });
    this.queues = this.queues.map((entry) => ({
      ...entry,
      queue: {
        ...entry.queue,
        waiting: Math.max(0, entry.queue.waiting + Math.round(roll() * 2 - 1)),
        longest_since: entry.queue.longest_since ?? now,
      },
    }));
  }

  follow(agent: string, followed: boolean) {
    this.agents = this.agents.map((a) => (a.person.id === agent ? { ...a, followed } : a));
  }

  force(agent: string, presence: Presence, now: number) {
    this.agents = this.agents.map((a) => (a.person.id === agent ? this.#set(a, presence, now) : a));
  }

  /** What the window is told, as it would arrive: all of it new. */
  view(board: boolean, directory: boolean, now: number): LiveView {
    return structuredClone({
      queues: board ? this.queues : null,
      agents: board ? this.agents : [],
      calls: board ? this.calls : [],
      colleagues: directory ? data.colleagues(this.say, now) : null,
    });
  }
}

/** The contact behind a call of the board. */
export function contactOf(call: BoardCall, now: number): Contact {
  const subject = contact({
    id: call.contact,
    direction: call.direction,
    state: call.state,
    queue: call.queue,
    queue_name: call.queue_name,
    number: call.number,
    customer: id(100),
    customer_name: call.customer_name,
    agent: call.agent,
    agent_name: call.agent_name,
    created: call.created,
    connected: call.connected,
  });
  return { ...subject, call: callWith(subject, now, [], { help: call.help }) };
}

export function watchingOf(call: BoardCall, mode: WatchMode, now: number): Watching {
  return { contact: contactOf(call, now), mode, visible: true, connected: true, since: now };
}
