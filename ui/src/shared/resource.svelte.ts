/** Something fetched from the centre: loading, failed or there. */
import type { Failure } from "$ipc/bindings";
import { failureOf } from "./desk.svelte";

/** Fetches again whenever what `key` reads changes; answers that come too late are dropped. */
export class Resource<T> {
  data = $state.raw<T>();
  failure = $state.raw<Failure>();
  loading = $state(false);
  #turn = 0;
  #fetch: () => Promise<T> | undefined;

  /** `fetch` returns nothing while there is nothing to ask for. Call in a component's set-up. */
  constructor(fetch: () => Promise<T> | undefined) {
    this.#fetch = fetch;
    $effect(() => {
      void this.#run(true);
    });
  }

  /** Asks again, keeping what is shown until the answer is there. */
  reload(): Promise<void> {
    return this.#run(false);
  }

  async #run(fresh: boolean): Promise<void> {
    const turn = ++this.#turn;
    const answer = this.#fetch();
    if (fresh) this.data = undefined;
    this.failure = undefined;
    this.loading = answer !== undefined;
    if (!answer) return;
    try {
      const data = await answer;
      if (turn === this.#turn) this.data = data;
    } catch (error) {
      if (turn === this.#turn) this.failure = failureOf(error);
    } finally {
      if (turn === this.#turn) this.loading = false;
    }
  }
}
