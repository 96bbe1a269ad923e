//! A call is recorded, paused, found, heard, scored and answered, each person in a window of their
//! own, and what was said in the pauses is nowhere.

use crate::scene::{Floor, save};
use anyhow::{Context, Result, ensure};
use seatline_tests::{
    api::Api,
    baresip::Baresip,
    centre::{AFTER_SALES, AGENT, Centre},
    listen::{self, SAME},
    output_folder,
    process::wait_for,
    prompt,
    seat::Seat,
    sound::{RATE, SoundServer},
};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

const SUPERVISOR: &str = "hejing";

/// Under everything that is said in a pause lies this tone, Hz: like a dye, it shows wherever the
/// smallest part of it went.
const DYE: f32 = 2_100.0;

/// Keys pressed by the customer in a pause, and digits typed by the agent.
const PRESSED: &str = "73051946";
const TYPED: &str = "6222021234567894";

/// What the customer hums, Hz, and for how many seconds.
const HUM: f32 = 700.0;
const HUMMED_S: u64 = 12;

/// Seconds of sound compared at once.
const SPAN: usize = 8;

struct Call {
    agent: Seat,
    supervisor: Seat,
    customer: Baresip,
    customer_sound: SoundServer,
    customer_speech: PathBuf,
    agent_speech: PathBuf,
    secret: PathBuf,
    output: PathBuf,
    centre: Centre,
    folder: tempfile::TempDir,
}

impl Call {
    async fn gather(name: &str) -> Result<Self> {
        let Floor {
            customer,
            customer_sound,
            centre,
            folder,
        } = Floor::open()?;
        let path = folder.path();
        let secret = path.join("secret.wav");
        dye(&prompt("demo-abouttotry")?, &secret)?;
        Ok(Self {
            agent: Seat::take(path, &centre, AGENT).await?,
            supervisor: Seat::take(path, &centre, SUPERVISOR).await?,
            customer,
            customer_sound,
            customer_speech: prompt("demo-congrats")?,
            agent_speech: prompt("demo-instruct")?,
            secret,
            output: output_folder(name)?,
            centre,
            folder,
        })
    }

    async fn picture(&self, seat: &Seat, name: &str) -> Result<()> {
        let file = self.output.join(format!("{name}.png"));
        seat.window.take_picture(&file).await
    }

    /// A picture in each language; the page stays in Chinese.
    async fn pictures(&self, seat: &Seat, name: &str, back: &[&str]) -> Result<()> {
        for (language, tag) in [("en", "en"), ("zh", "zh-CN")] {
            seat.window.click("view-settings").await?;
            seat.window.click(&format!("language-{language}")).await?;
            seat.window.wait_look(tag, "light").await?;
            for step in back {
                seat.window.click(step).await?;
            }
            self.picture(seat, &format!("{name}-{language}")).await?;
        }
        Ok(())
    }

    /// The customer calls and waits; the agent answers after the announcement.
    async fn begin(&mut self) -> Result<()> {
        self.agent.go_ready().await?;
        let heard = self.customer_sound.start_recording("customer")?;
        self.customer.dial(AFTER_SALES, &self.centre.trunk)?;
        self.agent.window.find("answer").await?;
        let chimed = wait_for("the announcement", Duration::from_secs(20), || {
            chime_in(&heard.samples().ok()?)
        });
        save(&heard.samples()?, &self.output.join("announcement.wav"))?;
        chimed.context("the customer hears no announcement")?;
        self.agent.window.click("answer").await?;
        self.agent.wait_call("active").await?;
        self.wait_recording("on").await
    }

    /// Waits for how recording stands, as the agent sees it.
    async fn wait_recording(&self, state: &str) -> Result<()> {
        let window = &self.agent.window;
        window
            .wait_attribute("record", "data-state", |now| now == state)
            .await
            .map(drop)
    }

    /// Says something for so many seconds.
    fn say(sound: &SoundServer, file: &Path, seconds: u64) -> Result<()> {
        let _speaking = sound.play("mouth", file)?;
        std::thread::sleep(Duration::from_secs(seconds));
        Ok(())
    }

