//! A report in words.

use crate::language::Tongue;
use seatline_contract::error::Code;
use seatline_desk::{
    check::{Fact, Finding, Item, Outcome, Reason, Report},
    failure::{DeskCode, Failure, FailureCode},
    policy::{Decision, Fault, FaultReason, Source},
};
use std::fmt::{self, Write};

/// The report as lines for a person.
pub(super) fn of(report: &Report, tongue: Tongue) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut text, report, tongue);
    text
}

fn write(text: &mut String, report: &Report, tongue: Tongue) -> fmt::Result {
    writeln!(text, "Seatline {} · {}", report.version, report.system)?;
    writeln!(
        text,
        "{}{}",
        tongue.say("数据文件夹：", "Data folder: "),
        plain(&report.data_dir)
    )?;
    for finding in &report.findings {
        writeln!(text)?;
        write_finding(text, finding, tongue)?;
        if finding.item == Item::Policy {
            for (name, made) in &report.policy {
                writeln!(text, "  {name} = {}", plain(&decision(made, tongue)))?;
            }
            for fault in &report.faults {
                writeln!(text, "  {}", plain(&blame(fault, tongue)))?;
            }
        }
    }
    let verdict = if report.passed() {
        tongue.say("可以使用。", "A desk can work here.")
    } else {
        tongue.say("有问题需要解决。", "Something has to be put right.")
    };
    write!(text, "\n{verdict}")
}

fn write_finding(text: &mut String, finding: &Finding, tongue: Tongue) -> fmt::Result {
    let mark = match finding.outcome {
        Outcome::Passed => tongue.say("正常", "ok"),
        Outcome::Warned => tongue.say("注意", "note"),
        Outcome::Failed => tongue.say("失败", "FAILED"),
        Outcome::Skipped => tongue.say("跳过", "skipped"),
    };
    writeln!(text, "[{mark}] {}", item(finding.item, tongue))?;
    if let Some(reason) = finding.reason {
        writeln!(text, "  {}", because(reason, tongue))?;
    }
    if let Some(failure) = &finding.failure {
        writeln!(text, "  {}", plain(&explain(failure, tongue)))?;
    }
    for (about, value) in &finding.facts {
        let colon = tongue.say("：", ": ");
        writeln!(text, "  {}{colon}{}", fact(*about, tongue), plain(value))?;
    }
    Ok(())
}

/// A text in one line that commands no terminal: certificates, devices and centres say of
/// themselves what they like, and would else write lines of the report.
fn plain(text: &str) -> String {
    let plain = |letter: char| match letter {
        '\n' | '\r' | '\t' => ' ',
        // Ends of lines and of paragraphs, and what turns the direction of writing.
        '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => char::REPLACEMENT_CHARACTER,
        letter if letter.is_control() => char::REPLACEMENT_CHARACTER,
        letter => letter,
    };
    text.chars().map(plain).collect()
}

fn item(item: Item, tongue: Tongue) -> &'static str {
    match item {
        Item::Policy => tongue.say("托管设置", "Managed settings"),
        Item::Centre => tongue.say("呼叫中心", "Centre"),
        Item::SignIn => tongue.say("登录", "Sign-in"),
        Item::SingleSignOn => tongue.say("单点登录", "Single sign-on"),
        Item::Keyring => tongue.say("系统钥匙串", "System's keyring"),
        Item::Devices => tongue.say("音频设备", "Sound devices"),
        Item::Tone => tongue.say("提示音回听", "Tone heard back"),
        Item::Buttons => tongue.say("耳麦按键", "Keys on the headset"),
        Item::MediaPorts => tongue.say("语音端口", "Ports for sound"),
        Item::Updates => tongue.say("更新", "Updates"),
        Item::WindowEngine => tongue.say("窗口组件", "Window engine"),
    }
}

