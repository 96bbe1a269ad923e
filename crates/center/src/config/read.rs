//! Reading the configuration file and checking what it says.

use super::{Config, Flags};
use seatline_contract::sso::LONGEST_TENANT;
use std::path::PathBuf;
use thiserror::Error;

/// Why the configuration was refused.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read; check its path and its permissions.
    #[error("cannot read the configuration file {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is not TOML, or has a key that does not exist or a value that does not fit.
    #[error("the configuration file {} is wrong: {detail}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line, key and what was expected.
        detail: String,
    },
    /// A key has a value that cannot work.
    #[error("the configuration key `{key}` {problem}")]
    Unusable {
        /// The key in dotted form.
        key: &'static str,
        /// What is wrong and what would be right.
        problem: String,
    },
}

/// Reads the file named by the flags, if any, puts the flags over it and checks the whole.
///
/// # Errors
/// See [`ConfigError`].
pub fn load(flags: Flags) -> Result<Config, ConfigError> {
    let mut config = match flags.config.clone() {
        None => Config::default(),
        Some(path) => {
            let text =
                std::fs::read_to_string(&path).map_err(|source| ConfigError::Unreadable {
                    path: path.clone(),
                    source,
                })?;
            parse(&text).map_err(|detail| ConfigError::Malformed { path, detail })?
        }
    };
    flags.apply(&mut config);
    check(&config)?;
    Ok(config)
}

/// Where the data are, as far as flags and file tell it: a file that is refused for another reason
/// tells it, too.
#[must_use]
pub fn data_dir(flags: &Flags) -> Option<PathBuf> {
    let of_file = || {
        let text = std::fs::read_to_string(flags.config.as_ref()?).ok()?;
        let table: toml::Table = toml::from_str(&text).ok()?;
        table.get("data_dir")?.as_str().map(PathBuf::from)
    };
    flags.data_dir.clone().or_else(of_file)
}

/// The configuration as a file would say it, with secrets hidden.
#[must_use]
pub fn print(config: &Config) -> String {
    toml::to_string_pretty(config).unwrap_or_else(|error| format!("# {error}\n"))
}

fn parse(text: &str) -> Result<Config, String> {
    toml::from_str(text).map_err(|error| {
        // The error in full repeats the line, which may hold a secret.
        let what = error.message();
        let Some(before) = error.span().and_then(|place| text.get(..place.start)) else {
            return what.to_owned();
        };
        let number = before.split('\n').count();
        match text.lines().nth(number - 1).and_then(key_of) {
            Some(key) => format!("line {number}, `{key}`: {what}"),
            None => format!("line {number}: {what}"),
        }
    })
}

/// The key that a line gives a value to, if it looks like one of ours.
fn key_of(line: &str) -> Option<&str> {
    let key = line.split_once('=')?.0.trim();
    let is_ours = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    (!key.is_empty() && key.chars().all(is_ours)).then_some(key)
}

/// Refuses values that cannot work together.
///
/// # Errors
/// [`ConfigError::Unusable`] names the key.
pub fn check(config: &Config) -> Result<(), ConfigError> {
    let refuse = |key, problem: &str| {
        Err(ConfigError::Unusable {
            key,
            problem: problem.to_owned(),
        })
    };
    if config.certificate.is_some() != config.certificate_key.is_some() {
        return refuse(
            "certificate",
            "and `certificate_key` are only useful together: give both or neither",
        );
    }
    if config.name.trim().is_empty() {
        return refuse("name", "is empty: give the site a name");
    }
    if !(1..=24 * 7).contains(&config.session_hours) {
        return refuse("session_hours", "is not between 1 and 168");
    }
    let lockout = config.lockout;
    if lockout.account_failures == 0 || lockout.address_failures == 0 || lockout.minutes == 0 {
        return refuse("lockout", "has a zero: every limit is 1 or more");
    }
    if let Some(tenant) = &config.tenant
        && !is_tenant(tenant)
    {
        return refuse("tenant", "is not 1 to 64 characters in one line");
    }
    if let Some((key, problem)) = config.sso.as_ref().and_then(super::Sso::fault) {
        return refuse(key, problem);
    }
    if config.media.first_port == 0
        || config
            .media
            .last_port
            .saturating_sub(config.media.first_port)
            < 3
    {
        return refuse(
            "media.last_port",
            "leaves fewer than 4 ports: a call needs 2, widen the range",
        );
    }
    for trunk in &config.trunks {
        if !trunk.uri.starts_with("sip:") {
            return refuse("trunks.uri", "does not begin with `sip:`");
        }
        if trunk.username.is_some() != trunk.password.is_some() {
            return refuse("trunks.username", "and `password` are only useful together");
        }
    }
    Ok(())
}

