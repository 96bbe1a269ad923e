//! What IT may meet: packages that are broken, for another computer, or need what there is not.
//! Each is refused in clear words, and what was there before still works.

use crate::{
    debian::Debian,
    package::{CENTRE, DESK, VERSION, built, variant},
};
use std::fs;

#[test]
fn a_package_that_cannot_work_is_refused_and_the_old_one_stays() {
    let folder = tempfile::tempdir().unwrap();
    let debian = Debian::clean().unwrap();
    let package = built(CENTRE).unwrap();
    let good = debian.bring(&package).unwrap();
    assert_eq!(debian.apt(&["install", &good]).unwrap().code, 0);
    let newer = format!("Version: {VERSION}\n");

    let needy = variant(&package, folder.path(), "needy.deb", |said| {
        said.replace(&newer, "Version: 99\n")
            .replace("Depends: ", "Depends: seatline-oracle, ")
    });
    let needy = debian.bring(&needy.unwrap()).unwrap();
    let said = debian.apt(&["install", &needy]).unwrap();
    assert_eq!(said.code, 100);
    assert!(
        said.all()
            .contains("Depends: seatline-oracle but it is not installable")
    );
    still_works(&debian);

    let foreign = variant(&package, folder.path(), "foreign.deb", |said| {
        said.replace(&newer, "Version: 99\n")
            .replace("Architecture: ", "Architecture: not-")
    });
    let foreign = debian.bring(&foreign.unwrap()).unwrap();
    let said = debian.run(&["dpkg", "--install", &foreign]).unwrap();
    assert_eq!(said.code, 1);
    assert!(said.all().contains("does not match system"));
    still_works(&debian);

    let whole = fs::read(&package).unwrap();
    let mut turned = whole.clone();
    let middle = whole.len() / 2;
    turned[middle] ^= 0xff;
    for (name, bytes) in [
        ("half.deb", &whole[..middle]),
        ("turned.deb", &turned[..]),
        ("empty.deb", &[][..]),
        ("noise.deb", &b"this is no package"[..]),
    ] {
        let place = folder.path().join(name);
        fs::write(&place, bytes).unwrap();
        let broken = debian.bring(&place).unwrap();
        let said = debian.run(&["dpkg", "--install", &broken]).unwrap();
        assert_ne!(said.code, 0, "{name}");
        assert!(said.all().contains(name), "{name} is named");
        still_works(&debian);
    }
}

#[test]
fn without_what_it_links_the_desk_is_not_configured_and_says_why() {
    let debian = Debian::clean().unwrap();
    let package = debian.bring(&built(DESK).unwrap()).unwrap();
    let said = debian.run(&["dpkg", "--install", &package]).unwrap();
    assert_eq!(said.code, 1);
    let words = "seatline depends on libwebkit2gtk-4.1-0";
    assert!(said.all().contains(words));
    assert_eq!(debian.version(DESK).unwrap(), None);
    // And nothing half-done stays.
    assert_eq!(debian.run(&["dpkg", "--purge", DESK]).unwrap().code, 0);
    assert!(!debian.path("/usr/bin/seatline").exists());
}

/// The version that was there is there and starts.
fn still_works(debian: &Debian) {
    assert_eq!(debian.version(CENTRE).unwrap().as_deref(), Some(VERSION));
    let said = debian.obey(&["seatline-center", "--version"]).unwrap();
    assert!(said.contains(VERSION), "{said}");
}
