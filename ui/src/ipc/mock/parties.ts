/** Parties of the simulated calls, and what becomes of them. */
import type { Contact, LiveCall, Party, Target } from "../bindings";
import * as data from "./data";
import { id, type Say } from "./data";

export function party(part: Partial<Party> & Pick<Party, "id" | "role">): Party {
  return {
    name: null,
    number: null,
    agent: null,
    queue: null,
    state: "connected",
    muted: false,
    since: 0,
    ...part,
  };
}

/** The call of a contact: its customer, the agent, and whoever else. */
export function callWith(
  subject: Contact,
  now: number,
  more: Party[] = [],
  part: Partial<LiveCall> = {},
): LiveCall {
  const since = subject.connected ?? now;
  return {
    parties: [
      party({
        id: id(801),
        role: "customer",
        name: subject.customer_name,
        number: subject.number,
        since,
      }),
      party({
        id: id(802),
        role: "agent",
        name: subject.agent_name,
        agent: subject.agent,
        since,
      }),
      ...more,
    ],
    hand_over: null,
    watchers: [],
    help: null,
    recording: { kind: "on", by_hand: false },
    ...part,
  };
}

/** The call with changed parties. */
export function withParties(call: LiveCall, change: (parties: Party[]) => Party[]): LiveCall {
  return { ...call, parties: change(call.parties) };
}

const standing = (p: Party, state: Party["state"], now: number): Party =>
  p.state === state ? p : { ...p, state, since: now };

/** Everybody but the agent held or connected, by what `held` says. */
export function settle(now: number, held: (party: Party) => boolean) {
  return (parties: Party[]) =>
    parties.map((p) => (p.role === "agent" ? p : standing(p, held(p) ? "held" : "connected", now)));
}

/** Somebody new, ringing; the others hear music. */
export function reachFor(say: Say, target: Target, now: number) {
  const person = target.kind === "agent" && data.people(say).find((p) => p.id === target.agent);
  const queue = target.kind === "queue" && data.queues(say, now).find((q) => q.id === target.queue);
  const entry =
    target.kind === "entry" && data.addressBook(say, now).find((e) => e.id === target.entry);
  const outside = target.kind === "number" || target.kind === "entry";
  return (parties: Party[]): Party[] => [
    ...settle(now, () => true)(parties),
    party({
      id: id(810 + parties.length),
      role: outside ? "outside" : "colleague",
      name: person ? person.name : entry ? entry.name : null,
      agent: person ? person.id : null,
      queue: queue ? queue.id : null,
      number: entry
        ? entry.number
        : target.kind === "number"
          ? data.number(target.number, null, "unknown")
          : null,
      state: queue ? "dialing" : "ringing",
      since: now,
    }),
  ];
}

/** Who rang has answered. */
export const answered = (now: number) => (parties: Party[]) =>
  parties.map((p) =>
    p.state === "ringing" || p.state === "dialing" ? standing(p, "connected", now) : p,
  );