fn because(reason: Reason, tongue: Tongue) -> &'static str {
    match reason {
        Reason::PolicyFaults => tongue.say(
            "有些设置未知或无法识别，已忽略。请更正下列各项。",
            "Some settings are unknown or not understood and were passed over. Correct those named below.",
        ),
        Reason::NoCentre => tongue.say(
            "策略和以往的登录都没有给出呼叫中心地址。请设置 ServerUrl，或先登录一次。",
            "Neither policy nor an earlier sign-in names a centre. Set ServerUrl, or sign in once.",
        ),
        Reason::BadCentre => tongue.say(
            "ServerUrl 不是可用的地址，因此没有呼叫中心。应为 https 的主机名加可选端口，不含用户名、密码和路径。",
            "ServerUrl is no address that can be used, so there is no centre. Name a host, and a port if need be: by https, without a login or a path.",
        ),
        Reason::NeedsCentre => tongue.say(
            "呼叫中心可用之后才能检查。",
            "It can be checked once the centre is reached.",
        ),
        Reason::NotSetUp => tongue.say(
            "呼叫中心还没有管理员。请用它启动时显示的代码完成设置。",
            "The centre has no administrator yet. Set it up with the code it printed when it started.",
        ),
        Reason::NoSingleSignOn => tongue.say(
            "Sso 为 1，但呼叫中心没有单点登录，只能用密码。请在呼叫中心配置 [sso]，或去掉 Sso。",
            "Sso is 1, but the centre has no single sign-on and takes passwords alone. Configure [sso] there, or leave Sso out.",
        ),
        Reason::NoKeyring => tongue.say(
            "没有可用的钥匙串：每次启动都要重新登录。请安装并解锁系统钥匙串。",
            "No keyring can be used: agents sign in at every start. Install and unlock the system's keyring.",
        ),
        Reason::NoMicrophone => tongue.say(
            "没有麦克风。请连接耳麦。",
            "There is no microphone. Plug a headset in.",
        ),
        Reason::NoSpeaker => tongue.say(
            "没有扬声器。请连接耳麦。",
            "There is no speaker. Plug a headset in.",
        ),
        Reason::NotHeard => tongue.say(
            "麦克风没有听到提示音。封闭式耳麦属于正常；否则请检查静音和音量。",
            "The microphone did not hear the tone. That is usual with a closed headset; else look at mute and volume.",
        ),
        Reason::NoButtons => tongue.say(
            "没有带通话按键的 USB 耳麦。请在窗口中接听和挂断。",
            "No USB headset has keys for calls. Calls are answered and ended in the window.",
        ),
        Reason::ButtonsForbidden => tongue.say(
            "系统不允许使用耳麦按键。Linux 上请安装 70-seatline-headset.rules，然后重新插入耳麦。",
            "The system does not let this program use the headset's keys. On Linux install 70-seatline-headset.rules, then plug the headset in again.",
        ),
        Reason::ButtonsTaken => tongue.say(
            "耳麦按键被其他程序独占。请关闭其他电话程序。",
            "Another program has the headset's keys for itself. Close other telephone programs.",
        ),
        Reason::ButtonsFail => tongue.say(
            "耳麦按键出错。请重新插入耳麦。",
            "The headset's keys answer with an error. Plug the headset in again.",
        ),
        Reason::SomePortsTaken => tongue.say(
            "部分端口被其他程序占用，剩下的够用。",
            "Other programs hold some of the ports; enough are left.",
        ),
        Reason::PortsTaken => tongue.say(
            "空闲端口不足一次通话。请更改 MediaPorts，或关闭占用端口的程序。",
            "Too few ports are free for a call. Change MediaPorts, or end the programs that hold them.",
        ),
        Reason::NoUpdateKey => tongue.say(
            "此程序构建时没有更新密钥，不会更新自己。",
            "This program was built without a key for updates and never updates itself.",
        ),
        Reason::UpdatesWithoutKey => tongue.say(
            "AutoUpdate 已开启，但此程序构建时没有更新密钥，不会更新自己。",
            "AutoUpdate is on, but this program was built without a key for updates and never updates itself.",
        ),
        Reason::UpdatesOff => tongue.say(
            "AutoUpdate 未开启，程序从不查询更新。",
            "AutoUpdate is off: the desk never asks for updates.",
        ),
        Reason::NoWindowEngine => tongue.say(
            "未安装窗口组件（Windows 上是 WebView2 运行时）。请安装后再启动。",
            "What draws windows is not installed (on Windows the WebView2 Runtime). Install it first.",
        ),
    }
}

fn explain(failure: &Failure, tongue: Tongue) -> String {
    let said = match failure.code {
        FailureCode::Desk(code) => desk_code(code, tongue),
        FailureCode::Centre(code) => centre_code(code, tongue),
    };
    let code = serde_json::to_value(failure.code).unwrap_or_default();
    let code = code.as_str().unwrap_or_default();
    let said = said.unwrap_or(tongue.say("被拒绝。", "It was refused."));
    let mut text = format!("{said} ({code})");
    let names = failure.expected.iter().chain(&failure.subject);
    for more in names.chain([&failure.detail]) {
        if !more.is_empty() {
            text.push_str(" · ");
            text.push_str(more);
        }
    }
    text
}

