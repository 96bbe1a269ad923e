//! `seatline --headless-agent`: the whole desk engine without a window, for tests and support. It
//! takes commands on standard input and tells on standard output, one JSON text a line.
//!
//! ```text
//! ▶ {"id": 1, "command": "dial", "arguments": {"target": {"kind": "number", "number": "10086"}}}
//! ◀ {"id": 1, "result": null}
//! ◀ {"id": 2, "error": {"code": "no_call", …}}
//! ◀ {"event": "view", "view": {…}}      at the start and at every change
//! ◀ {"event": "levels", "levels": {…}}  while metered
//! ◀ {"event": "live", "live": {…}}      while shown
//! ◀ {"event": "closing"}                an installer asks; the program ends when no call is up
//! ```
//!
//! Commands, arguments and answers are those of the windows, as in `ui/src/ipc/bindings.ts`;
//! up to 64 may be on their way at once, told apart by `id`. A line that is no command is answered
//! with an error and changes nothing. Whoever reads slowly is told the newest view instead of every
//! one. The end of the input, or of the output, ends the call and the program.

mod commands;

use crate::{closing, engine, exit, journal, launch::Launch, updates};
use seatline_contract::error::{ApiError, Code};
use seatline_desk::{Desk, failure::Failure};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    io::{self, BufRead, Read, Write},
    path::PathBuf,
    pin::pin,
    process::ExitCode,
    sync::Arc,
    thread,
    time::Duration,
};
use tokio::{
    runtime::Runtime,
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch},
    time::{sleep, timeout},
};

/// Longer lines are no commands.
const LONGEST_LINE: u64 = 1 << 20;

/// Lines read ahead of the engine, and told ahead of whoever reads.
const AHEAD: usize = 16;

/// Commands on their way at once.
const MOST: usize = 64;

/// How long what was asked waits for the engine to start once the input has ended.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long the end may wait for the last answers to be written.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Runs until the input or the output ends, or the system asks to end.
///
/// # Errors
/// When the data folder cannot be used.
pub fn run(launch: &Launch) -> anyhow::Result<ExitCode> {
    crate::choose_ciphers();
    let data_dir = launch.data_folder()?;
    let _journal = journal::open(&data_dir)?;
    let runtime = Runtime::new()?;
    let done = runtime.block_on(work(data_dir));
    // A keyring that waits for a person may hold a thread for ever.
    runtime.shutdown_timeout(LAST_WORDS);
    done.map(|()| ExitCode::SUCCESS)
}

async fn work(data_dir: PathBuf) -> anyhow::Result<()> {
    let (lines, inbox) = mpsc::channel(AHEAD);
    let (reading, over) = oneshot::channel::<()>();
    // A thread of its own: reading cannot be cut short, and nothing waits for it at the end.
    thread::spawn(move || {
        read_lines(&mut io::stdin().lock(), &lines);
        drop(reading);
    });
    let mut asked_to_end = pin!(exit::asked_to_end());
    let desk = tokio::select! {
        started = engine::start(data_dir, env!("CARGO_PKG_VERSION").into()) => started?,
        () = given_up(over, &inbox) => return Ok(()),
        asked = &mut asked_to_end => {
            asked?;
            return Ok(());
        }
    };
    let (told, written) = write_to(io::stdout());
    tokio::select! {
        () = serve(&desk, inbox, told) => {}
        asked = &mut asked_to_end => asked?,
    }
    exit::shut_down(&desk).await;
    // Whoever does not read, and a command that does not end, hold nothing up.
    let _ = timeout(LAST_WORDS, written).await;
    Ok(())
}

/// Waits until nobody can want the engine any more that is still starting: the input has ended, and
/// what it has asked has waited long enough.
async fn given_up(over: oneshot::Receiver<()>, inbox: &mpsc::Receiver<Vec<u8>>) {
    // Nothing is ever said: whoever reads lets go of its end.
    let _ = over.await;
    if !inbox.is_empty() {
        sleep(PATIENCE).await;
    }
}

/// Reads lines until the input ends or nobody wants more.
fn read_lines(input: &mut impl BufRead, lines: &mpsc::Sender<Vec<u8>>) {
    loop {
        let mut line = Vec::new();
        // One more than is allowed shows that it is too long.
        let mut limited = input.by_ref().take(LONGEST_LINE + 1);
        match limited.read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let is_whole = line.ends_with(b"\n");
        if !is_whole && line.len() as u64 > LONGEST_LINE && skip_line(input).is_err() {
            return;
        }
        if lines.blocking_send(line).is_err() {
            return;
        }
    }
}

/// Reads to the end of a line without keeping it.
fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let chunk = input.fill_buf()?;
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let length = end.map_or(chunk.len(), |end| end + 1);
        let is_over = end.is_some() || chunk.is_empty();
        input.consume(length);
        if is_over {
            return Ok(());
        }
    }
}

