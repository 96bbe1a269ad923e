import { describe, expect, it } from "vitest";
import { callWith, withParties } from "$ipc/mock/parties";
import { callOf, live, liuYang } from "$ipc/mock/scenarios";
import { announce, announceAround } from "./announce";

const say = (_: string, en: string) => en;
const NOW = 1_800_000_000_000;

describe("spoken", () => {
  const subject = live(say, NOW);
  const call = callWith(subject, NOW);

  it("is what happens to the call, once", () => {
    const ringing = callOf(subject, { state: "ringing" });
    const active = callOf(subject);
    expect(announce(null, ringing)).toContain("Li Ting");
    expect(announce(ringing, { ...ringing, digits: "1" })).toBe("");
    expect(announce(active, { ...active, muted: true })).not.toBe("");
    expect(announce(active, null)).not.toBe("");
  });

  it("is who comes, who listens and what is recorded, and nothing while nothing changes", () => {
    const asked = withParties(call, (p) => [...p, liuYang(say, NOW, "ringing")]);
    expect(announceAround(call, call)).toBe("");
    expect(announceAround(null, call)).toBe("");
    expect(announceAround(call, asked)).toContain("Liu Yang");
    const watcher = { supervisor: "s", name: "Wu Jing", mode: "monitor" as const, since: NOW };
    const watched = { ...call, watchers: [watcher] };
    expect(announceAround(call, watched)).toContain("Wu Jing");
    expect(announceAround(watched, call)).not.toBe("");
    expect(announceAround(watched, { ...watched, recording: { kind: "failed" } })).not.toBe("");
  });
});
