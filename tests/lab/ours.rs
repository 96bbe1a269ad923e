//! A part of ours in a process of its own, so that it can be measured alone: questions go in and
//! answers come out, one JSON value a line.

use anyhow::{Context, Result};
use serde::{Serialize, de::DeserializeOwned};
use std::process::Stdio;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

/// The process, ended when this is dropped.
pub(crate) struct Ours {
    child: Child,
    questions: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Ours {
    /// Has the lab start itself under another name.
    pub(crate) fn start(name: &str) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(name)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let questions = child.stdin.take().context("no way to the process")?;
        let answers = child.stdout.take().context("no way from the process")?;
        Ok(Self {
            child,
            questions,
            answers: BufReader::new(answers).lines(),
        })
    }

    /// Its number.
    pub(crate) fn process(&self) -> Result<u32> {
        self.child.id().context("the process has ended")
    }

    /// Asks and waits for the answer.
    pub(crate) async fn ask<A: DeserializeOwned>(
        &mut self,
        question: &impl Serialize,
    ) -> Result<A> {
        let line = serde_json::to_string(question)? + "\n";
        self.questions.write_all(line.as_bytes()).await?;
        let answer = self.answers.next_line().await?;
        let answer = answer.context("the process has ended")?;
        Ok(serde_json::from_str(&answer)?)
    }

    /// Ends it.
    pub(crate) async fn end(&mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }
}

/// The process itself: answers until nobody asks any more.
pub(crate) async fn serve<Q: DeserializeOwned, A: Serialize>(
    mut answer: impl AsyncFnMut(Q) -> Result<A>,
) -> Result<()> {
    let mut questions = BufReader::new(tokio::io::stdin()).lines();
    let mut answers = tokio::io::stdout();
    while let Some(question) = questions.next_line().await? {
        let answer = answer(serde_json::from_str(&question)?).await?;
        let line = serde_json::to_string(&answer)? + "\n";
        answers.write_all(line.as_bytes()).await?;
        answers.flush().await?;
    }
    Ok(())
}
