// A page with a WebRTC call between two peers: from the default microphone to the default speaker.
// Prints the median connection time in ms, then keeps the call up until it is ended.
import http from "node:http";
import { createRequire } from "node:module";
const { chromium } = createRequire(new URL("../../ui/package.json", import.meta.url))("playwright-core");

const server = http.createServer((_, response) => {
  response.setHeader("content-type", "text/html");
  response.end("<!doctype html><title>call</title>");
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  headless: true,
  ignoreDefaultArgs: ["--mute-audio"],
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
  ],
});
const page = await browser.newPage();
await page.goto(`http://127.0.0.1:${server.address().port}/`);
const connect = await page.evaluate(async () => {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const call = async () => {
    const [a, b] = [new RTCPeerConnection(), new RTCPeerConnection()];
    a.onicecandidate = ({ candidate }) => candidate && b.addIceCandidate(candidate);
    b.onicecandidate = ({ candidate }) => candidate && a.addIceCandidate(candidate);
    for (const track of stream.getTracks()) a.addTrack(track, stream);
    const heard = new Promise((ready) => (b.ontrack = ({ streams }) => ready(streams[0])));
    const begun = performance.now();
    const up = Promise.all(
      [a, b].map(
        (peer) =>
          new Promise((ready) => {
            peer.onconnectionstatechange = () => peer.connectionState === "connected" && ready();
          }),
      ),
    );
    await a.setLocalDescription();
    await b.setRemoteDescription(a.localDescription);
    await b.setLocalDescription();
    await a.setRemoteDescription(b.localDescription);
    await up;
    return { a, b, took: performance.now() - begun, stream: await heard };
  };
  const times = [];
  for (let n = 0; n < 20; n += 1) {
    const { a, b, took } = await call();
    times.push(took);
    a.close();
    b.close();
  }
  const last = await call();
  const audio = new Audio();
  audio.srcObject = last.stream;
  await audio.play();
  window.call = last;
  times.sort((x, y) => x - y);
  return times[times.length / 2];
});
console.log(connect);
process.on("SIGTERM", async () => {
  await browser.close();
  process.exit(0);
});
