//! Updates of desks: what is in the folder and nothing else, and only for who is signed in.

use crate::support::Centre;
use reqwest::StatusCode;
use seatline_contract::error::Code;

#[tokio::test]
async fn only_files_of_the_folder_are_handed_out_and_only_to_who_is_signed_in() {
    let folder = tempfile::tempdir().unwrap();
    let updates = folder.path().join("updates");
    std::fs::create_dir_all(updates.join("inner")).unwrap();
    std::fs::write(folder.path().join("secret"), b"canary").unwrap();
    std::fs::write(updates.join(".hidden"), b"canary").unwrap();
    let desk: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
    std::fs::write(updates.join("Seatline-0.2.0-x64.msi"), &desk).unwrap();
    let centre = Centre::start_with(|config| config.updates.folder = Some(updates)).await;
    let path = |name: &str| centre.url(&format!("/api/v1/updates/{name}"));

    let stranger = centre.client.get(path("Seatline-0.2.0-x64.msi"));
    let refused = stranger.send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);

    let admin = centre.administrator().await;
    let get = |name: &str| {
        let token = admin.session.token.expose().to_owned();
        centre.client.get(path(name)).bearer_auth(token).send()
    };
    let answer = get("Seatline-0.2.0-x64.msi").await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.content_length(), Some(desk.len() as u64));
    assert_eq!(answer.bytes().await.unwrap(), desk);
    for name in [
        "latest.json",
        "inner",
        ".hidden",
        "..%2Fsecret",
        "inner%2F..%2F..%2Fsecret",
        "%2Fetc%2Fpasswd",
        "..%5Csecret",
        "%00",
        "a%20b",
    ] {
        let answer = get(name).await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{name}");
        let error: seatline_contract::error::ApiError = answer.json().await.unwrap();
        assert_eq!(error.code, Code::NotFound, "{name}");
    }
}

#[tokio::test]
async fn without_a_folder_there_is_nothing_and_one_that_comes_later_is_found() {
    let centre = Centre::start().await;
    let admin = centre.administrator().await;
    let token = admin.session.token.expose().to_owned();
    let url = centre.url("/api/v1/updates/latest.json");
    let answer = centre.client.get(url).bearer_auth(token).send().await;
    assert_eq!(answer.unwrap().status(), StatusCode::NOT_FOUND);

    let folder = tempfile::tempdir().unwrap();
    let later = folder.path().join("later");
    let told = later.clone();
    let centre = Centre::start_with(|config| config.updates.folder = Some(told)).await;
    let admin = centre.administrator().await;
    std::fs::create_dir(&later).unwrap();
    std::fs::write(later.join("latest.json"), b"{}").unwrap();
    let token = admin.session.token.expose().to_owned();
    let url = centre.url("/api/v1/updates/latest.json");
    let answer = centre.client.get(url).bearer_auth(token).send().await;
    assert_eq!(answer.unwrap().text().await.unwrap(), "{}");
}
