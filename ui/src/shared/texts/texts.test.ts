import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { FailureCode, NoticeCode } from "$ipc/bindings";
import { language } from "$shared/language.svelte";
import { awayText, codeText, failureAt, failureCodes, failureText, fieldName } from "./failure";
import { isLoud, newsOf, noticeCodes, noticeText } from "./notice";

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
const catalogue = (locale: string): Record<string, string> =>
  JSON.parse(read(`messages/${locale}.json`));
const zh = catalogue("zh-CN");
const en = catalogue("en");

/** The members of a generated union of strings. */
function codesOf(type: string): string[] {
  const bindings = read("src/ipc/bindings.ts").replace(/\/\*[\s\S]*?\*\//g, "");
  const body = new RegExp(`export type ${type} =([^;]*);`).exec(bindings)?.[1];
  if (!body) throw new Error(`no type ${type} in the bindings`);
  return [...body.matchAll(/"([a-z_]+)"/g)].map(([, code]) => code ?? "");
}

function speak(locale: "zh" | "en", say: () => string): string {
  language.follow(locale);
  return say();
}

// The window has these; a test of texts needs no more of them.
vi.stubGlobal("document", { documentElement: {} });
vi.stubGlobal("navigator", { language: "zh-CN" });
afterEach(() => language.follow("zh"));

describe("catalogues", () => {
  it("hold the same keys", () => {
    expect(Object.keys(zh)).toEqual(Object.keys(en));
  });

  it("leave nothing empty, and nothing in the other language", () => {
    const chinese = /[\u4e00-\u9fff]/;
    for (const [key, text] of Object.entries(en)) {
      expect(text.trim(), key).not.toBe("");
      expect(chinese.test(text), `${key}: ${text}`).toBe(false);
    }
    const words = Object.entries(zh).filter(([, text]) =>
      /[a-z]{3}/i.test(text.replace(/\{\w+\}/g, "")),
    );
    for (const [key, text] of words) {
      if (key !== "$schema")
        expect(chinese.test(text) || key === "quality_figures", `${key}: ${text}`).toBe(true);
    }
  });

  it("name the same values", () => {
    const values = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();
    for (const key of Object.keys(zh))
      expect(values(en[key] ?? ""), key).toEqual(values(zh[key] ?? ""));
  });
});

describe("failures", () => {
  it("has a text for every code of centre and desk", () => {
    const all = new Set([...codesOf("Code"), ...codesOf("DeskCode")]);
    expect(all.size).toBeGreaterThan(40);
    expect([...failureCodes].sort()).toEqual([...all].sort());
  });

  it("says what happened and what to do, in both languages", () => {
    for (const code of failureCodes as FailureCode[]) {
      for (const locale of ["zh", "en"] as const) {
        const text = speak(locale, () => codeText(code));
        // Two statements: the fault, and the remedy or the way on.
        const parts = text.split(/[。.;；:，,！!]/).filter((part) => part.trim().length > 1);
        expect(parts.length, `${code}: ${text}`).toBeGreaterThan(1);
        expect(text, code).not.toMatch(/[{}]|undefined/);
      }
    }
  });

  it("names the field, the host and the time to wait", () => {
    const failure = {
      code: "invalid_field",
      field: "numbers.0",
      retry_after_s: null,
      subject: null,
      expected: null,
      detail: "",
    } as const;
    expect(speak("en", () => failureText(failure))).toContain("Phone");
    expect(
      speak("zh", () => failureText({ ...failure, code: "account_locked", retry_after_s: 300 })),
    ).toContain("5 分钟后");
    expect(
      speak("en", () =>
        failureText({ ...failure, code: "centre_unreachable", subject: "a.example" }),
      ),
    ).toContain("a.example");
    const tenants = {
      code: "wrong_tenant",
      field: null,
      expected: "North",
      subject: "South",
    } as const;
    for (const locale of ["zh", "en"] as const)
      expect(speak(locale, () => failureText({ ...failure, ...tenants }))).toMatch(/North.*South/);
  });
});

describe("a form", () => {
  const failure = (field: string | null) => ({
    code: "invalid_field" as const,
    field,
    retry_after_s: null,
    subject: null,
    expected: null,
    detail: "",
  });

  it("shows a failure once: at its place, or below when it has none", () => {
    const shown = (field: string | null) =>
      ["name", "numbers", ""].filter((place) =>
        failureAt(failure(field), place, ["name", "numbers"]),
      );
    expect(shown("numbers.1")).toEqual(["numbers"]);
    for (const field of ["number_from", "tags.0", null]) expect(shown(field)).toEqual([""]);
    expect(failureAt(null, "", [])).toBe("");
  });

  it("has a word for what a person can fill in", () => {
    for (const field of ["tags", "agents", "supervisors", "number_from", "to", "at", "text"])
      for (const locale of ["zh", "en"] as const)
        expect(
          speak(locale, () => fieldName(field)),
          field,
        ).not.toBe(field);
  });
});

describe("a centre that is away", () => {
  it("sends nobody who is signed in to look at its address", () => {
    expect(speak("zh", () => awayText("centre_unreachable", "A"))).not.toContain("地址");
    expect(speak("en", () => awayText("centre_unreachable", "A"))).not.toContain("address");
    expect(awayText("certificate_expired", "A")).toBe(codeText("certificate_expired", "A"));
  });
});

describe("notices", () => {
  it("tells news from trouble, and says both aloud", () => {
    const notice = (code: NoticeCode) => ({ id: 1, code, detail: null, text: null, end: null });
    expect(newsOf(notice("message_received"))).toBe("message_received");
    expect(newsOf(notice("disk_full"))).toBeUndefined();
    for (const code of noticeCodes)
      if (newsOf(notice(code))) expect(isLoud(notice(code)), code).toBe(true);
  });

  it("has a text for every code, in both languages", () => {
    expect([...noticeCodes].sort()).toEqual(codesOf("NoticeCode").sort());
    for (const code of noticeCodes as NoticeCode[]) {
      for (const locale of ["zh", "en"] as const) {
        const text = speak(locale, () =>
          noticeText({ id: 1, code, detail: "X", text: "Y", end: "left" }),
        );
        expect(text.length, code).toBeGreaterThan(4);
        expect(text, code).not.toMatch(/[{}]|undefined/);
      }
    }
  });
});
