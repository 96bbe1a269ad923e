//! The pages a person sees in the browser, in both languages, without a script.

use super::{fault::Fault, flow::Shown};
use axum::{
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY},
    },
    response::{IntoResponse, Response},
};

/// Only our own style; nothing else is loaded, run, or framed.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Path of the style.
pub(super) const STYLE_PATH: &str = "/sso/style.css";

const STYLE: &str = "\
:root { color-scheme: light dark; --back: #f6f8f8; --panel: #fff; --text: #12211f; --weak: #5a6b69; --accent: #0f766e; }
@media (prefers-color-scheme: dark) { :root { --back: #0c1413; --panel: #14201e; --text: #e6f0ee; --weak: #9db0ad; --accent: #2dd4bf; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--back); color: var(--text); font: 16px/1.6 system-ui, 'Noto Sans CJK SC', 'Microsoft YaHei', 'PingFang SC', sans-serif; }
main { width: min(30rem, 100vw - 2rem); margin: 1rem; padding: 2rem; border-radius: 1rem; background: var(--panel); }
h1 { margin: 0 0 .25rem; font-size: 1.35rem; }
h2 { margin: 0; font-size: 1rem; font-weight: 600; }
p { margin: .25rem 0 1rem; }
.code { margin: 1.25rem 0; font: 600 2.25rem/1.2 ui-monospace, monospace; letter-spacing: .12em; text-align: center; }
.name { color: var(--weak); }
button { width: 100%; min-height: 3rem; border: 0; border-radius: .6rem; background: var(--accent); color: var(--panel); font: inherit; font-weight: 600; cursor: pointer; }
button:focus-visible { outline: 3px solid var(--text); outline-offset: 2px; }
";

/// One thing, said twice.
struct Said {
    title: [&'static str; 2],
    text: [&'static str; 2],
}

/// Asks whether the person has begun this, before they go anywhere.
pub(super) fn ask(shown: &Shown) -> Response {
    let (code, device) = (escape(&shown.code), escape(&shown.device));
    let body = format!(
        "<h1>登录 Seatline</h1><h2 lang=\"en\">Sign in to Seatline</h2>\
         <p class=\"name\">{device}</p>\
         <p class=\"code\">{code}</p>\
         <p>只有当您自己的 Seatline 窗口正显示这个代码时才继续。若是别人发来的链接，请关闭本页。</p>\
         <p lang=\"en\">Go on only if the Seatline window in front of you shows this code. If \
         somebody sent you this link, close the page.</p>\
         <form method=\"post\"><button type=\"submit\">代码一致，继续 · <span lang=\"en\">It matches: \
         continue</span></button></form>"
    );
    page(StatusCode::OK, &body)
}

/// The person is through.
pub(super) fn done() -> Response {
    say(
        StatusCode::OK,
        &Said {
            title: ["已登录", "You are signed in"],
            text: [
                "您可以关闭本页，回到 Seatline。",
                "You can close this page and go back to Seatline.",
            ],
        },
    )
}

/// The page is no good any more.
pub(super) fn gone() -> Response {
    say(
        StatusCode::GONE,
        &Said {
            title: ["此登录已结束", "This sign-in is over"],
            text: [
                "它已被使用、取消或超过五分钟。请在 Seatline 中重新开始。",
                "It was used, cancelled, or is older than five minutes. Begin again in Seatline.",
            ],
        },
    )
}

/// Somebody else has begun it.
pub(super) fn not_yours() -> Response {
    say(
        StatusCode::FORBIDDEN,
        &Said {
            title: ["无法在这里继续", "It cannot go on here"],
            text: [
                "这次登录是在别的浏览器或别的网络中开始的。请在您电脑上的 Seatline 中重新开始；若是别人发来的链接，请关闭本页。",
                "This sign-in was begun in another browser or network. Begin again in Seatline on your own computer; if somebody sent you the link, close the page.",
            ],
        },
    )
}

/// It failed. The window says the same.
pub(super) fn failed(fault: &Fault) -> Response {
    let (title, text) = match fault {
        Fault::Away(_) => (
            ["登录服务没有应答", "The sign-in service does not answer"],
            [
                "请稍后在 Seatline 中重试，或联系管理员。",
                "Try again in Seatline later, or ask your administrator.",
            ],
        ),
        Fault::Certificate(_) => (
            [
                "登录服务的证书不受信任",
                "The sign-in service's certificate is not trusted",
            ],
            ["请联系管理员。", "Ask your administrator."],
        ),
        Fault::Provider(_) | Fault::Token(_) | Fault::Code(_) => (
            [
                "登录服务的答复无效",
                "The sign-in service's answer does not hold",
            ],
            [
                "请在 Seatline 中重新开始；若再次发生，请联系管理员。",
                "Begin again in Seatline; if it happens again, ask your administrator.",
            ],
        ),
        Fault::Refused(_) => (
            ["登录服务没有放行", "The sign-in service let nobody through"],
            [
                "您取消了登录，或不允许使用此应用。请在 Seatline 中重新开始。",
                "You cancelled, or this application is not allowed for you. Begin again in Seatline.",
            ],
        ),
        Fault::Nameless | Fault::UnknownPerson => (
            ["呼叫中心没有您的账号", "The centre has no account for you"],
            [
                "登录服务认识您，但呼叫中心不认识。请管理员为您建立账号。",
                "The sign-in service knows you, the centre does not. Ask your administrator for an account.",
            ],
        ),
        Fault::Disabled => (
            ["您的账号已停用", "Your account is disabled"],
            ["请联系管理员。", "Ask your administrator."],
        ),
        Fault::Locked(_) => (
            ["登录暂时被锁定", "Signing in is locked for now"],
            [
                "失败次数过多。请稍后在 Seatline 中重试。",
                "There were too many failures. Try again in Seatline later.",
            ],
        ),
        Fault::Storage => (
            ["呼叫中心出错", "The centre failed"],
            ["请在 Seatline 中重试。", "Try again in Seatline."],
        ),
    };
    say(StatusCode::OK, &Said { title, text })
}

/// The style of all pages.
pub(super) async fn style() -> Response {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE).into_response()
}

fn say(status: StatusCode, said: &Said) -> Response {
    let Said { title, text } = said;
    let body = format!(
        "<h1>{}</h1><p>{}</p><div lang=\"en\"><h2>{}</h2><p>{}</p></div>",
        title[0], text[0], title[1], text[1]
    );
    page(status, &body)
}

fn page(status: StatusCode, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Seatline</title><link rel=\"stylesheet\" href=\"{STYLE_PATH}\"></head>\
         <body><main>{body}</main></body></html>"
    );
    let headers = [
        (
            CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        ),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        // Without a referrer at all, a browser would not say where its form came from either.
        (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    ];
    (status, headers, html).into_response()
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_computer_is_no_markup() {
        assert_eq!(escape("<b a=\"'\">&"), "&lt;b a=&quot;&#39;&quot;&gt;&amp;");
    }
}
