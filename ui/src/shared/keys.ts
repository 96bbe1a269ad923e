/** Keys pressed inside the window. */

/** A key press as settings spell it: `Ctrl+Shift+A`. Empty for a bare modifier. */
export function spell(event: KeyboardEvent): string {
  if (["Control", "Shift", "Alt", "Meta"].includes(event.key)) return "";
  const parts = [];
  if (event.ctrlKey) parts.push("Ctrl");
  if (event.altKey) parts.push("Alt");
  if (event.shiftKey) parts.push("Shift");
  if (event.metaKey) parts.push("Super");
  // The code names the physical key, which Shift and the input method leave alone.
  const key = /^Key([A-Z])$/.exec(event.code)?.[1] ?? /^Digit([0-9])$/.exec(event.code)?.[1];
  parts.push(key ?? (event.key.length === 1 ? event.key.toUpperCase() : event.key));
  return parts.join("+");
}

/** True where a letter is text, not a command. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.closest("input, textarea, select, [contenteditable]") !== null;
}

/** Attachment: `Ctrl+Enter` anywhere inside does what the form's main button does. */
export function ctrlEnter(run: () => void): (node: HTMLElement) => () => void {
  return (node) => {
    const listen = (event: KeyboardEvent) => {
      if (event.key !== "Enter" || !event.ctrlKey || event.isComposing) return;
      event.preventDefault();
      event.stopPropagation();
      run();
    };
    node.addEventListener("keydown", listen);
    return () => node.removeEventListener("keydown", listen);
  };
}
