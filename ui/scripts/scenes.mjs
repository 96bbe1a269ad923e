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
  { name: "call-keypad", mock: "call", act: click("keypad") },
  { name: "call-tickets", mock: "call", act: click("tab-tickets") },
  { name: "call-edit", mock: "call", act: click("customer-edit") },
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
  { name: "settings-small", mock: "idle", size: small, act: click("view-settings") },
  { name: "help", mock: "idle", act: press("Shift+?") },
  { name: "quit", mock: "quit", act: (page) => page.waitForSelector(by("quit")) },
  { name: "compact", mock: "call", size: strip },
  { name: "compact-ring", mock: "ring", size: strip },
  { name: "compact-idle", mock: "idle", size: strip },
  { name: "card", mock: "ring", page: "card.html", size: card },
];
