// A whole call by keyboard alone: ring, answer, ticket, hold, hang up, wrap-up, ready again.
// Fails when a step does not happen, a control moves, or the ring takes the keyboard away.
import assert from "node:assert/strict";
import { openMock } from "./mock.mjs";

const { browser, port, close } = await openMock();
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
page.setDefaultTimeout(10_000);

const by = (testid) => `[data-testid="${testid}"]`;
const seen = (testid, attributes = "") => page.waitForSelector(by(testid) + attributes);
const callState = (state) => seen("call-state", `[data-call-state="${state}"]`);
const stripState = (state) => seen("strip", `[data-state="${state}"]`);
const said = (text) =>
  page.waitForFunction(
    ([selector, part]) => document.querySelector(selector)?.textContent?.includes(part),
    [by("announcer"), text],
  );
const log = () => page.evaluate(() => [...globalThis.mockDesk.log]);
const logged = (command) =>
  page.waitForFunction((name) => globalThis.mockDesk.log.includes(name), command);

/** Where the controls of the strip are, once their fonts are there. */
const places = () =>
  page.evaluate(async (selectors) => {
    await document.fonts.ready;
    return selectors.map((selector) => {
      const { x, y, width, height } = document.querySelector(selector).getBoundingClientRect();
      return [x, y, width, height].map(Math.round).join(" ");
    });
  }, ["mute", "hold", "keypad", "transfer", "strip-answer", "hang-up", "presence-menu", "search"].map(by));

for (const lang of ["zh", "en"]) {
  await page.goto(`http://127.0.0.1:${port}/?mock=flow&lang=${lang}`);
  await seen("strip", '[data-state="idle"]');
  const before = await places();

  // Somebody is typing when the call comes in, and goes on typing.
  await page.keyboard.press("Alt+n");
  await page.keyboard.type("half a wor");
  await stripState("ring");
  await seen("answer");
  await page.keyboard.type("d");
  assert.equal(
    await page.evaluate(() => document.activeElement?.getAttribute("data-testid")),
    "ticket-subject",
    "the ring took the keyboard",
  );
  assert.deepEqual(await places(), before, "controls moved when it rang");
  await said(lang === "en" ? "Incoming call from" : "来电");

  await page.keyboard.press("Control+Shift+a");
  await callState("active");
  await stripState("talk");
  assert.deepEqual(await places(), before, "controls moved when it was answered");
  await said(lang === "en" ? "Connected" : "已接通");

  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press("m");
  await seen("mute", '[aria-pressed="true"]');
  await page.keyboard.press("m");
  await seen("mute", '[aria-pressed="false"]');
  await page.keyboard.press("d");
  await seen("keypad-5");
  await page.keyboard.type("5#");
  await page.waitForFunction(
    (selector) => document.querySelector(selector)?.textContent?.includes("5#"),
    by("keypad-digits"),
  );
  await page.keyboard.press("Escape");
  await page.waitForSelector(by("keypad-5"), { state: "detached" });
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press("h");
  await stripState("hold");
  assert.deepEqual(await places(), before, "controls moved on hold");
  await page.keyboard.press("h");
  await stripState("talk");

  // The ticket: saved while it is typed, created with Ctrl+Enter.
  await page.keyboard.press("Alt+n");
  await page.keyboard.press("Control+a");
  await page.keyboard.type("Leaks again");
  await seen("draft-state", '[data-state="kept"]');
  await logged("saveDraft");
  await page.keyboard.press("Control+Enter");
  assert.ok(!(await log()).includes("createTicket"), "a ticket without a type was sent");
  assert.equal(
    await page.evaluate(() => document.activeElement?.getAttribute("data-testid")),
    "ticket-type",
    "the field at fault was not focused",
  );
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Alt+n");
  await page.keyboard.press("Control+Enter");
  // What is typed while it is sent is no ghost of it.
  await page.keyboard.type("zz");
  await logged("createTicket");
  await page.waitForTimeout(400);
  const sent = await log();
  assert.ok(
    sent.lastIndexOf("saveDraft") < sent.indexOf("createTicket"),
    "a draft outlived its ticket",
  );

  await page.keyboard.press("Control+Shift+h");
  await seen("wrap-up");
  await stripState("wrap");
  assert.deepEqual(await places(), before, "controls moved in wrap-up");
  await said(lang === "en" ? "Call ended" : "通话已结束");
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press("Control+Enter");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Space");
  await seen("wrap-disposition-ticket", '[aria-checked="true"]');
  await page.keyboard.press("Tab");
  await page.keyboard.type("Visit on Saturday");
  await page.keyboard.press("Control+Enter");
  await logged("finishWrapUp");
  await stripState("idle");
  assert.deepEqual(await places(), before, "controls moved after wrap-up");

  // The half-typed word of before the call is still there.
  await page.waitForFunction(
    (selector) => document.querySelector(selector)?.value === "half a word",
    by("ticket-subject"),
  );
  console.log(`walked through a call in ${lang}`);
}
// A new centre is set up by keyboard alone, past a wrong code and a weak password.
const focused = (testid) =>
  page.waitForFunction((id) => document.activeElement?.getAttribute("data-testid") === id, testid);
