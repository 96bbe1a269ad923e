//! Session timers (RFC 4028): a call whose other end vanished is noticed.

use std::time::{Duration, Instant};

use crate::message::{Fields, Response};

/// The interval this side asks for.
pub(crate) const USUAL: Duration = Duration::from_secs(1800);
/// The shortest interval this side agrees to.
pub(crate) const SHORTEST: Duration = Duration::from_secs(90);

/// A running session timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SessionTimer {
    pub(crate) interval: Duration,
    /// Whether this side refreshes.
    pub(crate) ours: bool,
    /// When to refresh, or to give up.
    pub(crate) at: Instant,
}

impl SessionTimer {
    /// Starts anew: the refresher acts at half time, the other side gives up shortly before the end.
    pub(crate) fn start(interval: Duration, ours: bool, now: Instant) -> Self {
        let wait = if ours {
            interval / 2
        } else {
            interval - (interval / 3).min(Duration::from_secs(32))
        };
        Self {
            interval,
            ours,
            at: now + wait,
        }
    }

    pub(crate) fn restart(self, now: Instant) -> Self {
        Self::start(self.interval, self.ours, now)
    }

    /// What a `Session-Expires` value of a 2xx to this side's request agrees on.
    pub(crate) fn agreed(response: &Response, now: Instant) -> Option<Self> {
        let (interval, refresher) = read(response)?;
        // RFC 4028 section 7.2: without a refresher parameter, the one who asked refreshes. Section 5: no interval is
        // shorter than the shortest, whatever the far side says.
        Some(Self::start(
            interval.max(SHORTEST),
            refresher != Some(Refresher::Answerer),
            now,
        ))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refresher {
    /// `uac`: who sent the request.
    Asker,
    /// `uas`: who answers it.
    Answerer,
}

/// What this side, asked by the other, does about session timers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Nothing was asked.
    No,
    /// Agreed; the 2xx carries this `Session-Expires` and, if so, `Require: timer`.
    Yes {
        timer: SessionTimer,
        value: String,
        require: bool,
    },
    /// Too short: refuse with 422 and `Min-SE`.
    TooShort,
}

/// Reads what a request asks for.
pub(crate) fn asked(request: &impl Fields, now: Instant) -> Asked {
    let Some((interval, refresher)) = read(request) else {
        return Asked::No;
    };
    if interval < SHORTEST {
        return Asked::TooShort;
    }
    let speaks = request.headers().lists("Supported", "timer");
    let theirs = speaks && refresher != Some(Refresher::Answerer);
    let word = if theirs { "uac" } else { "uas" };
    Asked::Yes {
        timer: SessionTimer::start(interval, !theirs, now),
        value: format!("{};refresher={word}", interval.as_secs()),
        require: theirs,
    }
}

fn read(message: &impl Fields) -> Option<(Duration, Option<Refresher>)> {
    let value = message.headers().get("Session-Expires")?;
    let mut parts = value.split(';').map(str::trim);
    // More than a year is as good as a year, and can be added to a clock.
    let seconds = parts.next()?.parse::<u32>().ok()?.min(31_536_000);
    let mut refresher = None;
    for part in parts {
        match part.to_ascii_lowercase().replace(' ', "").as_str() {
            "refresher=uac" => refresher = Some(Refresher::Asker),
            "refresher=uas" => refresher = Some(Refresher::Answerer),
            _ => {}
        }
    }
    Some((Duration::from_secs(seconds.into()), refresher))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Headers, Method, Request};

    fn request(headers: &[(&str, &str)]) -> Request {
        let mut request = Request {
            method: Method::Invite,
            uri: "sip:a@h".to_owned(),
            headers: Headers::default(),
            body: String::new(),
        };
        for (name, value) in headers {
            request.headers.push(name, *value);
        }
        request
    }

    #[test]
    fn agrees_refuses_and_picks_a_refresher() {
        let now = Instant::now();
        assert_eq!(asked(&request(&[]), now), Asked::No);
        assert_eq!(
            asked(&request(&[("Session-Expires", "60")]), now),
            Asked::TooShort
        );
        let Asked::Yes {
            timer,
            value,
            require,
        } = asked(&request(&[("Session-Expires", "90")]), now)
        else {
            panic!("refused");
        };
        assert_eq!(
            (value.as_str(), require, timer.ours),
            ("90;refresher=uas", false, true)
        );
        assert_eq!(timer.at, now + Duration::from_secs(45));
        let speaking = [
            ("Session-Expires", "1800 ;refresher=uac"),
            ("Supported", "replaces, timer"),
        ];
        let Asked::Yes {
            timer,
            value,
            require,
        } = asked(&request(&speaking), now)
        else {
            panic!("refused");
        };
        assert_eq!(
            (value.as_str(), require, timer.ours),
            ("1800;refresher=uac", true, false)
        );
        assert_eq!(timer.at, now + Duration::from_secs(1768));
    }

    #[test]
    fn an_interval_too_short_is_agreed_to_as_the_shortest() {
        let now = Instant::now();
        for value in ["0", "1;refresher=uac", "89;refresher=uas"] {
            let mut response = request(&[]).response(200, "x");
            response.headers.push("Session-Expires", value);
            let timer = SessionTimer::agreed(&response, now).unwrap();
            assert_eq!(timer.interval, SHORTEST, "{value}");
            assert!(timer.at >= now + SHORTEST / 2, "{value}");
        }
    }

    #[test]
    fn an_absurd_interval_does_not_overflow_the_clock() {
        let huge = request(&[("Session-Expires", "4294967295")]);
        assert!(matches!(asked(&huge, Instant::now()), Asked::Yes { .. }));
    }
}
