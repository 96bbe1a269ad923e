//! A new computer and a new centre: addresses where no centre is, certificates that are not what
//! they should be, and the first administrator.

use seatline_tests::{
    centre::{Centre, PASSWORD, free_port},
    keyring, output_folder,
    screen::Screen,
    sound::SoundServer,
    stage_address,
    stranger::Stranger,
    window::Window,
};

/// The sign-in form of a computer that knows no centre.
struct Form {
    window: Window,
    output: std::path::PathBuf,
}

impl Form {
    /// Tries to sign in at an address, whoever is there.
    async fn try_at(&self, address: &str) -> anyhow::Result<()> {
        self.window.fill("sign-in-centre", address).await?;
        self.window.fill("sign-in-login", "hanmei").await?;
        self.window.fill("sign-in-password", PASSWORD).await?;
        self.window.click("sign-in-submit").await
    }

    /// Waits for what the form says, in words, and keeps a picture of it.
    async fn is_told(&self, code: &str, words: &str) -> anyhow::Result<()> {
        self.window
            .wait_attribute("sign-in-error", "data-code", |now| now == code)
            .await?;
        let said = self.window.text("sign-in-error").await?;
        anyhow::ensure!(said.contains(words), "{code} is said as {said:?}");
        self.picture(code).await
    }

    /// Waits for the question about a certificate.
    async fn is_asked(&self, words: &str) -> anyhow::Result<()> {
        let asked = self.window.text("certificate-text").await?;
        anyhow::ensure!(asked.contains(words), "it asks {asked:?}");
        Ok(())
    }

    async fn picture(&self, name: &str) -> anyhow::Result<()> {
        let file = self.output.join(format!("{name}.png"));
        self.window.take_picture(&file).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_told_apart_and_a_new_centre_is_set_up() {
    let folder = tempfile::Builder::new()
        .prefix("journey-")
        .tempdir()
        .unwrap();
    let address = stage_address().unwrap();
    let sound = SoundServer::start(folder.path()).unwrap();
    let screen = Screen::start(folder.path()).unwrap();
    let _keyring = keyring::start(folder.path()).unwrap();
    let form = Form {
        window: Window::open_unmanaged(folder.path(), &screen, &sound)
            .await
            .unwrap(),
        output: output_folder("first-start").unwrap(),
    };
    let window = &form.window;

    let web = Stranger::Web.serve(address).unwrap();
    form.try_at(&web.to_string()).await.unwrap();
    form.is_told("not_a_centre", "不是 Seatline 中心")
        .await
        .unwrap();
    let expired = Stranger::Expired.serve(address).unwrap();
    form.try_at(&expired.to_string()).await.unwrap();
    form.is_told("certificate_expired", "证书已过期")
        .await
        .unwrap();
    let mail = Stranger::Mail.serve(address).unwrap();
    form.try_at(&mail.to_string()).await.unwrap();
    form.is_asked("SHA-256").await.unwrap();
    window.click("certificate-accept").await.unwrap();
    form.is_told("not_a_centre", "不是 Seatline 中心")
        .await
        .unwrap();
    let place = free_port(address).unwrap();
    form.try_at(&place.to_string()).await.unwrap();
    form.is_told("centre_unreachable", "连不上").await.unwrap();

    let centre = Centre::start_new(folder.path().join("first"), place).unwrap();
    form.try_at(&place.to_string()).await.unwrap();
    form.is_asked("SHA-256").await.unwrap();
    form.picture("certificate").await.unwrap();
    window.click("certificate-accept").await.unwrap();
    window.click("set-up-open").await.unwrap();
    for (field, text) in [
        ("set-up-code", "ABCD-EFGH-JKLM-NPQR"),
        ("set-up-name", "韩梅"),
        ("set-up-login", "hanmei"),
        ("set-up-password", "too short"),
        ("set-up-again", "too short"),
    ] {
        window.fill(field, text).await.unwrap();
    }
    window.click("set-up-submit").await.unwrap();
    window
        .wait_attribute("set-up-password", "aria-invalid", |wrong| wrong == "true")
        .await
        .unwrap();
    form.picture("set-up-weak-password").await.unwrap();
    window.fill("set-up-password", PASSWORD).await.unwrap();
    window.fill("set-up-again", PASSWORD).await.unwrap();
    window.click("set-up-submit").await.unwrap();
    window
        .wait_attribute("set-up-code", "aria-invalid", |wrong| wrong == "true")
        .await
        .unwrap();
    form.picture("set-up-wrong-code").await.unwrap();
    let code = centre.set_up_code().unwrap();
    window.fill("set-up-code", &code).await.unwrap();
    window.click("set-up-submit").await.unwrap();
    window.find("strip").await.unwrap();
    form.picture("administrator").await.unwrap();

    // Another machine at the same address, perhaps one that listens in.
    window.click("view-settings").await.unwrap();
    window.click("sign-out").await.unwrap();
    window.find("sign-in-submit").await.unwrap();
    drop(centre);
    let _other = Centre::start_new(folder.path().join("other"), place).unwrap();
    window.fill("sign-in-password", PASSWORD).await.unwrap();
    window.click("sign-in-submit").await.unwrap();
    form.is_asked("可能有人在窃听").await.unwrap();
    form.picture("certificate-changed").await.unwrap();
    window.close().await.unwrap();
}
