//! Whether the centre answers, with which certificate, and whether an agent could sign in there.

use super::{CheckConfig, Fact, Finding, Item, Outcome, Reason};
use crate::{
    connection::{address::Address, client::Client, socket::knock, trust::Certificate},
    failure::{Failure, FailureCode},
    secrets,
    settings::{Kept, LastSignIn},
};
use seatline_contract::{about::About, error::Code, identity::Session};
use seatline_sip::HttpProxy;

/// Where desks reach the switch; a centre may name another path at sign-in.
const LINE: &str = "/sip";

/// Looks at the centre of the policy, else at that of the last sign-in.
pub(super) async fn look(config: &CheckConfig, kept: &Kept) -> [Finding; 2] {
    let skip = |reason| Finding::new(Item::SignIn, Outcome::Skipped).because(reason);
    let last = kept.last.as_ref();
    let policy = &config.policy;
    let typed = policy
        .forced_centre()
        .or(last.map(|last| last.centre.as_str()))
        .or(policy.centre());
    let Some(typed) = typed else {
        let none = Finding::new(Item::Centre, Outcome::Skipped).because(Reason::NoCentre);
        return [none, skip(Reason::NoCentre)];
    };
    let last = last.filter(|last| last.centre == typed);
    let client = match connect(config, typed, last) {
        Ok(client) => client,
        Err(failure) => {
            let failed = Finding::failed(Item::Centre, failure).with(Fact::Address, typed);
            return [failed, skip(Reason::NeedsCentre)];
        }
    };
    let about = client.about().await;
    let address = client.address().to_string();
    let certificate = client.certificate();
    let proxy = client.proxy();
    match about {
        Ok(about) => {
            let centre = Finding::new(Item::Centre, Outcome::Passed)
                .with(Fact::Name, &about.name)
                .with(Fact::Version, &about.version);
            let sign_in = sign_in(&client, &about, last).await;
            [shown(through(centre, proxy), address, certificate), sign_in]
        }
        Err(failure) => [
            shown(
                through(Finding::failed(Item::Centre, failure), proxy),
                address,
                certificate,
            ),
            skip(Reason::NeedsCentre),
        ],
    }
}

fn connect(
    config: &CheckConfig,
    typed: &str,
    last: Option<&LastSignIn>,
) -> Result<Client, Failure> {
    let accepted = last.and_then(|last| last.trust.as_deref());
    Client::new(
        Address::parse(typed)?,
        &config.policy,
        accepted,
        &config.version,
    )
}

fn through(finding: Finding, proxy: Option<&HttpProxy>) -> Finding {
    match proxy {
        Some(proxy) => finding.with(Fact::Proxy, proxy.to_string()),
        None => finding,
    }
}

fn shown(finding: Finding, address: String, certificate: Option<Certificate>) -> Finding {
    let finding = finding.with(Fact::Address, address);
    let Some(certificate) = certificate else {
        return finding;
    };
    finding
        .with(Fact::CertificateSubject, certificate.subject)
        .with(Fact::CertificateIssuer, certificate.issuer)
        .with(Fact::CertificateUntil, certificate.until)
        .with(Fact::CertificateFingerprint, certificate.fingerprint)
}

/// Nobody is signed in by it: a kept session is looked at, and the line's way is tried.
async fn sign_in(client: &Client, about: &About, last: Option<&LastSignIn>) -> Finding {
    if about.needs_setup {
        return Finding::new(Item::SignIn, Outcome::Failed).because(Reason::NotSetUp);
    }
    if last.is_some_and(|last| last.open) {
        let token = super::in_the_background(|| secrets::open_best().load(crate::desk::TOKEN));
        // Without a keyring there is no session to look at.
        client.set_token(token.await.ok().flatten());
    }
    let open = match client.get::<Session>("/api/v1/sessions/current").await {
        Ok(_) => true,
        Err(failure) if failure.code == FailureCode::Centre(Code::SessionEnded) => false,
        Err(failure) => return Finding::failed(Item::SignIn, failure),
    };
    if let Err(failure) = knock(client, LINE, "sip").await {
        return Finding::failed(Item::SignIn, failure);
    }
    let finding = Finding::new(Item::SignIn, Outcome::Passed);
    match last {
        Some(last) => finding
            .with(Fact::Login, &last.login)
            .with(Fact::SessionOpen, open.to_string()),
        None => finding,
    }
}