/// What a centre says against a sign-in by single sign-on, or against this computer.
fn centre_code(code: Code, tongue: Tongue) -> Option<&'static str> {
    Some(match code {
        Code::WrongTenant => tongue.say(
            "这台电脑的租户与呼叫中心服务的租户不同。请更正 Tenant 或 ServerUrl。",
            "This computer is set up for another tenant than the centre serves. Correct Tenant or ServerUrl.",
        ),
        Code::SsoUnreachable => tongue.say(
            "呼叫中心连不上登录服务。请检查登录服务，以及呼叫中心到它的网络。",
            "The centre does not reach the sign-in service. Look at the service, and at the network between.",
        ),
        Code::SsoUntrusted => tongue.say(
            "呼叫中心不信任登录服务的证书。请在 sso.authority_file 中指定颁发机构。",
            "The centre does not trust the sign-in service's certificate. Name its authority in sso.authority_file.",
        ),
        Code::SsoRejected => tongue.say(
            "登录服务与呼叫中心的配置不符。请核对 [sso] 和呼叫中心的日志。",
            "The sign-in service does not fit the centre's configuration. Compare [sso], and read the centre's log.",
        ),
        _ => return None,
    })
}

/// What went wrong on the way to the centre or with the devices; other codes do not come up here.
fn desk_code(code: DeskCode, tongue: Tongue) -> Option<&'static str> {
    Some(match code {
        DeskCode::BadAddress => tongue.say(
            "地址无效，应为主机名加可选端口。",
            "The address is not usable: a host, and a port if need be.",
        ),
        DeskCode::CentreUnreachable => tongue.say(
            "没有应答。请检查地址、网络和防火墙。",
            "No answer. Look at the address, the network and the firewall.",
        ),
        DeskCode::ProxyUnreachable => tongue.say(
            "代理没有应答。请检查 Proxy 的地址和网络。",
            "The proxy does not answer. Look at the address in Proxy, and at the network.",
        ),
        DeskCode::ProxyRefused => tongue.say(
            "代理不允许连接。请放行呼叫中心，且不要求密码。",
            "The proxy does not let the desk through. Have it allow the centre without a password.",
        ),
        DeskCode::NotACentre => tongue.say(
            "应答的不是 Seatline 呼叫中心。请检查地址和代理。",
            "What answers is no Seatline centre. Look at the address, and at proxies between.",
        ),
        DeskCode::VersionMismatch => tongue.say(
            "呼叫中心的版本不兼容。请更新其中一方。",
            "The centre speaks another version. Update one of the two.",
        ),
        DeskCode::CertificateUntrusted => tongue.say(
            "证书不受信任。请用 AuthorityFile 指定颁发机构，或在登录时核对指纹。",
            "The certificate is not trusted. Name its authority in AuthorityFile, or compare the fingerprint at sign-in.",
        ),
        DeskCode::CertificateChanged => tongue.say(
            "证书与以前接受的不同。请与管理员核对指纹。",
            "The certificate is another one than was accepted. Compare the fingerprint with its administrator.",
        ),
        DeskCode::CertificateWrongHost => tongue.say(
            "证书属于其他主机。请检查地址。",
            "The certificate is for another host. Look at the address.",
        ),
        DeskCode::CertificateExpired => tongue.say(
            "证书已过期或尚未生效。请检查电脑时钟，或更换证书。",
            "The certificate has expired or is not valid yet. Look at this computer's clock, or renew it.",
        ),
        DeskCode::StorageFailed => tongue.say(
            "文件无法读取。",
            "A file cannot be read.",
        ),
        DeskCode::DeviceTaken => tongue.say(
            "设备被其他程序占用。",
            "Another program holds the device.",
        ),
        DeskCode::DeviceGone => tongue.say(
            "所选设备不在了。请重新连接或另选。",
            "The chosen device is gone. Plug it in, or choose another.",
        ),
        DeskCode::NoMicrophone => because(Reason::NoMicrophone, tongue),
        DeskCode::NoSpeaker => because(Reason::NoSpeaker, tongue),
        DeskCode::MicrophoneForbidden => tongue.say(
            "系统不允许使用麦克风。请在隐私设置中允许。",
            "The system does not let this program record. Allow it in the privacy settings.",
        ),
        DeskCode::SoundFailed => tongue.say(
            "音频系统出错。",
            "The sound system failed.",
        ),
        _ => return None,
    })
}

fn fact(fact: Fact, tongue: Tongue) -> &'static str {
    match fact {
        Fact::Address => tongue.say("地址", "address"),
        Fact::Proxy => tongue.say("经由代理", "through the proxy"),
        Fact::Name => tongue.say("名称", "name"),
        Fact::Tenant => tongue.say("租户", "tenant"),
        Fact::Version => tongue.say("版本", "version"),
        Fact::CertificateSubject => tongue.say("证书持有者", "certificate for"),
        Fact::CertificateIssuer => tongue.say("证书颁发者", "issued by"),
        Fact::CertificateUntil => tongue.say("有效期至", "valid until"),
        Fact::CertificateFingerprint => tongue.say("指纹 SHA-256", "fingerprint SHA-256"),
        Fact::Login => tongue.say("上次登录", "last login"),
        Fact::SessionOpen => tongue.say("会话仍有效", "session still open"),
        Fact::Detail => tongue.say("详情", "detail"),
        Fact::Microphones => tongue.say("麦克风", "microphones"),
        Fact::Speakers => tongue.say("扬声器", "speakers"),
        Fact::HeardDbfs => tongue.say("听到的音量 dBFS", "heard at dBFS"),
        Fact::Usable => tongue.say("可用", "usable"),
        Fact::Unusable => tongue.say("不可用", "not usable"),
        Fact::Ports => tongue.say("端口", "ports"),
        Fact::Free => tongue.say("空闲", "free"),
        Fact::Managed => tongue.say("已设置", "set"),
    }
}

