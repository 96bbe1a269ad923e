//! Updates: the key that a program is built with, the signature of its package, and the file by
//! which desks find it. Keys are minisign's, signatures are written as Tauri's tools write them.

use anyhow::{Context, Result, ensure};
use base64::{Engine, prelude::BASE64_STANDARD};
use clap::Args;
use minisign::{PublicKey, PublicKeyBox, SecretKey, SecretKeyBox, SignatureBox};
use seatline_contract::update::{LATEST, Latest, Package, Stamp, is_file_name};
use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The variable that a program is built with.
const KEY: &str = "SEATLINE_UPDATE_KEY";
/// The variable with the password of the secret key.
const PASSWORD: &str = "SEATLINE_UPDATE_PASSWORD";

/// Who signs updates. Nothing of the secret key is kept or printed.
#[derive(Args, Default)]
pub(crate) struct Sealing {
    /// Whose updates the program takes: a minisign public key, or its file. Without one the program
    /// has no updates.
    #[arg(long, env = KEY, value_name = "KEY")]
    update_key: Option<String>,
    /// The minisign secret key to sign this package with as an update; its password comes from
    /// SEATLINE_UPDATE_PASSWORD, or is asked for.
    #[arg(long, env = "SEATLINE_UPDATE_SECRET", value_name = "FILE")]
    update_secret: Option<PathBuf>,
}

impl Sealing {
    /// Reads the keys.
    ///
    /// # Errors
    /// When one cannot be read, or they do not belong together.
    pub(super) fn open(&self) -> Result<Seal> {
        let secret = self.update_secret.as_deref().map(read_secret).transpose()?;
        let named = self.update_key.as_deref().map(read_public).transpose()?;
        let own = secret
            .as_ref()
            .map(PublicKey::from_secret_key)
            .transpose()?;
        if let (Some(named), Some(own)) = (&named, &own) {
            ensure!(
                named == own,
                "--update-key is not the public half of --update-secret: desks would refuse the update"
            );
        }
        Ok(Seal {
            public: named.or(own),
            secret,
        })
    }
}

/// The keys, read.
#[derive(Default)]
pub(crate) struct Seal {
    public: Option<PublicKey>,
    secret: Option<SecretKey>,
}

impl Seal {
    /// Lets a compiler know whose updates the program takes: those of the key, or nobody's.
    pub(super) fn build_in<'a>(&self, cargo: &'a mut Command) -> &'a mut Command {
        match &self.public {
            Some(public) => cargo.env(KEY, public.to_base64()),
            None => cargo.env_remove(KEY),
        }
    }

    /// Signs a file as a version for a system, and writes `NAME.sig` and `latest.json` beside it;
    /// gives what it wrote. Without a secret key it removes what an earlier run has left there.
    ///
    /// # Errors
    /// When a file cannot be read or written, or the signature does not verify.
    pub(super) fn lay(&self, file: &Path, version: &str, target: &str) -> Result<Vec<PathBuf>> {
        let name = file.file_name().and_then(|name| name.to_str());
        let name = name.filter(|name| is_file_name(name));
        let name = name.with_context(|| format!("{} is no update's name", file.display()))?;
        let signature = file.with_file_name(format!("{name}.sig"));
        let latest = file.with_file_name(LATEST);
        let (Some(secret), Some(public)) = (&self.secret, &self.public) else {
            for stale in [signature, latest] {
                if stale.exists() {
                    fs::remove_file(stale)?;
                }
            }
            return Ok(Vec::new());
        };
        let stamp = Stamp::of_desk(version, target);
        let signed = minisign::sign(
            Some(public),
            secret,
            fs::File::open(file)?,
            Some(&stamp.to_string()),
            Some("signature of a Seatline update"),
        )?;
        fs::write(&signature, BASE64_STANDARD.encode(signed.into_string()))?;
        let written = fs::read_to_string(&signature)?;
        verify(public, file, &written, &stamp)?;
        let package = Package {
            url: name.to_owned(),
            signature: written,
        };
        let said = Latest {
            version: version.to_owned(),
            notes: String::new(),
            pub_date: None,
            platforms: BTreeMap::from([(target.to_owned(), package)]),
        };
        fs::write(&latest, serde_json::to_string_pretty(&said)? + "\n")?;
        Ok(vec![signature, latest])
    }
}

/// Makes sure that a signature as it was written is good for a file, as a desk will.
fn verify(public: &PublicKey, file: &Path, signature: &str, stamp: &Stamp) -> Result<()> {
    let text = String::from_utf8(BASE64_STANDARD.decode(signature)?)?;
    let signature = SignatureBox::from_string(&text)?;
    minisign::verify(
        public,
        &signature,
        fs::File::open(file)?,
        true,
        false,
        false,
    )?;
    let comment = signature.trusted_comment()?;
    ensure!(
        Stamp::read(&comment).as_ref() == Some(stamp),
        "signed as {comment:?}"
    );
    Ok(())
}

/// A key's file as it is, or in Base64 as Tauri's tools write it.
fn unwrap_file(text: &str) -> Result<String> {
    if text.contains("comment:") {
        return Ok(text.to_owned());
    }
    Ok(String::from_utf8(BASE64_STANDARD.decode(text.trim())?)?)
}