    /// Both speak, one after the other.
    fn talk(&self) -> Result<()> {
        Self::say(&self.customer_sound, &self.customer_speech, 12)?;
        Self::say(&self.agent.sound, &self.agent_speech, 12)
    }

    /// What must be kept nowhere: said by both, and keyed.
    fn tell_secret(&mut self) -> Result<()> {
        Self::say(&self.customer_sound, &self.secret, 6)?;
        Self::say(&self.agent.sound, &self.secret, 6)?;
        for key in PRESSED.chars() {
            self.customer.press(key)?;
            std::thread::sleep(Duration::from_millis(250));
        }
        // The last of it is on its way for a moment.
        std::thread::sleep(Duration::from_secs(1));
        Ok(())
    }

    /// Presses a key in the agent's window.
    async fn press(&self, key: &str) -> Result<()> {
        let page = self.agent.window.client();
        page.execute("document.activeElement?.blur()", Vec::new())
            .await?;
        let body = page.find(fantoccini::Locator::Css("body")).await?;
        Ok(body.send_keys(key).await?)
    }

    /// The one recording, once it is closed.
    async fn kept(&self, admin: &Api) -> Result<Value> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let page = admin.get("recordings").await?;
            let found = page["recordings"].as_array().context("a list")?;
            if let [recording] = &found[..]
                && recording["status"] == "complete"
            {
                let id = recording["id"].as_str().context("an id")?;
                let whole = admin.get(&format!("recordings/{id}")).await?;
                if whole["peak_ms"] != 0 {
                    return Ok(whole);
                }
            }
            ensure!(Instant::now() < deadline, "no recording: {page}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// Lays the dye under a prompt.
fn dye(prompt: &Path, file: &Path) -> Result<()> {
    let mut reader = hound::WavReader::open(prompt)?;
    let spec = reader.spec();
    let mut writer = hound::WavWriter::create(file, spec)?;
    for (n, sample) in reader.samples::<i16>().enumerate() {
        let turn = std::f32::consts::TAU * DYE * n as f32 / spec.sample_rate as f32;
        let dyed = f32::from(sample?) * 0.7 + 4_000.0 * turn.sin();
        writer.write_sample(dyed as i16)?;
    }
    Ok(writer.finalize()?)
}

/// Whether three notes rise one after the other.
fn chime_in(heard: &[f32]) -> Option<()> {
    const NOTES: [f32; 3] = [523.25, 659.25, 783.99];
    let (window, note) = (RATE as usize / 10, RATE as usize * 2 / 5);
    let loud = |at: usize, hz: f32| {
        let sound = heard.get(at..at + window)?;
        Some(listen::tone_dbfs(sound, hz) > -30.0)
    };
    (0..heard.len()).step_by(window / 4).find_map(|begin| {
        let notes = NOTES.iter().zip(0..);
        let all = notes.map(|(hz, n)| loud(begin + n * note, *hz));
        all.collect::<Option<Vec<bool>>>()?
            .into_iter()
            .all(|loud| loud)
            .then_some(())
    })
}

/// How much of a speech is found anywhere in a sound.
fn best(speech: &[f32], sound: &[f32]) -> f32 {
    let length = SPAN * RATE as usize;
    (0..sound.len().saturating_sub(length))
        .step_by(RATE as usize / 2)
        .filter_map(|begin| sound.get(begin..begin + length))
        .filter(|part| listen::level_dbfs(part) > -50.0)
        .map(|part| listen::resemblance(speech, part))
        .fold(-1.0, f32::max)
}

/// The loudest that the dye is anywhere in a sound, dBFS.
fn dyed(sound: &[f32]) -> f32 {
    loudest(sound, DYE)
}

/// A track as ffmpeg hears it.
fn decode(ogg: &Path) -> Result<Vec<f32>> {
    let wav = ogg.with_extension("wav");
    let done = Command::new("ffmpeg")
        .args(["-loglevel", "error", "-y", "-i"])
        .arg(ogg)
        .args(["-ac", "1", "-ar", "48000"])
        .arg(&wav)
        .status()
        .context("ffmpeg is missing; `cargo dev setup` installs it")?;
    ensure!(done.success(), "ffmpeg does not play {}", ogg.display());
    listen::load(&wav)
}

/// The files in which a secret stands in the clear.
fn files_with(folder: &Path, secret: &str, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let kind = std::fs::symlink_metadata(&path)?.file_type();
        if kind.is_dir() {
            files_with(&path, secret, found)?;
        } else if kind.is_file() {
            let bytes = std::fs::read(&path)?;
            let here = bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes());
            if here {
                found.push(path);
            }
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_recorded_paused_heard_scored_and_answered() {
    let mut call = Call::gather("recording").await.unwrap();
    record(&mut call).await.unwrap();
    let admin = Api::sign_in(&call.centre, "admin").await.unwrap();
    let recording = call.kept(&admin).await.unwrap();
    judge_what_is_kept(&call, &admin, &recording).await.unwrap();
    hear_in_the_window(&call).await.unwrap();
    score_and_answer(&call).await.unwrap();
    let log = call.centre.logged().unwrap();
    assert!(!log.contains(PRESSED) && !log.contains(TYPED));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_is_heard_at_twice_its_speed_and_the_same_pitch() {
    let mut call = Call::gather("speed").await.unwrap();
    let tone = call.folder.path().join("tone.wav");
    hum(&tone).unwrap();
    call.begin().await.unwrap();
    Call::say(&call.customer_sound, &tone, HUMMED_S).unwrap();
    call.agent.window.click("hang-up").await.unwrap();
    let admin = Api::sign_in(&call.centre, "admin").await.unwrap();
    call.kept(&admin).await.unwrap();

    let window = &call.supervisor.window;
    window.click("view-recordings").await.unwrap();
    window.click("recording").await.unwrap();
    window.find("waveform").await.unwrap();
    let plain = hear_to_the_end(&call, "1").await.unwrap();
    let twice = hear_to_the_end(&call, "2").await.unwrap();
    let (long, short) = (hummed_s(&plain), hummed_s(&twice));
    let (hum, octave) = (loudest(&twice, HUM), loudest(&twice, 2.0 * HUM));
    println!("{long:.1} s, at twice the speed {short:.1} s; {hum:.0} dBFS, octave {octave:.0}");
    assert!(long > HUMMED_S as f32 * 0.7, "hummed for {long} s");
    assert!((1.6..2.5).contains(&(long / short)), "{long} s, {short} s");
    assert!(octave < hum - 20.0, "{octave} dBFS an octave above {hum}");
}

/// Hums into a file.
fn hum(file: &Path) -> Result<()> {
    let samples: Vec<f32> = (0..RATE * (HUMMED_S as u32 + 4))
        .map(|n| std::f32::consts::TAU * HUM * n as f32 / RATE as f32)
        .map(|turn| 0.275 * turn.sin())
        .collect();
    save(&samples, file)
}

/// What the supervisor hears of the whole recording at a speed.
async fn hear_to_the_end(call: &Call, speed: &str) -> Result<Vec<f32>> {
    let window = &call.supervisor.window;
    window.choose("player-speed", speed).await?;
    let heard = call.supervisor.sound.start_recording("headset")?;
    call.picture(&call.supervisor, &format!("speed-{speed}"))
        .await?;
    window.click("player-play").await?;
    for playing in ["true", "false"] {
        let mut patience = 3;
        while let Err(error) = window
            .wait_attribute("player", "data-playing", |now| now == playing)
            .await
        {
            patience -= 1;
            ensure!(patience > 0, "at speed {speed}: {error}");
        }
    }
    let heard = heard.samples()?;
    save(&heard, &call.output.join(format!("speed-{speed}.wav")))?;
    Ok(heard)
}

/// For how long the hum is heard, in seconds, gaps left out.
fn hummed_s(heard: &[f32]) -> f32 {
    let tenths = heard.chunks_exact(RATE as usize / 10);
    let loud = tenths.filter(|tenth| listen::tone_dbfs(tenth, HUM) > -35.0);
    loud.count() as f32 / 10.0
}

/// The loudest that a tone is anywhere, dBFS.
fn loudest(heard: &[f32], hz: f32) -> f32 {
    let tenths = heard.chunks_exact(RATE as usize / 10);
    let levels = tenths.map(|tenth| listen::tone_dbfs(tenth, hz));
    levels.fold(-120.0, f32::max)
}

/// The call itself.
async fn record(call: &mut Call) -> Result<()> {
    call.begin().await?;
    call.talk()?;
    call.picture(&call.agent, "1-recorded").await?;

    call.press("p").await?;
    call.wait_recording("paused").await?;
    call.picture(&call.agent, "2-paused-by-key").await?;
    call.tell_secret()?;
    call.press("p").await?;
    call.wait_recording("on").await?;

    let window = &call.agent.window;
    window.click("ticket-secret").await?;
    call.wait_recording("paused").await?;
    let window = &call.agent.window;
    window.fill("ticket-secret", TYPED).await?;
    call.picture(&call.agent, "3-paused-by-field").await?;
    call.tell_secret()?;
    let window = &call.agent.window;
    window.fill("ticket-subject", "补开发票").await?;
    call.wait_recording("on").await?;
    window.choose("ticket-type", "question").await?;
    window.click("ticket-create").await?;
    call.talk()?;
    call.agent.window.click("hang-up").await?;
    call.agent.wait_presence("wrap_up").await
}

/// Decrypted and decoded, what was said outside of the pauses is there, and nothing of the inside;
/// and no digit of it is in any file, log, database or cache of anybody.
async fn judge_what_is_kept(call: &Call, admin: &Api, recording: &Value) -> Result<()> {
    let id = recording["summary"]["id"].as_str().context("an id")?;
    let secret = listen::load(&call.secret)?;
    let speeches = [&call.customer_speech, &call.agent_speech];
    for (track, speech) in speeches.into_iter().enumerate() {
        let file = call.output.join(format!("track-{track}.ogg"));
        let stream = admin
            .bytes(&format!("recordings/{id}/tracks/{track}"))
            .await?;
        std::fs::write(&file, stream)?;
        let kept = decode(&file)?;
        let (said, hidden) = (best(&listen::load(speech)?, &kept), best(&secret, &kept));
        let dye = dyed(&kept);
        println!("track {track}: said {said:.2}, hidden {hidden:.2}, dye {dye:.0} dBFS");
        ensure!(
            said > SAME,
            "track {track}: what was said is kept by {said}"
        );
        ensure!(
            hidden < said,
            "track {track} resembles the secret by {hidden}"
        );
        ensure!(dye < -35.0, "track {track} is dyed: {dye} dBFS");
    }
    let kinds: Vec<&str> = recording["markers"]
        .as_array()
        .context("markers")?
        .iter()
        .filter_map(|marker| marker["mark"]["kind"].as_str())
        .collect();
    ensure!(
        kinds
            == [
                "announced",
                "paused",
                "resumed",
                "paused",
                "resumed",
                "ticket"
            ],
        "{kinds:?}"
    );
    let reasons: Vec<&Value> = recording["markers"]
        .as_array()
        .context("markers")?
        .iter()
        .map(|marker| &marker["mark"]["reason"])
        .filter(|reason| !reason.is_null())
        .collect();
    ensure!(
        reasons == [&json!("asked"), &json!("sensitive_field")],
        "{reasons:?}"
    );
    let verified = admin.get(&format!("recordings/{id}/verification")).await?;
    ensure!(verified["whole"] == true, "{verified}");
    for digits in [PRESSED, TYPED] {
        let mut found = Vec::new();
        files_with(call.folder.path(), digits, &mut found)?;
        ensure!(found.is_empty(), "{digits} stands in {found:?}");
    }
    Ok(())
}

/// The supervisor finds the call, sees it and hears it in the player.
async fn hear_in_the_window(call: &Call) -> Result<()> {
    let window = &call.supervisor.window;
    window.click("view-recordings").await?;
    window.click("recording").await?;
    window.find("waveform").await?;
    for kind in ["announced", "paused", "resumed", "ticket"] {
        window.find(&format!("marker-{kind}")).await?;
    }
    // The picture is painted some frames after its place is there.
    let deadline = Instant::now() + Duration::from_secs(15);
    loop {
        let drawn = window
            .client()
            .execute(
                "const all = (id) => document.querySelectorAll(`[data-testid=${id}]`).length;
                 const canvas = document.querySelector('[data-testid=waveform] canvas');
                 const { width, height } = canvas;
                 const pixels = canvas.getContext('2d').getImageData(0, 0, width, height);
                 const painted = pixels.data.filter((it) => it > 0).length;
                 return [all('wave-mark'), all('wave-gap'), painted];",
                Vec::new(),
            )
            .await?;
        let count = |n: usize| drawn[n].as_u64().unwrap_or(0);
        if count(0) == 6 && count(1) == 2 && count(2) > 1_000 {
            break;
        }
        ensure!(Instant::now() < deadline, "{drawn}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    call.pictures(
        &call.supervisor,
        "4-player",
        &["view-recordings", "recording"],
    )
    .await?;

    let heard = call.supervisor.sound.start_recording("headset")?;
    window.click("player-play").await?;
    window
        .wait_attribute("player", "data-playing", |now| now == "true")
        .await?;
    std::thread::sleep(Duration::from_secs(28));
    let heard = heard.samples()?;
    save(&heard, &call.output.join("player.wav"))?;
    for speech in [&call.customer_speech, &call.agent_speech] {
        let found = best(&listen::load(speech)?, &heard);
        println!(
            "the player lets {} be heard by {found:.2}",
            speech.display()
        );
        ensure!(found > SAME, "{} is not heard: {found}", speech.display());
    }
    window.choose("player-speed", "2").await?;
    let (begun, before) = (Instant::now(), position(call).await?);
    while begun.elapsed() < Duration::from_secs(10) {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let played = position(call).await? - before;
        let passed = begun.elapsed().as_secs_f64();
        println!("at twice the speed: {played:.0} s in {passed:.1} s");
    }
    window.click("player-play").await?;
    window
        .wait_attribute("player", "data-playing", |now| now == "false")
        .await
        .map(drop)
}

/// Where the player is, in seconds.
async fn position(call: &Call) -> Result<f64> {
    let shown = call.supervisor.window.text("player-at").await?;
    let (minutes, seconds) = shown.split_once(':').context("a time")?;
    Ok(minutes.parse::<f64>()? * 60.0 + seconds.parse::<f64>()?)
}

/// The supervisor scores the call, and the agent reads and answers.
async fn score_and_answer(call: &Call) -> Result<()> {
    let window = &call.supervisor.window;
    window.click("player-score-tab").await?;
    window.click("score-form-new").await?;
    window.fill("score-form-name", "售后通话质检").await?;
    window.fill("score-question-0", "开场与身份核对").await?;
    window.fill("score-question-1", "方案与承诺").await?;
    window.click("score-form-save").await?;
    window.find("score-sheet").await?;
    window
        .client()
        .execute(
            "for (const question of document.querySelectorAll('[data-question]'))
               question.querySelector('[data-testid$=\"-4\"] input').click();",
            Vec::new(),
        )
        .await?;
    window.fill("score-comment", "这里先道歉再解释").await?;
    window.enter("score-comment").await?;
    let reached = window.text("score-percent").await?;
    ensure!(reached == "80%", "{reached}");
    let back = ["view-recordings", "recording", "player-score-tab"];
    call.pictures(&call.supervisor, "5-scoring", &back).await?;
    window.click("score-done").await?;
    window.find("scorecard").await?;

    let window = &call.agent.window;
    window.click("view-recordings").await?;
    window.click("recording").await?;
    window.click("player-score-tab").await?;
    window
        .fill("score-reply", "客户当时很着急，下次注意")
        .await?;
    let back = ["view-recordings", "recording", "player-score-tab"];
    call.pictures(&call.agent, "6-agent-reads", &back).await?;
    window
        .fill("score-reply", "客户当时很着急，下次注意")
        .await?;
    window.click("score-accept").await?;
    let replied = window.text("score-replied").await?;
    ensure!(replied.contains("下次注意"), "{replied}");

    let window = &call.supervisor.window;
    for step in [
        "view-work",
        "view-recordings",
        "recording",
        "player-score-tab",
    ] {
        window.click(step).await?;
    }
    let replied = window.text("score-replied").await?;
    ensure!(replied.contains("下次注意"), "{replied}");
    call.picture(&call.supervisor, "7-answered").await
}