const type = async (text) => {
  await page.keyboard.press("Control+a");
  await page.keyboard.type(text);
  await page.keyboard.press("Tab");
};
for (const lang of ["zh", "en"]) {
  await page.goto(`http://127.0.0.1:${port}/?mock=set-up&lang=${lang}`);
  await seen("set-up-open");
  await focused("sign-in-login");
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Enter");
  await focused("set-up-code");
  for (const text of ["WRONG", "Han Mei", "hanmei", "short"]) await type(text);
  await page.keyboard.type("shorter");
  await page.keyboard.press("Enter");
  await focused("set-up-again");
  assert.ok(!(await log()).includes("setUpCentre"), "two different passwords were sent");
  await page.keyboard.press("Control+a");
  await page.keyboard.type("short");
  await page.keyboard.press("Enter");
  await focused("set-up-password");
  await type("a long password");
  await page.keyboard.type("a long password");
  await page.keyboard.press("Enter");
  await focused("set-up-code");
  await type("ABCD-EFGH-JKLM-NPQR");
  await page.keyboard.press("Enter");
  await stripState("idle");
  console.log(`set up a centre in ${lang}`);
}
// Who answers as soon as the card is seen, before the call itself is there, has answered.
await page.goto(`http://127.0.0.1:${port}/?mock=flow&lang=en`);
await page.click(by("answer"));
await callState("active");
console.log("answered before it rang");

