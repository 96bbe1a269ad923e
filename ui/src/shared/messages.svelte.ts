/** Words between people: what came, what was sent from here, what nobody has looked at yet. */
import type { Message } from "$ipc/bindings";
import { act, desk } from "./desk.svelte";

/** One line of a conversation. */
export interface Line {
  id: string;
  mine: boolean;
  text: string;
  at: number;
}

interface Sent extends Line {
  to: string;
}

let sent = $state.raw<Sent[]>([]);
/** Until when each person's messages were looked at. */
let seen = $state.raw<Record<string, number>>({});

/** A conversation in the order it went. */
export function conversation(
  person: string,
  received: readonly Message[],
  out: readonly Sent[],
): Line[] {
  const came = received
    .filter((message) => message.from === person)
    .map(({ id, text, at }) => ({ id, text, at, mine: false }));
  return [...came, ...out.filter((line) => line.to === person)].sort((a, b) => a.at - b.at);
}

/** Of whom something unread has come, and how much. */
export function unreadOf(
  received: readonly Message[],
  until: Readonly<Record<string, number>>,
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { from, at } of received)
    if (at > (until[from] ?? 0)) counts.set(from, (counts.get(from) ?? 0) + 1);
  return counts;
}

export const messages = {
  with: (person: string) => conversation(person, desk.view.messages, sent),
  get unread(): Map<string, number> {
    return unreadOf(desk.view.messages, seen);
  },
  /** Somebody's messages are on the screen. */
  look(person: string) {
    const last = desk.view.messages.findLast((message) => message.from === person);
    if (last && last.at > (seen[person] ?? 0)) seen = { ...seen, [person]: last.at };
  },
  /** Sends; tells whether it went well. */
  async send(person: string, text: string, contact: string | null): Promise<boolean> {
    const line = { id: crypto.randomUUID(), to: person, mine: true, text };
    if (!(await act((d) => d.sendMessage(person, text, contact)))) return false;
    sent = [...sent, { ...line, at: Date.now() + desk.view.clock_offset_ms }];
    return true;
  },
  /** The next person at this desk sees nothing of it. */
  forget() {
    sent = [];
    seen = {};
  },
};
