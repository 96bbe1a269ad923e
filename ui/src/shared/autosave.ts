/** Saves what is typed: soon after the last key, and at once when the field is left. */

/** How long after the last key, ms. */
export const SAVE_AFTER_MS = 250;

export class Autosave<T> {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pending: { value: T } | undefined;

  constructor(readonly save: (value: T) => void) {}

  /** Notes a change. */
  touch(value: T) {
    this.#pending = { value };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), SAVE_AFTER_MS);
  }

  /** Saves now what is not yet saved. */
  flush() {
    clearTimeout(this.#timer);
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending) this.save(pending.value);
  }

  /** Forgets what is not yet saved. */
  drop() {
    clearTimeout(this.#timer);
    this.#pending = undefined;
  }
}
