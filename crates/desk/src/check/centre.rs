//! Whether the centre answers, with which certificate, and whether an agent could sign in there, by
//! single sign-on too where policy puts that first.

use super::{CheckConfig, Fact, Finding, Item, Outcome, PATIENCE, Reason, ask_keyring};
use crate::{
    connection::{address::Address, client::Client, socket::knock, trust::Certificate},
    failure::{Failure, FailureCode},
    policy::{Entry, Fault, FaultReason, Setting},
    secrets,
    settings::{Kept, LastSignIn},
};
use seatline_contract::{
    about::About,
    error::{ApiError, Code},
    identity::Session,
    sso::serves,
};
use seatline_sip::HttpProxy;
use serde::de::IgnoredAny;

/// Where desks reach the switch; a centre may name another path at sign-in.
const LINE: &str = "/sip";

/// Looks at the centre of the policy, else at that of the last sign-in.
pub(super) async fn look(config: &CheckConfig, kept: &Kept) -> Vec<Finding> {
    let wants_sso = config.policy.sso_first();
    let skipped = |centre: Finding, reason| {
        let skip = |item| Finding::new(item, Outcome::Skipped).because(reason);
        let mut findings = vec![centre, skip(Item::SignIn)];
        findings.extend(wants_sso.then(|| skip(Item::SingleSignOn)));
        findings
    };
    let last = kept.last.as_ref();
    let policy = &config.policy;
    let typed = policy
        .forced_centre()
        .or(last.map(|last| last.centre.as_str()))
        .or(policy.centre());
    let Some(typed) = typed else {
        if policy.faults().iter().any(names_no_address) {
            let bad = Finding::new(Item::Centre, Outcome::Failed).because(Reason::BadCentre);
            return skipped(bad, Reason::NeedsCentre);
        }
        let none = Finding::new(Item::Centre, Outcome::Skipped).because(Reason::NoCentre);
        return skipped(none, Reason::NoCentre);
    };
    let last = last.filter(|last| last.centre == typed);
    let client = match connect(config, typed, last) {
        Ok(client) => client,
        Err(failure) => {
            let failed = Finding::failed(Item::Centre, failure).with(Fact::Address, typed);
            return skipped(failed, Reason::NeedsCentre);
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
            let centre = match &about.tenant {
                Some(tenant) => centre.with(Fact::Tenant, tenant),
                None => centre,
            };
            let sign_in = match stranger(policy.tenant(), &about) {
                Some(failure) => Finding::failed(Item::SignIn, failure),
                None => sign_in(&client, &about, last).await,
            };
            let mut findings = vec![shown(through(centre, proxy), address, certificate), sign_in];
            if wants_sso {
                findings.push(single_sign_on(&client, &about).await);
            }
            findings
        }
        Err(failure) => {
            let failed = through(Finding::failed(Item::Centre, failure), proxy);
            skipped(shown(failed, address, certificate), Reason::NeedsCentre)
        }
    }
}

/// A centre was meant, but what names it is no address.
fn names_no_address(fault: &Fault) -> bool {
    let setting = Entry::named(&fault.name).map(|entry| entry.setting);
    setting == Some(Setting::ServerUrl) && matches!(fault.reason, FaultReason::Malformed { .. })
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

/// This computer is set up for another tenant.
fn stranger(tenant: Option<&str>, about: &About) -> Option<Failure> {
    if serves(about.tenant.as_deref(), tenant) {
        return None;
    }
    Some(Failure {
        subject: about.tenant.clone(),
        expected: tenant.map(str::to_owned),
        ..ApiError::new(Code::WrongTenant).into()
    })
}

/// Whether a single sign-on could begin: the centre asks its sign-in service.
async fn single_sign_on(client: &Client, about: &About) -> Finding {
    let Some(offer) = &about.sso else {
        return Finding::new(Item::SingleSignOn, Outcome::Warned).because(Reason::NoSingleSignOn);
    };
    match client.get::<IgnoredAny>("/api/v1/sso").await {
        Ok(_) => Finding::new(Item::SingleSignOn, Outcome::Passed),
        Err(failure) => Finding::failed(Item::SingleSignOn, failure),
    }
    .with(Fact::Name, format!("{} / {}", offer.zh, offer.en))
}

/// Nobody is signed in by it: a kept session is looked at, and the line's way is tried.
async fn sign_in(client: &Client, about: &About, last: Option<&LastSignIn>) -> Finding {
    if about.needs_setup {
        return Finding::new(Item::SignIn, Outcome::Failed).because(Reason::NotSetUp);
    }
    if last.is_some_and(|last| last.open) {
        let load = || secrets::open_best().load(crate::desk::TOKEN);
        // Without a keyring there is no session to look at.
        client.set_token(ask_keyring(PATIENCE, load).await.ok().flatten());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Layer, Policy, Raw, Source};

    async fn looked(values: &[(&str, &str)]) -> Vec<Finding> {
        let table = values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Raw::Text((*value).to_owned())));
        let config = CheckConfig {
            data_dir: "/nonexistent".into(),
            policy: Policy::of([Layer::of_table(Source::MachinePolicy, table.collect())]),
            version: "0.1.0".into(),
            has_update_key: false,
        };
        look(&config, &Kept::default()).await
    }

    #[tokio::test]
    async fn a_mistyped_centre_fails_and_none_at_all_does_not() {
        let of = |finding: &Finding| (finding.outcome, finding.reason);
        let bad = looked(&[("serverurl", "ftp://center.example")]).await;
        assert_eq!(of(&bad[0]), (Outcome::Failed, Some(Reason::BadCentre)));
        let skipped = (Outcome::Skipped, Some(Reason::NeedsCentre));
        assert_eq!(of(&bad[1]), skipped);
        for values in [&[("Colour", "red"), ("Proxy", "a b")][..], &[]] {
            let none = looked(values).await;
            assert_eq!(of(&none[0]), (Outcome::Skipped, Some(Reason::NoCentre)));
        }
    }
}