/// Writes what is told, one JSON text a line. The other end goes when all is written or nothing can
/// be written any more.
fn write_to(
    mut output: impl Write + Send + 'static,
) -> (mpsc::Sender<Value>, oneshot::Receiver<()>) {
    let (told, mut tells) = mpsc::channel::<Value>(AHEAD);
    let (writing, written) = oneshot::channel();
    // A thread of its own: writing cannot be cut short.
    thread::spawn(move || {
        while let Some(tell) = tells.blocking_recv() {
            let wrote = writeln!(output, "{tell}").and_then(|()| output.flush());
            if wrote.is_err() {
                break;
            }
        }
        drop(writing);
    });
    (told, written)
}

/// Obeys lines until there are no more, nobody can be told anything, or an installer wants the
/// program gone and no call is up; and tells meanwhile what changes.
async fn serve(desk: &Desk, mut lines: mpsc::Receiver<Vec<u8>>, told: mpsc::Sender<Value>) {
    let slots = Arc::new(Semaphore::new(MOST));
    let (mut views, mut levels, mut live) = (desk.watch(), desk.levels(), desk.live());
    views.mark_changed();
    let mut asked_to_close = pin!(asked_to_close(desk));
    let mut is_closing = false;
    loop {
        tokio::select! {
            () = told.closed() => return,
            () = &mut asked_to_close, if !is_closing => {
                is_closing = true;
                tell(told.clone(), json!({ "event": "closing" }));
            }
            () = closing::until_quiet(desk), if is_closing => return,
            line = next(&mut lines, &slots) => match line {
                Some((line, slot)) => answer(desk.clone(), line, slot, told.clone()),
                None => return,
            },
            Some(place) = room(&mut views, &told) => {
                let view = views.borrow_and_update().clone();
                place.send(json!({ "event": "view", "view": *view }));
            }
            Some(place) = room(&mut levels, &told) => {
                let levels = levels.borrow_and_update().clone();
                place.send(json!({ "event": "levels", "levels": levels }));
            }
            Some(place) = room(&mut live, &told) => {
                let live = live.borrow_and_update().clone();
                place.send(json!({ "event": "live", "live": *live }));
            }
        }
    }
}

/// Waits until an installer asks, or installs an update of this desk's own.
async fn asked_to_close(desk: &Desk) {
    tokio::select! {
        () = closing::asked() => {}
        () = updates::begun(desk) => {}
    }
}

/// Waits for a change and for room to tell it. What is told is then the newest, so that changes do
/// not pile up before whoever reads slowly. Nothing is lost when it is cut short.
async fn room<'t, T>(
    watched: &mut watch::Receiver<T>,
    told: &'t mpsc::Sender<Value>,
) -> Option<mpsc::Permit<'t, Value>> {
    watched.changed().await.ok()?;
    watched.mark_changed();
    told.reserve().await.ok()
}

/// The next line, once there may be one more command on its way. Nothing is lost when it is cut
/// short.
async fn next(
    lines: &mut mpsc::Receiver<Vec<u8>>,
    slots: &Arc<Semaphore>,
) -> Option<(Vec<u8>, OwnedSemaphorePermit)> {
    // It fails only when the slots are closed, which they never are.
    let slot = slots.clone().acquire_owned().await.ok()?;
    Some((lines.recv().await?, slot))
}

/// Tells something as soon as there is room.
fn tell(told: mpsc::Sender<Value>, what: Value) {
    tokio::spawn(async move {
        // It fails only when the output has ended.
        let _ = told.send(what).await;
    });
}

/// A line of the input.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    #[serde(default)]
    id: Value,
    command: String,
    #[serde(default)]
    arguments: serde_json::Map<String, Value>,
}

/// Begins to obey a line; the answer follows when it is there, and holds its slot until it is told.
fn answer(desk: Desk, line: Vec<u8>, slot: OwnedSemaphorePermit, told: mpsc::Sender<Value>) {
    tokio::spawn(async move {
        if let Some(answer) = obey(&desk, &line).await {
            // It fails only when the output has ended.
            let _ = told.send(answer).await;
        }
        drop(slot);
    });
}

/// Does what a line asks, if it asks anything.
async fn obey(desk: &Desk, line: &[u8]) -> Option<Value> {
    if line.iter().all(u8::is_ascii_whitespace) {
        return None;
    }
    let Request {
        id,
        command,
        arguments,
    } = match read(line) {
        Ok(request) => request,
        Err(failure) => return Some(json!({ "id": null, "error": failure })),
    };
    Some(match commands::obey(desk, &command, arguments).await {
        Ok(result) => json!({ "id": id, "result": result }),
        Err(failure) => json!({ "id": id, "error": failure }),
    })
}

fn read(line: &[u8]) -> Result<Request, Failure> {
    if line.len() as u64 > LONGEST_LINE {
        return Err(ApiError::new(Code::TooLarge)
            .detail(format!("a line is at most {LONGEST_LINE} bytes"))
            .into());
    }
    // Read straight away, a list would be taken for a request without names.
    serde_json::from_slice::<serde_json::Map<String, Value>>(line)
        .and_then(|object| serde_json::from_value(object.into()))
        .map_err(|error| malformed(error.to_string()))
}

