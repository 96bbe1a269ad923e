//! Pictures of the real window's views in both languages and both themes.

use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn every_view_can_be_looked_at() {
    let scene = Scene::set("views").await.unwrap();
    scene.window.find("sign-in-submit").await.unwrap();
    scene.picture("sign-in").await.unwrap();
    scene
        .window
        .sign_in(
            seatline_tests::centre::AGENT,
            seatline_tests::centre::PASSWORD,
        )
        .await
        .unwrap();
    for language in ["zh", "en"] {
        for theme in ["light", "dark"] {
            scene.window.click("view-settings").await.unwrap();
            scene
                .window
                .click(&format!("language-{language}"))
                .await
                .unwrap();
            scene.window.click(&format!("theme-{theme}")).await.unwrap();
            let tag = if language == "zh" { "zh-CN" } else { "en" };
            scene.window.wait_look(tag, theme).await.unwrap();
            scene
                .picture(&format!("settings-{language}-{theme}"))
                .await
                .unwrap();
            for view in ["work", "tickets"] {
                scene.window.click(&format!("view-{view}")).await.unwrap();
                scene
                    .window
                    .wait_attribute(&format!("view-{view}"), "aria-current", |now| now == "page")
                    .await
                    .unwrap();
                scene
                    .picture(&format!("{view}-{language}-{theme}"))
                    .await
                    .unwrap();
            }
        }
    }
    scene.window.close().await.unwrap();
}