fn is_tenant(name: &str) -> bool {
    let length = name.trim().chars().count();
    (1..=LONGEST_TENANT).contains(&length) && !name.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let error = parse("name = \"A\"\nlisten_port = 1\n").unwrap_err();
        assert!(error.contains("listen_port"), "{error}");
        let error = parse("[sip]\nupd = \"0.0.0.0:1\"\n").unwrap_err();
        assert!(error.contains("upd"), "{error}");
        let trunk = "[[trunks]]\nname = \"t\"\nuri = \"sip:10.0.0.1\"\npasswrd = \"canary-4711\"\n";
        let error = parse(trunk).unwrap_err();
        assert!(
            error.contains("line 4") && error.contains("passwrd"),
            "{error}"
        );
        assert!(!error.contains("canary"), "{error}");
        let error = parse("name = \"c\"\nlisten = \"everywhere\"\n").unwrap_err();
        assert!(error.starts_with("line 2, `listen`: "), "{error}");
        assert!(!error.contains("everywhere"), "{error}");
    }

    #[test]
    fn what_is_printed_reads_back_and_hides_secrets() {
        let text = "[[trunks]]\nname = \"t\"\nuri = \"sip:10.0.0.1\"\nnetworks = [\"10.0.0.0/8\"]\nusername = \"u\"\npassword = \"canary-4711\"\n";
        let printed = print(&parse(text).unwrap());
        assert!(!printed.contains("canary"), "{printed}");
        assert_eq!(parse(&printed).unwrap().trunks.len(), 1);
        assert!(parse(&print(&Config::default())).is_ok());
    }

    #[test]
    fn single_sign_on_takes_no_secret_and_no_plain_http() {
        let sso = |more: &str| {
            let text = format!("[sso]\nclient_id = \"seatline\"\n{more}");
            parse(&text).map(|config| check(&config).map_err(|error| error.to_string()))
        };
        let good =
            "issuer = \"https://login.example\"\naddress = \"https://center.example:8443\"\n";
        assert_eq!(sso(good), Ok(Ok(())));
        let secret = sso(&format!("{good}client_secret = \"canary-4711\"\n")).unwrap_err();
        assert!(secret.contains("client_secret"), "{secret}");
        for (wrong, key) in [
            (good.replace("https://login", "http://login"), "sso.issuer"),
            (good.replace(":8443", "/desk"), "sso.address"),
            (good.replace("https://center", "center"), "sso.address"),
        ] {
            let refused = sso(&wrong).unwrap().unwrap_err();
            assert!(refused.contains(key), "{refused}");
        }
        let algorithm = sso(&format!("{good}algorithm = \"none\"\n")).unwrap_err();
        assert!(algorithm.contains("RS256"), "{algorithm}");
    }

    #[test]
    fn flags_go_over_the_file() {
        let mut config = parse("listen = \"127.0.0.1:1\"\nname = \"File\"\n").unwrap();
        Flags {
            listen: Some(([127, 0, 0, 1], 2).into()),
            ..Flags::default()
        }
        .apply(&mut config);
        assert_eq!(config.listen.port(), 2);
        assert_eq!(config.name, "File");
    }

    #[test]
    fn a_refused_file_still_tells_where_the_data_are() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("center.toml");
        let flags = Flags {
            config: Some(file.clone()),
            ..Flags::default()
        };
        assert_eq!(data_dir(&flags), None);
        std::fs::write(&file, "data_dir = '/data'\nlisten_port = 1\n").unwrap();
        assert!(load(flags.clone()).is_err());
        assert_eq!(data_dir(&flags), Some("/data".into()));
        let told = Flags {
            data_dir: Some("/elsewhere".into()),
            ..flags
        };
        assert_eq!(data_dir(&told), Some("/elsewhere".into()));
    }

    #[test]
    fn values_that_cannot_work_name_their_key() {
        let half = Config {
            certificate: Some("a.pem".into()),
            ..Config::default()
        };
        assert!(
            check(&half)
                .unwrap_err()
                .to_string()
                .contains("certificate_key")
        );
        let mut narrow = Config::default();
        narrow.media.last_port = narrow.media.first_port;
        assert!(
            check(&narrow)
                .unwrap_err()
                .to_string()
                .contains("media.last_port")
        );
    }
}