// Consult a colleague, change lines, make it a conference, leave it; then a transfer at once.
const typed = async (text) => {
  await seen("reach-input");
  await page.keyboard.type(text);
  await seen("reach-agent", '[aria-selected="true"]');
};
const idleKeys = () => page.evaluate(() => document.activeElement?.blur());
await page.goto(`http://127.0.0.1:${port}/?mock=call&lang=en`);
await callState("active");
const parties = await places();
await page.keyboard.press("t");
await typed("liu");
await page.keyboard.press("Enter");
await logged("consult");
await seen("party-customer", '[data-state="held"]');
await seen("party-colleague", '[data-state="connected"]');
assert.deepEqual(await places(), parties, "controls moved at the consultation");
await idleKeys();
await page.keyboard.press("s");
await seen("party-customer", '[data-state="connected"]');
await seen("party-colleague", '[data-state="held"]');
await page.keyboard.press("g");
await seen("party-colleague", '[data-state="connected"]');
await page.click(`${by("party-customer")} ${by("party-mute")}`);
await seen("party-customer", '[data-muted="true"]');
await page.click(`${by("party-colleague")} ${by("party-drop")}`);
await page.waitForSelector(by("party-colleague"), { state: "detached" });
await seen("notice-party_gone");
await page.keyboard.press("Alt+t");
await typed("chen");
await page.keyboard.press("Tab");
await page.keyboard.type("Wants a visit on Saturday");
await page.keyboard.press("Control+Enter");
await logged("transfer");
await seen("wrap-up");
console.log("consulted, met and transferred");
// Park, and take back what was parked.
await page.goto(`http://127.0.0.1:${port}/?mock=call&lang=zh`);
await callState("active");
await page.keyboard.press("Shift+P");
await page.click(by("pick-up-7"));
await callState("active");
console.log("parked and picked up");
// The recording stops by itself while a card number is typed, and by a key; a stored one is heard.
await page.goto(`http://127.0.0.1:${port}/?mock=call&lang=en`);
await seen("record", '[data-state="on"]');
await page.focus(by("ticket-secret"));
await seen("record", '[data-state="paused"]');
await page.keyboard.type("4111 1111");
await page.focus(by("ticket-subject"));
await seen("record", '[data-state="on"]');
assert.equal(await page.inputValue(by("ticket-secret")), "", "the card number stayed");
await logged("steer pause sensitive_field");
await idleKeys();
await page.keyboard.press("p");
await seen("recording-state", '[data-state="paused"]');
await page.focus(by("ticket-secret"));
await page.focus(by("ticket-subject"));
await page.waitForTimeout(200);
await seen("recording-state", '[data-state="paused"]');
await page.keyboard.press("Alt+5");
await page.click(by("recording"));
await page.focus(by("waveform"));
await page.keyboard.press("ArrowRight");
await seen("waveform", '[aria-valuenow="5"]');
console.log("recorded, paused and looked into");
// What is typed outlives what happens around it: the card is read again, the contact ends, a
// colleague was faster.
await page.goto(`http://127.0.0.1:${port}/?mock=call&lang=en`);
await callState("active");
await page.click(by("customer-edit"));
await page.fill(by("customer-form-name"), "Li Ting (home)");
await page.evaluate(async () => {
  const { mockDesk } = globalThis;
  const view = await new Promise((resolve) => mockDesk.subscribe(resolve));
  const { id, customer } = view.contacts[0];
  await mockDesk.editCustomer(customer, { name: "Li Ting-Ting", company: "East" });
  await mockDesk.hangUp();
  await mockDesk.saveNote({ contact: id, disposition: "solved", note: "", saved: 0 });
  await mockDesk.finishWrapUp(id);
});
await stripState("idle");
assert.equal(await page.inputValue(by("customer-form-name")), "Li Ting (home)", "the name went");
await page.click(by("customer-form-save"));
await page.waitForSelector('[role="dialog"] >> text=Theirs: Li Ting-Ting');
assert.equal(await page.inputValue(by("customer-form-name")), "Li Ting (home)", "the name went");
await page.keyboard.press("Control+Enter");
await page.waitForSelector(by("customer-form-name"), { state: "detached" });
// A comment waits until the ticket is opened again, and is written once.
await page.click(by("view-tickets"));
await page.click(by("ticket-row"));
await page.fill(by("ticket-comment"), "Parts ordered");
await page.click(by("view-work"));
await page.click(by("view-tickets"));
await page.click(by("ticket-row"));
assert.equal(await page.inputValue(by("ticket-comment")), "Parts ordered", "the comment went");
await page.focus(by("ticket-comment"));
await page.keyboard.press("Control+Enter");
await page.keyboard.press("Control+Enter");
await page.waitForFunction(
  (selector) => document.querySelector(selector)?.value === "",
  by("ticket-comment"),
);
const comments = (await log()).filter((each) => each === "commentTicket");
assert.equal(comments.length, 1, "a comment was written twice");
// So does an entry of the address book; its number is dialled without being seen.
await page.click(by("view-directory"));
await page.click(by("directory-book"));
await page.click(by("entry-new"));
await page.fill(by("entry-name"), "Plumber");
await page.click(by("entry"));
await page.fill(by("directory-search"), "nobody at all");
await page.waitForSelector(by("entry"), { state: "detached" });
await page.click(by("entry-new"));
assert.equal(await page.inputValue(by("entry-name")), "Plumber", "the entry went");
await page.fill(by("directory-search"), "");
await page.click(by("entry"));
await page.click(by("entry-dial"));
await logged("dial entry");
// A call-back that is moved is still for the number that was promised.
await page.goto(`http://127.0.0.1:${port}/?mock=day&lang=en`);
const promised = () =>
  page.evaluate(async () => {
    const view = await new Promise((resolve) => globalThis.mockDesk.subscribe(resolve));
    return view.callbacks.map((each) => each.number.display).sort();
  });
