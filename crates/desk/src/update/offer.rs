//! What of a centre's answer is newer than this program.

use crate::failure::{DeskCode, Failure};
use seatline_contract::update::{Latest, Package, is_file_name};
use semver::Version;

/// Something newer, as the centre says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offer {
    /// Its version as it is spelled there.
    pub(crate) version: String,
    /// The file for this program's system, if there is one.
    pub(crate) package: Option<Package>,
}

/// What is newer than `own`; `None` if nothing is, whatever else is offered.
///
/// # Errors
/// [`DeskCode::UpdateBroken`] when the answer makes no sense.
pub(crate) fn judge(latest: &Latest, own: &str, target: &str) -> Result<Option<Offer>, Failure> {
    let broken = |detail: String| Failure::new(DeskCode::UpdateBroken).detail(detail);
    let read = |text: &str| {
        Version::parse(text).map_err(|error| broken(format!("version {text:?}: {error}")))
    };
    if read(&latest.version)? <= read(own)? {
        return Ok(None);
    }
    let package = latest.platforms.get(target).cloned();
    if let Some(package) = &package
        && !is_file_name(&package.url)
    {
        return Err(broken(format!("{:?} is no file's name", package.url)));
    }
    Ok(Some(Offer {
        version: latest.version.clone(),
        package,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    const TARGET: &str = "windows-x86_64";

    fn latest(version: &str, url: &str) -> Latest {
        let package = Package {
            url: url.into(),
            signature: String::new(),
        };
        Latest {
            version: version.into(),
            notes: String::new(),
            pub_date: None,
            platforms: BTreeMap::from([(TARGET.into(), package)]),
        }
    }

    #[test]
    fn only_what_is_newer_is_an_offer() {
        for version in ["0.1.0", "0.0.9", "0.1.0-rc.1", "0.1.0-9"] {
            let offered = judge(&latest(version, "a.msi"), "0.1.0", TARGET);
            assert_eq!(offered, Ok(None), "{version}");
        }
        for version in ["0.1.1", "0.2.0", "0.10.0", "1.0.0"] {
            let offered = judge(&latest(version, "a.msi"), "0.1.0", TARGET).unwrap();
            assert_eq!(offered.unwrap().version, version);
        }
    }

    #[test]
    fn another_system_gets_no_file() {
        let offered = judge(&latest("0.2.0", "a.msi"), "0.1.0", "linux-x86_64").unwrap();
        assert_eq!(offered.unwrap().package, None);
    }

    #[test]
    fn nobody_but_the_centre_is_asked() {
        for url in [
            "https://evil.test/a.msi",
            "//evil.test/a",
            "../a",
            "a/b",
            "",
        ] {
            let refused = judge(&latest("0.2.0", url), "0.1.0", TARGET).unwrap_err();
            assert_eq!(
                refused,
                Failure::new(DeskCode::UpdateBroken).detail(&refused.detail)
            );
        }
        assert!(judge(&latest("new", "a.msi"), "0.1.0", TARGET).is_err());
    }
}
