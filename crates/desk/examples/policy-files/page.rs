//! The reference page for IT, in both languages.

use crate::Tongue;
use seatline_desk::policy::{Effect, Entry, Form, SCHEMA};
use std::fmt::Write;

const ENGLISH: &str = "\
# Managed settings

<!-- Generated from the schema by `cargo dev codegen`. Do not edit. -->

[中文](#托管设置)

IT decides these settings for a computer. A **forced** value is shown to the agent as managed and cannot be changed; a **recommended** one holds until the agent chooses otherwise. Settings that are not here, and values that are not understood, are passed over and named in the log and by `seatline --check`. Changes are noticed within five seconds; nothing needs a restart.

| system | forced | recommended |
|---|---|---|
| Windows | `HKLM\\Software\\Policies\\Seatline`, then `HKCU\\Software\\Policies\\Seatline` | key `Recommended` below either, then `HKLM\\Software\\Seatline` (written by the installer) |
| macOS | a configuration profile for `cn.seatline.desk` | dictionary `Recommended` in it |
| Linux | `/etc/seatline/policy.toml` | table `[Recommended]` in it |
| all | the variables `SEATLINE_CENTRE` (`ServerUrl`) and `SEATLINE_CA` (`AuthorityFile`) | table `[desk]` of the centre's configuration, from the next sign-in on; not `ServerUrl`, `AuthorityFile`, `Proxy`, `Tenant`, `Sso` |

The first of them that names a setting counts; forced comes before recommended. Templates: [windows/policy](windows/policy) (ADMX, ADML), [macos/policy.mobileconfig](macos/policy.mobileconfig).
";

const CHINESE: &str = "\
## 托管设置

以下设置由 IT 为一台电脑决定。**强制**的值对坐席显示为由管理员管理，不能更改；**推荐**的值在坐席自己选择之前有效。未知的设置和无法识别的值会被忽略，并在日志和 `seatline --check` 中列出。更改在五秒内被发现，不需要重启。

| 系统 | 强制 | 推荐 |
|---|---|---|
| Windows | `HKLM\\Software\\Policies\\Seatline`，其次 `HKCU\\Software\\Policies\\Seatline` | 两者之下的 `Recommended` 键，其次 `HKLM\\Software\\Seatline`（由安装程序写入） |
| macOS | `cn.seatline.desk` 的配置描述文件 | 其中的 `Recommended` 字典 |
| Linux | `/etc/seatline/policy.toml` | 其中的 `[Recommended]` 表 |
| 所有系统 | 环境变量 `SEATLINE_CENTRE`（`ServerUrl`）和 `SEATLINE_CA`（`AuthorityFile`） | 呼叫中心配置中的 `[desk]` 表，下次登录起有效；不含 `ServerUrl`、`AuthorityFile`、`Proxy`、`Tenant`、`Sso` |

按上面的次序，先出现的有效；强制先于推荐。模板：[windows/policy](windows/policy)（ADMX、ADML），[macos/policy.mobileconfig](macos/policy.mobileconfig)。
";

/// The whole page.
pub(crate) fn reference() -> String {
    let mut text = ENGLISH.to_owned();
    table(&mut text, Tongue::En);
    text.push_str("\nOn Linux the same as a file:\n\n```toml\n");
    for entry in SCHEMA
        .iter()
        .filter(|entry| !entry.personal || is_address(entry))
    {
        line(&mut text, entry);
    }
    text.push_str("\n[Recommended]\n");
    for entry in SCHEMA
        .iter()
        .filter(|entry| entry.personal && !is_address(entry))
    {
        line(&mut text, entry);
    }
    text.push_str("```\n\n");
    text.push_str(CHINESE);
    table(&mut text, Tongue::Zh);
    text
}

fn is_address(entry: &Entry) -> bool {
    matches!(entry.form, Form::Address)
}

fn line(text: &mut String, entry: &Entry) {
    let value = match entry.form {
        Form::Flag => (entry.sample == "1").to_string(),
        Form::Address
        | Form::File
        | Form::Proxy
        | Form::Name
        | Form::Ports
        | Form::Keys
        | Form::Choice(_) => {
            format!("\"{}\"", entry.sample)
        }
    };
    // Writing to a string does not fail.
    let _ = writeln!(text, "{} = {value}", entry.name);
}

fn table(text: &mut String, tongue: Tongue) {
    text.push_str(tongue.say(
        "\n| 名称 | 含义 | 值 | 默认 | 生效 |\n|---|---|---|---|---|\n",
        "\n| name | what | values | default | takes effect |\n|---|---|---|---|---|\n",
    ));
    for entry in SCHEMA {
        let words = match tongue {
            Tongue::Zh => &entry.zh,
            Tongue::En => &entry.en,
        };
        let default = match entry.default {
            "" => tongue.say("无", "none").to_owned(),
            default => format!("`{default}`"),
        };
        let effect = match entry.effect {
            Effect::AtOnce => tongue.say("立即", "at once"),
            Effect::NextSignIn => tongue.say("下次登录", "at the next sign-in"),
        };
        let (name, values) = (entry.name, values(entry.form, tongue));
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "| `{name}` | {} | {values} | {default} | {effect} |",
            words.help
        );
    }
}

fn values(form: Form, tongue: Tongue) -> String {
    match form {
        Form::Address => tongue.say("文本：地址", "text: address").into(),
        Form::File => tongue.say("文本：路径", "text: path").into(),
        Form::Proxy => tongue
            .say("文本：地址，或 `off`", "text: address, or `off`")
            .into(),
        Form::Name => tongue.say("文本：名称", "text: name").into(),
        Form::Ports => tongue.say("文本：起-止", "text: first-last").into(),
        Form::Keys => tongue
            .say("文本：按键，或 `off`", "text: keys, or `off`")
            .into(),
        Form::Flag => tongue
            .say("DWORD 1、0；`true`、`false`", "DWORD 1, 0; `true`, `false`")
            .into(),
        Form::Choice(choices) => {
            let names: Vec<String> = choices
                .iter()
                .map(|choice| format!("`{}` {}", choice.value, tongue.say(choice.zh, choice.en)))
                .collect();
            let comma = tongue.say("，", ", ");
            format!("{}{}", tongue.say("文本：", "text: "), names.join(comma))
        }
    }
}
