//! Every managed setting there is. Templates for Windows and macOS, the reference page and what
//! the desk honours all come from this one table.

use serde::{Deserialize, Serialize};

/// A setting that a site's IT may decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    /// The centre's address.
    ServerUrl,
    /// Certificate authorities besides the system's.
    AuthorityFile,
    /// The HTTP proxy on the way to the centre.
    Proxy,
    /// The tenant the computer is set up for.
    Tenant,
    /// Single sign-on comes first.
    Sso,
    /// UDP ports for sound.
    MediaPorts,
    /// Language of the window.
    Language,
    /// Colours of the window.
    Theme,
    /// A system notification when a call comes in.
    Notify,
    /// Starts with the person's session.
    Autostart,
    /// Takes the system's links with telephone numbers.
    LinkHandler,
    /// Takes updates from the centre.
    AutoUpdate,
    /// The hotkey that answers.
    HotkeyAnswer,
    /// The hotkey that hangs up.
    HotkeyHangUp,
    /// The hotkey that mutes.
    HotkeyMute,
    /// The hotkey that holds.
    HotkeyHold,
    /// Echo cancellation.
    EchoCancellation,
    /// Noise suppression.
    NoiseSuppression,
    /// Automatic gain.
    AutomaticGain,
}

impl Setting {
    /// Its name in registries and files.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// Whether it says how a centre is found, trusted and signed in to, which no centre has a say
    /// in.
    #[must_use]
    pub fn leads_to_centre(self) -> bool {
        matches!(
            self,
            Self::ServerUrl | Self::AuthorityFile | Self::Proxy | Self::Tenant | Self::Sso
        )
    }

    /// All that is known of it.
    #[must_use]
    pub fn entry(self) -> &'static Entry {
        // The table stands in the order of the settings, which a test holds.
        &SCHEMA[self as usize]
    }
}

/// All that is known of a setting.
#[derive(Debug)]
pub struct Entry {
    /// Which one.
    pub setting: Setting,
    /// Its name in registries and files.
    pub name: &'static str,
    /// What values it takes.
    pub form: Form,
    /// The person may choose it where IT only recommends.
    pub personal: bool,
    /// When a change takes effect.
    pub effect: Effect,
    /// What holds without any decision, as a value; empty for none.
    pub default: &'static str,
    /// A value to show in examples.
    pub sample: &'static str,
    /// Its Chinese words.
    pub zh: Words,
    /// Its English words.
    pub en: Words,
}

impl Entry {
    /// The setting of a name, in whatever case: registries do not tell one from the other.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        SCHEMA
            .iter()
            .find(|entry| entry.name.eq_ignore_ascii_case(name))
    }
}

/// What values a setting takes.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// A centre's address: host and port.
    Address,
    /// A file by its full path.
    File,
    /// An HTTP proxy: host and port; `off` for none.
    Proxy,
    /// A name: 1 to 64 characters in one line.
    Name,
    /// UDP ports, `first-last`.
    Ports,
    /// A key combination such as `Ctrl+Alt+A`; `off` for none.
    Keys,
    /// 1 or 0.
    Flag,
    /// One of a few.
    Choice(&'static [Choice]),
}

/// One of a few values.
#[derive(Debug)]
pub struct Choice {
    /// The value.
    pub value: &'static str,
    /// Its Chinese name.
    pub zh: &'static str,
    /// Its English name.
    pub en: &'static str,
}

/// When a change takes effect. None needs a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Within seconds.
    AtOnce,
    /// When the agent signs in the next time.
    NextSignIn,
}

/// Words for people.
#[derive(Debug)]
pub struct Words {
    /// A short title.
    pub title: &'static str,
    /// What it does, in one to three sentences.
    pub help: &'static str,
}

