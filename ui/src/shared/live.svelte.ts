/** The board and the colleagues: they change every second, and are fetched only while looked at. */
import type { BoardAgent, BoardCall, Colleague, Failure, LiveView } from "$ipc/bindings";
import type { Stop } from "$ipc/port";
import { desk, failureOf } from "./desk.svelte";

const nothing: LiveView = { queues: null, agents: [], calls: [], colleagues: null };

let latest = $state.raw<LiveView>(nothing);
let failure = $state.raw<Failure | null>(null);
const watched = { board: 0, directory: 0 };
let listening: Promise<Stop> | undefined;

/**
 * The new list with the old objects where nothing changed, so that only what did is drawn again.
 */
export function keepSame<T>(
  before: readonly T[],
  now: readonly T[],
  keyOf: (item: T) => string,
): T[] {
  const old = new Map(before.map((item) => [keyOf(item), item]));
  return now.map((item) => {
    const same = old.get(keyOf(item));
    return same && JSON.stringify(same) === JSON.stringify(item) ? same : item;
  });
}

function take(next: LiveView) {
  latest = {
    queues: next.queues && keepSame(latest.queues ?? [], next.queues, (q) => q.queue.id),
    agents: keepSame<BoardAgent>(latest.agents, next.agents, (a) => a.person.id),
    calls: keepSame<BoardCall>(latest.calls, next.calls, (c) => c.contact),
    colleagues:
      next.colleagues &&
      keepSame<Colleague>(latest.colleagues ?? [], next.colleagues, (c) => c.person.id),
  };
}

async function tell() {
  failure = null;
  try {
    await desk.port.showLive(watched.board > 0, watched.directory > 0);
  } catch (error) {
    failure = failureOf(error);
  }
}

export const live = {
  get view(): LiveView {
    return latest;
  },
  /** Why the lists can not be had. */
  get failure(): Failure | null {
    return failure;
  },
  /** Asks again after a failure. */
  retry: () => void tell(),
  /** Watches a list until the returned function is called. Call in an effect. */
  watch(list: "board" | "directory"): () => void {
    watched[list] += 1;
    listening ??= desk.port.live(take);
    if (watched[list] === 1) void listening.then(tell);
    return () => {
      watched[list] -= 1;
      if (watched[list] === 0) void tell();
    };
  },
};