fn read_public(given: &str) -> Result<PublicKey> {
    if let Ok(key) = PublicKey::from_base64(given.trim()) {
        return Ok(key);
    }
    let text = match fs::read_to_string(given) {
        Ok(text) => text,
        Err(_) => given.to_owned(),
    };
    if let Ok(key) = PublicKey::from_base64(text.trim()) {
        return Ok(key);
    }
    unwrap_file(&text)
        .and_then(|text| Ok(PublicKey::from_box(PublicKeyBox::from_string(&text)?)?))
        .context("--update-key is neither a minisign public key nor the file of one")
}

fn read_secret(file: &Path) -> Result<SecretKey> {
    let what = || format!("--update-secret {}", file.display());
    let text = fs::read_to_string(file).with_context(what)?;
    let text = unwrap_file(&text)
        .context("this is no minisign secret key")
        .with_context(what)?;
    let sealed = SecretKeyBox::from_string(&text)?;
    if let Ok(open) = sealed.clone().into_unencrypted_secret_key() {
        return Ok(open);
    }
    // Without the variable minisign asks for it.
    let password = env::var(PASSWORD).ok();
    sealed.into_secret_key(password).with_context(what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use minisign::KeyPair;

    /// A folder of the test's own within the target folder.
    fn folder(name: &str) -> PathBuf {
        let folder = crate::paths::target().join("package-tests").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn keys(folder: &Path) -> (PathBuf, PathBuf) {
        let pair = KeyPair::generate_unencrypted_keypair().unwrap();
        let (public, secret) = (folder.join("update.pub"), folder.join("update.key"));
        fs::write(&public, pair.pk.to_box().unwrap().to_bytes()).unwrap();
        fs::write(&secret, pair.sk.to_box(None).unwrap().to_bytes()).unwrap();
        (public, secret)
    }

    #[test]
    fn a_package_is_signed_and_described() {
        let folder = folder("signed");
        let (public, secret) = keys(&folder);
        let sealing = Sealing {
            update_key: Some(public.display().to_string()),
            update_secret: Some(secret.clone()),
        };
        let seal = sealing.open().unwrap();
        let file = folder.join("Seatline-0.2.0-x64.msi");
        fs::write(&file, b"a desk").unwrap();
        let laid = seal.lay(&file, "0.2.0", "windows-x86_64").unwrap();
        assert_eq!(laid.len(), 2);
        let latest: Latest = serde_json::from_slice(&fs::read(&laid[1]).unwrap()).unwrap();
        let package = &latest.platforms["windows-x86_64"];
        assert_eq!(package.url, "Seatline-0.2.0-x64.msi");
        let key = read_public(&public.display().to_string()).unwrap();
        let stamp = Stamp::of_desk("0.2.0", "windows-x86_64");
        verify(&key, &file, &package.signature, &stamp).unwrap();
        let other = Stamp::of_desk("0.3.0", "windows-x86_64");
        assert!(verify(&key, &file, &package.signature, &other).is_err());
        fs::write(&file, b"a Desk").unwrap();
        assert!(verify(&key, &file, &package.signature, &stamp).is_err());

        let mut cargo = Command::new("cargo");
        seal.build_in(&mut cargo);
        let built_in: Vec<_> = cargo.get_envs().collect();
        let line = key.to_base64();
        assert_eq!(built_in, [(KEY.as_ref(), Some(line.as_ref()))]);

        // Without the secret key nothing of it is left to be taken for the present version's.
        let bare = Sealing::default().open().unwrap();
        assert_eq!(
            bare.lay(&file, "0.2.0", "windows-x86_64").unwrap(),
            [] as [PathBuf; 0]
        );
        assert!(laid.iter().all(|file| !file.exists()));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn keys_are_read_in_each_form_and_must_belong_together() {
        let folder = folder("keys");
        let (public, secret) = keys(&folder);
        let text = fs::read_to_string(&public).unwrap();
        let line = text.lines().nth(1).unwrap();
        let wrapped = BASE64_STANDARD.encode(&text);
        let place = public.display().to_string();
        let read: Vec<_> = [line, &text, &wrapped, &place]
            .iter()
            .map(|form| read_public(form).unwrap().to_base64())
            .collect();
        assert!(read.iter().all(|key| key == line), "{read:?}");
        assert!(read_public("no key").is_err());

        let wrapped = BASE64_STANDARD.encode(fs::read(&secret).unwrap());
        let tauris = folder.join("tauri.key");
        fs::write(&tauris, wrapped).unwrap();
        read_secret(&tauris).unwrap();

        let stranger = KeyPair::generate_unencrypted_keypair().unwrap();
        let mixed = Sealing {
            update_key: Some(stranger.pk.to_base64()),
            update_secret: Some(secret),
        };
        let refused = mixed.open().err().expect("they do not belong together");
        assert!(refused.to_string().contains("--update-key"), "{refused}");
        fs::remove_dir_all(folder).unwrap();
    }
}
