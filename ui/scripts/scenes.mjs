// What to look at: a scenario of the simulated desk, a size, and what to do first.
const small = { width: 960, height: 600 };
const tiny = { width: 640, height: 400 };
const zoomed = { width: 480, height: 300 };
const strip = { width: 520, height: 64 };
const card = { width: 380, height: 248 };

const by = (testid) => `[data-testid="${testid}"]`;
const click =
  (...testids) =>
  async (page) => {
    for (const testid of testids) await page.click(by(testid));
  };
const press = (keys) => (page) => page.keyboard.press(keys);
const signIn = async (page) => {
  await page.fill(by("sign-in-password"), "a password");
  await page.click(by("sign-in-submit"));
  await page.waitForSelector('[role="dialog"]');
};

const goToBrowser = async (page) => {
  await page.click(by("sign-in-sso"));
  await page.waitForSelector(by("sso-code"));
};

const reach = async (page) => {
  await page.keyboard.press("Alt+t");
  await page.waitForSelector(by("reach-input"));
  await page.waitForTimeout(400);
};
const legs = async (page) => {
  await page.click(by("legs-open"));
  await page.waitForSelector(by("legs"));
};
const player = async (page) => {
  await click("view-recordings", "recording")(page);
  await page.waitForSelector(by("waveform"));
};
const score = async (page) => {
  await player(page);
  await page.click(by("player-score-tab"));
  await page.waitForSelector(by("scorecard"));
};
const scoreForm = async (page) => {
  await score(page);
  await page.click(by("score-form-new"));
};
const showCustomer = async (page) => {
  await page.keyboard.press("Control+k");
  await page.waitForSelector(by("palette-customer"));
  await page.keyboard.press("Enter");
  await page.waitForSelector(by("preview"));
};

/** Somebody else changes the customer while the form is open. */
const conflict = async (page) => {
  await page.click(by("customer-edit"));
  await page.fill(by("customer-form-name"), "Li Ting");
  await page.evaluate(async () => {
    const { mockDesk } = globalThis;
    const { customers } = await mockDesk.searchCustomers("C-100382");
    await mockDesk.editCustomer(customers[0].id, { name: "Li Ting-Ting", note: "" });
  });
  await page.fill(by("customer-form-name"), "Li T.");
  await page.click(by("customer-form-save"));
  await page.waitForSelector('[role="dialog"] >> text=Li Ting-Ting');
};

const coach = async (page) => {
  await click("view-board", "agent-monitor", "watch-coach")(page);
  await page.waitForSelector(by("coach-bar") + '[data-mode="coach"][data-connected="true"]');
};