fn decision(made: &Decision, tongue: Tongue) -> String {
    let kind = if made.forced {
        tongue.say("强制", "forced")
    } else {
        tongue.say("推荐", "recommended")
    };
    format!("{} ({kind}, {})", made.value, place(made.source, tongue))
}

fn blame(fault: &Fault, tongue: Tongue) -> String {
    let place = place(fault.source, tongue);
    let name = &fault.name;
    match &fault.reason {
        FaultReason::Unknown => {
            format!(
                "{name}: {} ({place})",
                tongue.say("没有这项设置", "no such setting")
            )
        }
        FaultReason::NotHere => {
            let said = tongue.say("不能在此设置", "is not decided there");
            format!("{name}: {said} ({place})")
        }
        FaultReason::Malformed { value } => {
            let said = tongue.say("不能取值", "does not take");
            format!("{name}: {said} {value:?} ({place})")
        }
        FaultReason::Unreadable { detail } => {
            format!(
                "{name}: {} ({place}): {detail}",
                tongue.say("无法读取", "cannot be read")
            )
        }
    }
}

fn place(source: Source, tongue: Tongue) -> &'static str {
    match source {
        Source::MachinePolicy => tongue.say("计算机策略", "computer's policy"),
        Source::UserPolicy => tongue.say("用户策略", "user's policy"),
        Source::Installer => tongue.say("安装程序", "installer"),
        Source::ManagedPreferences => tongue.say("配置描述文件", "configuration profile"),
        Source::File => "/etc/seatline/policy.toml",
        Source::Environment => tongue.say("环境变量", "environment"),
        Source::Centre => tongue.say("呼叫中心", "centre"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_report_says_what_is_wrong_in_both_languages() {
        let report = Report {
            version: "0.1.0".into(),
            system: "linux x86_64".into(),
            data_dir: "/home/zhou/desk".into(),
            policy: BTreeMap::new(),
            faults: vec![Fault {
                source: Source::MachinePolicy,
                name: "Colour".into(),
                reason: FaultReason::Unknown,
            }],
            findings: vec![
                Finding::new(Item::Policy, Outcome::Warned).because(Reason::PolicyFaults),
                Finding {
                    failure: Some(Failure::new(DeskCode::CentreUnreachable).about("a.example")),
                    ..Finding::new(Item::Centre, Outcome::Failed)
                },
            ],
        };
        let zh = of(&report, Tongue::Zh);
        let en = of(&report, Tongue::En);
        for text in [&zh, &en] {
            assert!(text.contains("a.example") && text.contains("centre_unreachable"));
            assert!(text.contains("Colour"), "{text}");
        }
        assert!(zh.contains("没有应答") && en.contains("No answer"));
        assert!(en.contains("FAILED") && en.ends_with("put right."));
    }

    #[test]
    fn nobody_writes_lines_of_the_report_by_their_name() {
        const FORGED: &str = "mallory\r\n[ok] Centre\u{1b}[2K\u{9b}1A\u{2028}[ok] Sign-in";
        let report = Report {
            version: "0.1.0".into(),
            system: "linux x86_64".into(),
            data_dir: FORGED.into(),
            policy: BTreeMap::new(),
            faults: vec![Fault {
                source: Source::File,
                name: FORGED.into(),
                reason: FaultReason::Unreadable {
                    detail: FORGED.into(),
                },
            }],
            findings: vec![
                Finding::new(Item::Policy, Outcome::Warned),
                Finding {
                    failure: Some(Failure::new(DeskCode::CertificateUntrusted).about(FORGED)),
                    ..Finding::new(Item::Centre, Outcome::Failed)
                        .with(Fact::CertificateSubject, FORGED)
                },
            ],
        };
        let text = of(&report, Tongue::En);
        assert!(text.contains("mallory"), "{text}");
        assert!(text.lines().all(|line| !line.starts_with("[ok]")), "{text}");
        let commands = |letter: char| letter.is_control() && letter != '\n';
        assert!(
            !text.contains(commands) && !text.contains('\u{2028}'),
            "{text:?}"
        );
    }
}
