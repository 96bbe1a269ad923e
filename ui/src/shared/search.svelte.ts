/** A search that waits for the typing to pause and drops answers that come too late. */
import type { Customer, Failure } from "$ipc/bindings";
import { desk, failureOf } from "./desk.svelte";

const PAUSE_MS = 180;

export class CustomerSearch {
  customers = $state.raw<Customer[]>([]);
  more = $state(false);
  failure = $state.raw<Failure | null>(null);
  /** The query the results belong to; `null` while an answer is awaited. */
  answered = $state<string | null>(null);
  #turn = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Asks for what is typed now. */
  ask(query: string) {
    clearTimeout(this.#timer);
    this.answered = null;
    const turn = ++this.#turn;
    this.#timer = setTimeout(() => void this.#run(query.trim(), turn), PAUSE_MS);
  }

  async #run(query: string, turn: number) {
    try {
      const page = await desk.port.searchCustomers(query);
      if (turn !== this.#turn) return;
      this.customers = page.customers;
      this.more = page.more;
      this.failure = null;
    } catch (error) {
      if (turn !== this.#turn) return;
      this.customers = [];
      this.failure = failureOf(error);
    }
    this.answered = query;
  }
}
