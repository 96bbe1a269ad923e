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
//! several may be on their way at once, told apart by `id`. A line that is no command is answered
//! with an error and changes nothing. The end of the input ends the call and the program.

mod commands;

use crate::{closing, engine, exit, journal, launch::Launch, updates};
use seatline_contract::error::{ApiError, Code};
use seatline_desk::{Desk, failure::Failure};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    io::{self, BufRead, Read, Write},
    pin::pin,
    process::ExitCode,
    thread,
};
use tokio::sync::mpsc;

/// Longer lines are no commands.
const LONGEST_LINE: u64 = 1 << 20;

/// Lines read ahead of the engine.
const AHEAD: usize = 16;

/// Runs until the input ends, or the system asks to end.
///
/// # Errors
/// When the data folder cannot be used.
pub fn run(launch: &Launch) -> anyhow::Result<ExitCode> {
    crate::choose_ciphers();
    let data_dir = launch.data_folder()?;
    let _journal = journal::open(&data_dir)?;
    let (lines, inbox) = mpsc::channel(AHEAD);
    // A thread of its own: reading cannot be cut short, and nothing waits for it at the end.
    thread::spawn(move || read_lines(&mut io::stdin().lock(), &lines));
    tokio::runtime::Runtime::new()?.block_on(async {
        let desk = engine::start(data_dir, env!("CARGO_PKG_VERSION").into()).await?;
        let served = serve(&desk, inbox, io::stdout());
        tokio::select! {
            () = served => {}
            () = updates::begun(&desk) => {}
            asked = exit::asked_to_end() => asked?,
        }
        exit::shut_down(&desk).await;
        Ok(ExitCode::SUCCESS)
    })
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

/// Obeys lines until there are no more or an installer wants the program gone, and tells meanwhile
/// what changes.
async fn serve(
    desk: &Desk,
    mut lines: mpsc::Receiver<Vec<u8>>,
    mut output: impl Write + Send + 'static,
) {
    let (told, tells) = std::sync::mpsc::channel::<Value>();
    let writer = thread::spawn(move || {
        for tell in tells {
            // Whoever listens no longer sends no more either, which ends the program.
            if writeln!(output, "{tell}")
                .and_then(|()| output.flush())
                .is_err()
            {
                return;
            }
        }
    });
    let (mut views, mut levels, mut live) = (desk.watch(), desk.levels(), desk.live());
    views.mark_changed();
    let tell = |tell| {
        // The writer ends only with the output.
        let _ = told.send(tell);
    };
    let mut asked_to_close = pin!(closing::asked());
    let mut is_closing = false;
    while !(is_closing && closing::is_quiet(&desk.view())) {
        tokio::select! {
            () = &mut asked_to_close, if !is_closing => {
                is_closing = true;
                tell(json!({ "event": "closing" }));
            }
            line = lines.recv() => match line {
                Some(line) => answer(desk, &line, &told),
                None => break,
            },
            Ok(()) = views.changed() => {
                let view = views.borrow_and_update().clone();
                tell(json!({ "event": "view", "view": *view }));
            }
            Ok(()) = levels.changed() => {
                let levels = levels.borrow_and_update().clone();
                tell(json!({ "event": "levels", "levels": levels }));
            }
            Ok(()) = live.changed() => {
                let live = live.borrow_and_update().clone();
                tell(json!({ "event": "live", "live": *live }));
            }
        }
    }
    drop(told);
    // Commands still on their way hold the writer; the end does not wait for them.
    drop(writer);
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

/// Begins to obey a line; the answer follows when it is there.
fn answer(desk: &Desk, line: &[u8], told: &std::sync::mpsc::Sender<Value>) {
    let told = told.clone();
    let tell = move |answer| {
        // The writer ends only with the output.
        let _ = told.send(answer);
    };
    if line.iter().all(u8::is_ascii_whitespace) {
        return;
    }
    let request = match read(line) {
        Ok(request) => request,
        Err(failure) => return tell(json!({ "id": null, "error": failure })),
    };
    let desk = desk.clone();
    tokio::spawn(async move {
        let Request {
            id,
            command,
            arguments,
        } = request;
        tell(match commands::obey(&desk, &command, arguments).await {
            Ok(result) => json!({ "id": id, "result": result }),
            Err(failure) => json!({ "id": id, "error": failure }),
        });
    });
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
