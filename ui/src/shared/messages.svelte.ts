/** Words between people: what came, what was sent from here, what was written before, what nobody
 * has looked at yet. */
import type { Message } from "$ipc/bindings";
import { act, desk } from "./desk.svelte";

/** One line of a conversation. */
export interface Line {
  id: string;
  mine: boolean;
  text: string;
  at: number;
}

/** What was read of a conversation, in its order. */
interface Read {
  messages: readonly Message[];
  /** There are earlier ones. */
  more: boolean;
}

let sent = $state.raw<readonly Message[]>([]);
let read = $state.raw<Record<string, Read>>({});
/** Until when each person's messages were looked at. */
let seen = $state.raw<Record<string, number>>({});

/** A conversation in the order it went, each line once wherever it is known from. */
export function conversation(person: string, ...known: (readonly Message[])[]): Line[] {
  const lines = new Map<string, Line>();
  for (const { id, from, to, text, at } of known.flat())
    if (from === person || to === person) lines.set(id, { id, text, at, mine: to === person });
  return [...lines.values()].sort((a, b) => a.at - b.at);
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

/** Reads what was written before the given message, or the latest. */
async function load(person: string, before: string | null): Promise<void> {
  const known = before === null ? [] : (read[person]?.messages ?? []);
  const went = await act(async (d) => {
    const page = await d.conversation(person, before);
    read = { ...read, [person]: { messages: [...page.messages, ...known], more: page.more } };
  });
  // What could not be read can be asked for again.
  if (!went) read = { ...read, [person]: { messages: known, more: true } };
}

export const messages = {
  with: (person: string) =>
    conversation(person, read[person]?.messages ?? [], desk.view.messages, sent),
  /** What was written has been read from the centre. */
  isRead: (person: string) => read[person] !== undefined,
  /** There are earlier ones than those that are shown. */
  hasEarlier: (person: string) => read[person]?.more ?? false,
  get unread(): Map<string, number> {
    return unreadOf(desk.view.messages, seen);
  },
  /** Reads the end of a conversation, once. */
  open: (person: string) => (read[person] ? Promise.resolve() : load(person, null)),
  /** Reads what was written before. */
  earlier: (person: string) => load(person, read[person]?.messages[0]?.id ?? null),
  /** Somebody's messages are on the screen. */
  look(person: string) {
    const last = desk.view.messages.findLast((message) => message.from === person);
    if (last && last.at > (seen[person] ?? 0)) seen = { ...seen, [person]: last.at };
  },
  /** Sends; tells whether it went well. */
  send: (person: string, text: string, contact: string | null): Promise<boolean> =>
    act(async (d) => {
      const message = await d.sendMessage(person, text, contact);
      sent = [...sent, message];
    }),
  /** The next person at this desk sees nothing of it. */
  forget() {
    sent = [];
    read = {};
    seen = {};
  },
};