await seen("callbacks");
const numbers = await promised();
await page.click(by("callback-open"));
await page.click(by("callback-hour"));
await page.click(by("callback-save"));
await page.waitForSelector(by("callback-save"), { state: "detached" });
assert.deepEqual(await promised(), numbers, "another number was promised");
await page.click(by("notice-callback_due-do"));
await logged("dial callback");
console.log("kept what was typed, and dialled what was promised");
// Somebody has left a team that is edited.
await page.goto(`http://127.0.0.1:${port}/?mock=administrator&lang=en`);
for (const name of ["view-board", "board-teams-tab", "team-edit", "team-save"])
  await page.click(by(name));
await page.waitForSelector(by("team-save"), { state: "detached" });
console.log("edited a team");
// A supervisor, by keys: the board, an agent's call in three ways, away again; an answer by text.
await page.goto(`http://127.0.0.1:${port}/?mock=board&lang=zh`);
await seen("strip");
await page.keyboard.press("Alt+4");
await seen("board-agents", '[data-count="12"]');
await page.focus(`${by("board-agent")}[tabindex="0"]`);
await page.keyboard.press("ArrowDown");
await page.keyboard.press("ArrowUp");
await page.keyboard.press("Enter");
await seen("menu-monitor");
await page.keyboard.press("Enter");
await seen("coach-bar", '[data-mode="monitor"][data-connected="true"]');
await page.keyboard.press("Alt+Shift+2");
await seen("coach-bar", '[data-mode="coach"]');
await page.keyboard.press("Alt+Shift+3");
await seen("coach-bar", '[data-mode="barge"]');
await page.keyboard.press("Control+Shift+h");
await seen("strip", '[data-state="idle"]');
await page.fill(by("help-text"), "Offer a new cartridge");
await page.keyboard.press("Enter");
await logged("sendMessage");
await page.waitForSelector(by("help-text"), { state: "detached" });
await page.click(by("agent-more"));
await page.click(by("menu-presence"));
await page.fill(by("force-reason"), "Too many calls waiting");
await page.keyboard.press("Enter");
await logged("forcePresence");
console.log("watched, coached and answered");
// The supervisor scores a call: all questions first, then two cards lie beside a third.
await page.keyboard.press("Escape");
await page.keyboard.press("Alt+5");
await page.click(by("recording"));
await page.click(by("player-score-tab"));
await page.click(by("score-q1-2"));
await logged("saveScorecard false");
await page.click(by("score-done"));
assert.ok(!(await log()).includes("saveScorecard true"), "a card with gaps was finished");
for (const points of ["q2-4", "q3-none", "q4-1"]) await page.click(by(`score-${points}`));
await page.fill(by("score-comment"), "Good summary");
await page.keyboard.press("Enter");
await page.click(by("score-done"));
await logged("saveScorecard true");
await page.waitForFunction(
  (selector) => document.querySelectorAll(selector).length === 3,
  by("scorecard"),
);
await seen("calibration");
console.log("scored and compared");
await close();