/// Every setting, in the order of [`Setting`].
pub const SCHEMA: &[Entry] = &[
    Entry {
        setting: Setting::ServerUrl,
        name: "ServerUrl",
        form: Form::Address,
        personal: true,
        effect: Effect::NextSignIn,
        default: "",
        sample: "https://center.example.cn",
        zh: Words {
            title: "呼叫中心地址",
            help: "坐席登录的呼叫中心，例如 https://center.example.cn。强制时坐席不能登录其他中心；推荐时只是预先填好。",
        },
        en: Words {
            title: "Centre's address",
            help: "The centre agents sign in to, such as https://center.example.cn. If forced, agents can sign in to no other; if recommended, it is only filled in.",
        },
    },
    Entry {
        setting: Setting::AuthorityFile,
        name: "AuthorityFile",
        form: Form::File,
        personal: false,
        effect: Effect::NextSignIn,
        default: "",
        sample: "/etc/seatline/ca.pem",
        zh: Words {
            title: "证书颁发机构文件",
            help: "除系统证书外还信任的颁发机构，PEM 文件的完整路径。",
        },
        en: Words {
            title: "Certificate authorities",
            help: "Authorities to trust besides the system's: the full path of a PEM file.",
        },
    },
    Entry {
        setting: Setting::Proxy,
        name: "Proxy",
        form: Form::Proxy,
        personal: false,
        effect: Effect::NextSignIn,
        default: "",
        sample: "http://proxy.example.cn:3128",
        zh: Words {
            title: "HTTP 代理",
            help: "经由此 HTTP 代理（CONNECT）连接呼叫中心，例如 http://proxy.example.cn:3128。不支持需要密码的代理；语音不经过代理，直接走 UDP。off 即不使用代理。",
        },
        en: Words {
            title: "HTTP proxy",
            help: "Reaches the centre through this HTTP proxy (CONNECT), such as http://proxy.example.cn:3128. It must ask for no password. Sound does not go through it but straight over UDP. The word off means no proxy.",
        },
    },
    Entry {
        setting: Setting::Tenant,
        name: "Tenant",
        form: Form::Name,
        personal: false,
        effect: Effect::NextSignIn,
        default: "",
        sample: "north",
        zh: Words {
            title: "租户",
            help: "这台电脑所属的租户，1 到 64 个字符。服务于其他租户的呼叫中心会在查看密码之前拒绝登录。",
        },
        en: Words {
            title: "Tenant",
            help: "The tenant this computer is set up for, 1 to 64 characters. A centre that serves another one turns sign-ins away before it looks at a password.",
        },
    },
    Entry {
        setting: Setting::Sso,
        name: "Sso",
        form: Form::Flag,
        personal: false,
        effect: Effect::NextSignIn,
        default: "0",
        sample: "1",
        zh: Words {
            title: "优先单点登录",
            help: "登录窗口先提供单点登录，密码收在其后。是否还能用密码由呼叫中心决定；没有单点登录的呼叫中心仍用密码。",
        },
        en: Words {
            title: "Single sign-on first",
            help: "The window offers single sign-on first, and a password behind it. Whether a password still works is the centre's decision; a centre without single sign-on takes passwords as before.",
        },
    },
    Entry {
        setting: Setting::MediaPorts,
        name: "MediaPorts",
        form: Form::Ports,
        personal: false,
        effect: Effect::NextSignIn,
        default: "",
        sample: "16384-16400",
        zh: Words {
            title: "语音端口",
            help: "语音使用的 UDP 端口范围，例如 16384-16400，至少 4 个端口，从 1024 起。未设置时使用任意空闲端口。",
        },
        en: Words {
            title: "Ports for sound",
            help: "The UDP ports that sound uses, such as 16384-16400: at least 4, from 1024 up. Any free port where it is not set.",
        },
    },
    Entry {
        setting: Setting::Language,
        name: "Language",
        form: Form::Choice(&[
            Choice {
                value: "system",
                zh: "跟随系统",
                en: "As the system",
            },
            Choice {
                value: "zh-CN",
                zh: "简体中文",
                en: "Simplified Chinese",
            },
            Choice {
                value: "en-US",
                zh: "英语",
                en: "English",
            },
        ]),
        personal: true,
        effect: Effect::AtOnce,
        default: "system",
        sample: "zh-CN",
        zh: Words {
            title: "语言",
            help: "窗口、托盘和通知的语言。",
        },
        en: Words {
            title: "Language",
            help: "Language of windows, tray and notifications.",
        },
    },
    Entry {
        setting: Setting::Theme,
        name: "Theme",
        form: Form::Choice(&[
            Choice {
                value: "system",
                zh: "跟随系统",
                en: "As the system",
            },
            Choice {
                value: "light",
                zh: "浅色",
                en: "Light",
            },
            Choice {
                value: "dark",
                zh: "深色",
                en: "Dark",
            },
        ]),
        personal: true,
        effect: Effect::AtOnce,
        default: "system",
        sample: "dark",
        zh: Words {
            title: "外观",
            help: "窗口的颜色。",
        },
        en: Words {
            title: "Theme",
            help: "Colours of the windows.",
        },
    },
    Entry {
        setting: Setting::Notify,
        name: "Notify",
        form: Form::Flag,
        personal: true,
        effect: Effect::AtOnce,
        default: "1",
        sample: "1",
        zh: Words {
            title: "来电通知",
            help: "来电时显示系统通知。来电卡片始终显示。",
        },
        en: Words {
            title: "Notification of calls",
            help: "Shows a system notification when a call comes in. The call card is shown in any case.",
        },
    },
    Entry {
        setting: Setting::Autostart,
        name: "Autostart",
        form: Form::Flag,
        personal: true,
        effect: Effect::AtOnce,
        default: "0",
        sample: "1",
        zh: Words {
            title: "登录系统时启动",
            help: "登录系统后自动启动 Seatline。",
        },
        en: Words {
            title: "Start with the computer",
            help: "Starts Seatline when the person signs in to the computer.",
        },
    },
    Entry {
        setting: Setting::LinkHandler,
        name: "LinkHandler",
        form: Form::Flag,
        personal: true,
        effect: Effect::AtOnce,
        default: "0",
        sample: "1",
        zh: Words {
            title: "打开电话链接",
            help: "网页和邮件中的 tel:、sip:、callto: 链接用 Seatline 打开，坐席确认后才拨号。Windows 上已为这些链接选过其他程序的，以那个选择为准；macOS 上由系统决定。",
        },
        en: Words {
            title: "Open telephone links",
            help: "Opens tel:, sip: and callto: links of web pages and mails in Seatline, which dials only when the agent says so. On Windows a program that the person has chosen for such links keeps them; on macOS the system decides.",
        },
    },
    Entry {
        setting: Setting::AutoUpdate,
        name: "AutoUpdate",
        form: Form::Flag,
        personal: false,
        effect: Effect::AtOnce,
        default: "0",
        sample: "1",
        zh: Words {
            title: "更新",
            help: "从呼叫中心获取签名的更新，坐席同意后、没有通话时安装；Windows 安装时需要管理员权限。0 则从不查询。",
        },
        en: Words {
            title: "Updates",
            help: "Takes signed updates from the centre and installs them once the agent agrees and nobody is on the line; Windows asks for administrator's rights. With 0 the desk never asks for any.",
        },
    },
    hotkey(
        Setting::HotkeyAnswer,
        "HotkeyAnswer",
        "Ctrl+Alt+A",
        Words {
            title: "快捷键：接听",
            help: HOTKEY_ZH,
        },
        Words {
            title: "Hotkey: answer",
            help: HOTKEY_EN,
        },
    ),
    hotkey(
        Setting::HotkeyHangUp,
        "HotkeyHangUp",
        "Ctrl+Alt+H",
        Words {
            title: "快捷键：挂断",
            help: HOTKEY_ZH,
        },
        Words {
            title: "Hotkey: hang up",
            help: HOTKEY_EN,
        },
    ),
    hotkey(
        Setting::HotkeyMute,
        "HotkeyMute",
        "Ctrl+Alt+M",
        Words {
            title: "快捷键：静音",
            help: HOTKEY_ZH,
        },
        Words {
            title: "Hotkey: mute",
            help: HOTKEY_EN,
        },
    ),
    hotkey(
        Setting::HotkeyHold,
        "HotkeyHold",
        "Ctrl+Alt+L",
        Words {
            title: "快捷键：保持",
            help: HOTKEY_ZH,
        },
        Words {
            title: "Hotkey: hold",
            help: HOTKEY_EN,
        },
    ),
    processing(
        Setting::EchoCancellation,
        "EchoCancellation",
        Words {
            title: "回声消除",
            help: "去除麦克风里扬声器的声音。",
        },
        Words {
            title: "Echo cancellation",
            help: "Takes the speaker's sound out of the microphone's.",
        },
    ),
    processing(
        Setting::NoiseSuppression,
        "NoiseSuppression",
        Words {
            title: "噪声抑制",
            help: "减弱麦克风里的背景噪声。",
        },
        Words {
            title: "Noise suppression",
            help: "Lowers noise behind the agent's voice.",
        },
    ),
    processing(
        Setting::AutomaticGain,
        "AutomaticGain",
        Words {
            title: "自动增益",
            help: "让坐席的声音保持均匀的音量。",
        },
        Words {
            title: "Automatic gain",
            help: "Keeps the agent's voice at an even level.",
        },
    ),
];

const HOTKEY_ZH: &str =
    "全局快捷键，例如 Ctrl+Alt+A：Ctrl、Alt 等修饰键加一个字母或数字，或 F1–F24。off 即关闭。";
const HOTKEY_EN: &str = "A global hotkey such as Ctrl+Alt+A: Ctrl or Alt with a letter or digit, or F1–F24. The word off switches it off.";

const fn hotkey(
    setting: Setting,
    name: &'static str,
    default: &'static str,
    zh: Words,
    en: Words,
) -> Entry {
    Entry {
        setting,
        name,
        form: Form::Keys,
        personal: true,
        effect: Effect::AtOnce,
        default,
        sample: default,
        zh,
        en,
    }
}

const fn processing(setting: Setting, name: &'static str, zh: Words, en: Words) -> Entry {
    Entry {
        setting,
        name,
        form: Form::Flag,
        personal: true,
        effect: Effect::AtOnce,
        default: "1",
        sample: "1",
        zh,
        en,
    }
}