export const scenes = [
  { name: "sign-in", mock: "sign-in" },
  { name: "sign-in-small", mock: "sign-in-ended", size: small },
  {
    name: "sign-in-wrong",
    mock: "sign-in",
    async act(page) {
      await page.fill(by("sign-in-password"), "wrong");
      await page.click(by("sign-in-submit"));
      await page.waitForSelector(by("sign-in-error"));
    },
  },
  { name: "sign-in-sso", mock: "sign-in-sso" },
  { name: "sign-in-sso-first", mock: "sign-in-sso-first" },
  { name: "sign-in-sso-password", mock: "sign-in-sso-first", act: click("sign-in-by-password") },
  { name: "sign-in-sso-only", mock: "sign-in-sso-only", size: small },
  { name: "sign-in-sso-missing", mock: "sign-in-sso-missing" },
  { name: "sso-waiting", mock: "sign-in-sso-first", act: goToBrowser },
  { name: "sso-waiting-small", mock: "sign-in-sso-first", size: small, act: goToBrowser },
  { name: "sso-waiting-zoomed", mock: "sign-in-sso-first", size: zoomed, act: goToBrowser },
  {
    name: "sign-in-tenant",
    mock: "sign-in",
    async act(page) {
      await page.fill(by("sign-in-centre"), "south.example.cn");
      await page.fill(by("sign-in-password"), "a password");
      await page.click(by("sign-in-submit"));
      await page.waitForSelector(by("sign-in-error"));
    },
  },
  { name: "sign-in-certificate", mock: "sign-in-certificate", act: signIn },
  { name: "sign-in-changed", mock: "sign-in-changed", act: signIn },
  { name: "sign-in-new", mock: "set-up" },
  { name: "set-up", mock: "set-up", act: click("set-up-open") },
  {
    name: "set-up-weak",
    mock: "set-up",
    size: small,
    async act(page) {
      await page.click(by("set-up-open"));
      for (const [field, text] of Object.entries({
        code: "ABCD-EFGH",
        name: "Han Mei",
        login: "hanmei",
        password: "short",
        again: "short",
      }))
        await page.fill(by(`set-up-${field}`), text);
      await page.click(by("set-up-submit"));
      await page.waitForSelector('[role="alert"]');
    },
  },
  { name: "sign-in-elsewhere", mock: "sign-in-elsewhere", act: signIn },
  { name: "headset", mock: "sign-in", act: click("headset-line") },
  { name: "idle", mock: "idle" },
  { name: "idle-small", mock: "idle", size: small },
  { name: "presence", mock: "idle", act: click("presence-menu") },
  { name: "not-ready", mock: "not-ready" },
  { name: "ring", mock: "ring" },
  { name: "ring-unknown", mock: "ring-unknown", size: small },
  { name: "dialing", mock: "dialing" },
  { name: "call", mock: "call" },
  { name: "call-small", mock: "call", size: small },
  { name: "call-small-side", mock: "call", size: small, act: click("tab-side") },
  { name: "call-tiny", mock: "call", size: tiny },
  { name: "call-zoomed", mock: "call", size: zoomed },
  { name: "ring-zoomed", mock: "ring", size: zoomed },
  { name: "sign-in-zoomed", mock: "sign-in", size: zoomed },
  { name: "ring-transfer", mock: "ring-transfer" },
  { name: "ring-returned", mock: "ring-returned", size: small },
  { name: "transferred", mock: "transferred" },
  { name: "consult", mock: "consult" },
  { name: "consult-small", mock: "consult", size: small },
  { name: "consult-zoomed", mock: "consult", size: zoomed },
  { name: "conference", mock: "conference" },
  { name: "parked", mock: "parked" },
  { name: "reach", mock: "call", act: reach },
  { name: "reach-zoomed", mock: "call", size: zoomed, act: reach },
  { name: "reach-failed", mock: "errors", act: reach },
  { name: "preview", mock: "idle", act: showCustomer },
  { name: "watched", mock: "watched" },
  { name: "board", mock: "board", act: click("view-board") },
  { name: "board-small", mock: "board-200", size: small, act: click("view-board") },
  { name: "board-zoomed", mock: "board", size: zoomed, act: click("view-board") },
  { name: "board-queues", mock: "board", act: click("view-board", "board-queues-tab") },
  { name: "board-calls", mock: "board", act: click("view-board", "board-calls-tab") },
  { name: "board-menu", mock: "board", act: click("view-board", "agent-more") },
  { name: "board-empty", mock: "board-empty", act: click("view-board") },
  { name: "board-failed", mock: "board-failed", size: small, act: click("view-board") },
  { name: "rules", mock: "administrator", act: click("view-board", "board-rules-tab") },
  { name: "teams", mock: "administrator", act: click("view-board", "board-teams-tab") },
  {
    name: "team",
    mock: "administrator",
    size: small,
    act: click("view-board", "board-teams-tab", "team-edit"),
  },
  { name: "coach", mock: "board", act: coach },
  { name: "coach-small", mock: "board", size: small, act: coach },
  {
    name: "coach-take-over",
    mock: "board",
    act: click("view-board", "agent-monitor", "watch-take-over"),
  },
  { name: "force", mock: "board", act: click("view-board", "agent-more", "menu-presence") },
  { name: "day", mock: "day" },
  { name: "hand", mock: "call", act: press("r") },
  { name: "hand-up", mock: "hand-up", size: small, act: press("r") },
  { name: "callback", mock: "day", act: click("callback-open") },
  { name: "callback-new", mock: "call", act: click("callback-new") },
  { name: "legs", mock: "call", act: legs },
  { name: "directory", mock: "day", act: click("view-directory", "colleague") },
  { name: "directory-small", mock: "day", size: small, act: click("view-directory") },
  { name: "directory-zoomed", mock: "day", size: zoomed, act: click("view-directory") },
  { name: "directory-failed", mock: "errors", act: click("view-directory") },
  { name: "address-book", mock: "idle", act: click("view-directory", "directory-book", "entry") },
  { name: "address-new", mock: "board", size: small, act: click("view-directory", "entry-new") },
  { name: "recording-paused", mock: "recording-paused" },
  { name: "recording-resumes", mock: "recording-resumes" },
  { name: "recording-failed", mock: "recording-failed", size: small },
  { name: "recordings", mock: "idle", act: click("view-recordings") },
  { name: "recordings-empty", mock: "empty", size: small, act: click("view-recordings") },
  { name: "player", mock: "board", act: player },
  { name: "score", mock: "board", act: score },
  { name: "score-agent", mock: "idle", act: score },
  { name: "score-small", mock: "board", size: small, act: score },
  { name: "score-form", mock: "board", act: scoreForm },
  { name: "player-small", mock: "idle", size: small, act: player },
  { name: "player-zoomed", mock: "idle", size: zoomed, act: player },
  { name: "call-keypad", mock: "call", act: click("keypad") },
  { name: "call-tickets", mock: "call", act: click("tab-tickets") },
  { name: "call-edit", mock: "call", act: click("customer-edit") },
  { name: "call-edit-conflict", mock: "call", act: conflict },
  { name: "call-reveal", mock: "call", act: click("reveal") },
  { name: "call-unknown", mock: "call-unknown" },
  { name: "call-reconnecting", mock: "call-reconnecting" },
  { name: "muted", mock: "muted" },
  { name: "hold", mock: "hold" },
  { name: "wrap", mock: "wrap" },
  { name: "wrap-small", mock: "wrap", size: small, act: click("wrap-done") },
  { name: "offline", mock: "offline" },
  { name: "line-down", mock: "line-down" },
  { name: "no-devices", mock: "no-devices" },
  { name: "centre-full", mock: "centre-full", act: click("outbox") },
  { name: "refused", mock: "refused", act: click("outbox") },
  { name: "empty", mock: "empty" },
  { name: "errors", mock: "errors" },
  { name: "loading", mock: "loading" },
  { name: "many", mock: "many" },
  { name: "palette", mock: "idle", act: press("Control+k") },
  {
    name: "palette-number",
    mock: "idle",
    size: small,
    async act(page) {
      await page.keyboard.press("Control+k");
      await page.fill(by("dial-input"), "0571 8888 6666");
    },
  },
  { name: "dial-request", mock: "dial-request" },
  { name: "tickets", mock: "idle", act: click("view-tickets", "ticket-row") },
  { name: "tickets-small", mock: "idle", size: small, act: click("view-tickets") },
  { name: "settings", mock: "idle", act: click("view-settings") },
  { name: "settings-managed", mock: "managed", act: click("view-settings") },
  { name: "settings-small", mock: "idle", size: small, act: click("view-settings") },
  { name: "update-ready", mock: "update-ready", act: click("view-settings") },
  { name: "update-ready-work", mock: "update-ready", size: small },
  { name: "update-waits", mock: "update-waits", act: click("view-settings") },
  { name: "update-fetched", mock: "update-fetched", act: click("view-settings") },
  { name: "update-told", mock: "update-told", act: click("view-settings") },
  { name: "update-forged", mock: "update-forged", size: small },
  { name: "update-forged-settings", mock: "update-forged", act: click("view-settings") },
  { name: "help", mock: "idle", act: press("Shift+?") },
  { name: "quit", mock: "quit", act: (page) => page.waitForSelector(by("quit")) },
  { name: "compact", mock: "call", size: strip },
  { name: "compact-ring", mock: "ring", size: strip },
  { name: "compact-idle", mock: "idle", size: strip },
  { name: "card", mock: "ring", page: "card.html", size: card },
  { name: "card-transfer", mock: "ring-transfer", page: "card.html", size: card },
];