/// What was asked is not understood.
fn malformed(detail: String) -> Failure {
    ApiError::new(Code::MalformedRequest).detail(detail).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(input: &[u8]) -> Vec<Vec<u8>> {
        let (lines, mut inbox) = mpsc::channel(AHEAD);
        read_lines(&mut io::BufReader::with_capacity(7, input), &lines);
        drop(lines);
        std::iter::from_fn(|| inbox.blocking_recv()).collect()
    }

    #[test]
    fn lines_are_read_whole_and_endless_ones_are_cut() {
        let lines = lines_of(b"{}\n\nlast");
        assert_eq!(lines, [b"{}\n".to_vec(), b"\n".to_vec(), b"last".to_vec()]);
        let mut long = vec![b'x'; 3 << 20];
        long.extend(b"\n{}\n");
        let lines = lines_of(&long);
        assert_eq!(lines.len(), 2);
        assert!(read(&lines[0]).is_err());
        assert_eq!(lines[1], b"{}\n");
    }

    /// Where a test reads what was written.
    #[derive(Clone, Default)]
    struct Paper(Arc<parking_lot::Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What nobody reads any more.
    struct Gone;

    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Whether it is not done at once.
    async fn waits(work: impl Future) -> bool {
        tokio::select! {
            biased;
            _ = work => false,
            () = std::future::ready(()) => true,
        }
    }

    #[tokio::test]
    async fn the_last_word_is_written_before_the_end() {
        let paper = Paper::default();
        let (told, written) = write_to(paper.clone());
        for number in 0..2 * AHEAD {
            told.send(json!(number)).await.unwrap();
        }
        drop(told);
        let _ = timeout(PATIENCE, written).await.unwrap();
        let text = String::from_utf8(paper.0.lock().clone()).unwrap();
        let numbers: Vec<usize> = text.lines().map(|line| line.parse().unwrap()).collect();
        assert_eq!(numbers, Vec::from_iter(0..2 * AHEAD));
    }

    #[tokio::test]
    async fn an_output_that_ends_is_noticed() {
        let (told, written) = write_to(Gone);
        told.send(json!("hello")).await.unwrap();
        timeout(PATIENCE, told.closed()).await.unwrap();
        let _ = timeout(PATIENCE, written).await.unwrap();
    }

    #[tokio::test]
    async fn whoever_reads_slowly_is_told_the_newest() {
        let (told, mut tells) = mpsc::channel(1);
        told.send(json!("before")).await.unwrap();
        let (change, mut watched) = watch::channel(0);
        for number in 1..=3 {
            change.send(number).unwrap();
            assert!(waits(room(&mut watched, &told)).await, "{number}");
        }
        tells.recv().await.unwrap();
        let place = room(&mut watched, &told).await.unwrap();
        place.send(json!(*watched.borrow_and_update()));
        assert_eq!(tells.recv().await, Some(json!(3)));
        assert!(waits(room(&mut watched, &told)).await, "nothing is new");
    }

    #[tokio::test]
    async fn a_line_waits_while_too_much_is_on_its_way() {
        let (lines, mut inbox) = mpsc::channel(AHEAD);
        lines.send(b"{}".to_vec()).await.unwrap();
        let slots = Arc::new(Semaphore::new(1));
        let busy = slots.clone().acquire_owned().await.unwrap();
        assert!(waits(next(&mut inbox, &slots)).await);
        drop(busy);
        let (line, slot) = next(&mut inbox, &slots).await.unwrap();
        assert_eq!(line, b"{}");
        drop((slot, lines));
        assert!(next(&mut inbox, &slots).await.is_none());
    }

    #[tokio::test]
    async fn the_end_of_the_input_gives_an_engine_up_of_which_nothing_was_asked() {
        let (lines, inbox) = mpsc::channel(AHEAD);
        let (reading, over) = oneshot::channel();
        drop(reading);
        timeout(PATIENCE / 2, given_up(over, &inbox)).await.unwrap();

        let (reading, over) = oneshot::channel();
        assert!(waits(given_up(over, &inbox)).await, "more may come");
        drop(reading);

        let (reading, over) = oneshot::channel();
        lines.send(b"{}".to_vec()).await.unwrap();
        drop(reading);
        assert!(waits(given_up(over, &inbox)).await, "it is to be obeyed");
    }

    #[test]
    fn what_is_no_command_is_refused_by_name() {
        for (line, said) in [
            (&b"nonsense"[..], "expected"),
            (b"\xff\xfe", "expected"),
            (b"[1, \"view\", {}]", "map"),
            (b"{\"id\": 1}", "command"),
            (b"{\"command\": \"view\", \"argument\": {}}", "argument"),
        ] {
            let failure = read(line).err().expect("it is refused");
            assert_eq!(
                failure.code,
                Failure::from(ApiError::new(Code::MalformedRequest)).code
            );
            assert!(failure.detail.contains(said), "{}", failure.detail);
        }
    }
}
