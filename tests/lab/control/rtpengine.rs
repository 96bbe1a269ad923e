//! The rival: rtpengine of Debian sid, which does nothing but relay.

use super::relay::Relay;
use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use seatline_tests::{
    process::{Program, wait_for},
    sid,
};
use std::{
    collections::BTreeMap,
    net::{IpAddr, UdpSocket},
    path::Path,
    process::Stdio,
    time::Duration,
};

/// A running rtpengine that forwards in user space.
pub(crate) struct RtpEngine {
    program: Program,
    control: UdpSocket,
    calls: u32,
}

impl RtpEngine {
    pub(crate) fn start(folder: &Path, address: IpAddr) -> Result<Self> {
        let folder = folder.join("rtpengine");
        std::fs::create_dir_all(&folder)?;
        let log = folder.join("console.log");
        let output = std::fs::File::create(&log)?;
        let listen = UdpSocket::bind((address, 0))?.local_addr()?;
        let mut program = Program::start(
            "rtpengine",
            sid::command("rtpengine", &folder)?
                .args([
                    "--foreground",
                    "--log-stderr",
                    "--log-level=4",
                    "--table=-1",
                ])
                .args(["--config-file=none", "--num-threads=2"])
                .arg(format!("--interface={address}"))
                .arg(format!("--listen-ng={listen}"))
                .args(["--port-min=40000", "--port-max=49999"])
                .stdin(Stdio::null())
                .stdout(output.try_clone()?)
                .stderr(output),
        )?;
        let control = UdpSocket::bind((address, 0))?;
        control.connect(listen)?;
        control.set_read_timeout(Some(Duration::from_millis(500)))?;
        wait_for("rtpengine", Duration::from_secs(20), || {
            program.ensure_running().ok()?;
            ask(&control, &command("ping", &[])).ok()
        })
        .with_context(|| format!("its log is {}", log.display()))?;
        Ok(Self {
            program,
            control,
            calls: 0,
        })
    }

    /// The SDP that it answers to a command about the latest call.
    fn exchange(&self, name: &str, tags: &[(&str, &str)], sdp: &str) -> Result<String> {
        let call = self.calls.to_string();
        let mut fields = vec![
            ("call-id", call.as_str()),
            ("sdp", sdp),
            ("ICE", "remove"),
            ("transport-protocol", "RTP/AVP"),
        ];
        fields.extend(tags);
        let answer = ask(&self.control, &command(name, &fields))?;
        let at = answer.find("3:sdp").context("an answer without SDP")?;
        let (length, rest) = answer[at + 5..].split_once(':').context("no text")?;
        let sdp = rest.get(..length.parse()?).context("a text cut short")?;
        Ok(sdp.to_owned())
    }
}

#[async_trait]
impl Relay for RtpEngine {
    fn id(&self) -> Result<u32> {
        Ok(self.program.id())
    }

    async fn connect(&mut self, [one, other]: [String; 2]) -> Result<[String; 2]> {
        self.calls += 1;
        let to_other = self.exchange("offer", &[("from-tag", "one")], &one)?;
        let tags = [("from-tag", "one"), ("to-tag", "other")];
        let to_one = self.exchange("answer", &tags, &other)?;
        Ok([to_one, to_other])
    }

    async fn clear(&mut self) -> Result<()> {
        self.program.end();
        Ok(())
    }
}

/// A command of its `ng` protocol: a dictionary in bencoding, its keys in order.
fn command(name: &str, fields: &[(&str, &str)]) -> String {
    let mut all: BTreeMap<&str, &str> = fields.iter().copied().collect();
    all.insert("command", name);
    let text = |text: &str| format!("{}:{text}", text.len());
    let fields = all.iter().map(|(key, value)| text(key) + &text(value));
    format!("d{}e", fields.collect::<String>())
}

/// Sends a command and returns the answer, which must not be an error.
fn ask(control: &UdpSocket, command: &str) -> Result<String> {
    let cookie = format!("{:08x}", rand::random::<u32>());
    control.send(format!("{cookie} {command}").as_bytes())?;
    let mut answer = vec![0; 65_536];
    loop {
        let length = control.recv(&mut answer)?;
        let text = String::from_utf8_lossy(&answer[..length]).into_owned();
        if let Some(answer) = text.strip_prefix(&cookie) {
            ensure!(!answer.contains("5:error"), "rtpengine: {answer}");
            return Ok(answer.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::command;

    #[test]
    fn a_command_is_bencoded_in_order() {
        assert_eq!(command("ping", &[]), "d7:command4:pinge");
        assert_eq!(
            command("offer", &[("sdp", "v=0"), ("call-id", "7")]),
            "d7:call-id1:77:command5:offer3:sdp3:v=0e"
        );
    }
}
