//! Customers: made, found in two scripts, changed, revealed.

use super::{
    supervision::acts_of,
    support::{Centre, Desk, code, error},
};
use reqwest::{Method, StatusCode};
use seatline_contract::{
    customer::{
        Customer, CustomerCard, CustomerPage, EditCustomer, NewCustomer, Reveal, Revealed, Timeline,
    },
    error::Code,
    id::CustomerId,
    identity::Role,
    secret::PhoneNumber,
};
use serde_json::json;
use uuid::Uuid;

fn customer(name: &str, company: &str, numbers: &[&str]) -> NewCustomer {
    NewCustomer {
        id: CustomerId(Uuid::new_v4()),
        name: name.into(),
        company: company.into(),
        title: String::new(),
        email: String::new(),
        wechat: String::new(),
        numbers: numbers.iter().copied().map(PhoneNumber::new).collect(),
        number_from: None,
        tags: Vec::new(),
        vip: false,
        note: String::new(),
    }
}

async fn add(desk: &Desk<'_>, customer: &NewCustomer) -> Customer {
    desk.write(Method::POST, "/api/v1/customers", customer)
        .await
}

async fn found(desk: &Desk<'_>, words: &str) -> Vec<String> {
    let url = reqwest::Url::parse_with_params("x:/api/v1/customers", [("q", words)]).unwrap();
    let path = format!("{}?{}", url.path(), url.query().unwrap());
    let page: CustomerPage = desk.get(&path).await;
    page.customers.into_iter().map(|one| one.name).collect()
}

#[tokio::test]
async fn customers_are_found_in_chinese_latin_pinyin_and_by_number() {
    let centre = Centre::start().await;
    let desk = centre.administrator().await;
    add(
        &desk,
        &customer("王小明", "北京云帆科技", &["138 0013 8002", "010-65001234"]),
    )
    .await;
    add(
        &desk,
        &customer("Emma CLARKE", "Northwind 100% Ltd", &["+44 20 7946 0018"]),
    )
    .await;
    add(&desk, &customer("王芳", "", &["13900139003"])).await;
    assert_eq!(found(&desk, "小明").await, ["王小明"]);
    assert_eq!(found(&desk, "云帆").await, ["王小明"]);
    assert_eq!(found(&desk, "wangxiaoming").await, ["王小明"]);
    assert_eq!(found(&desk, "wxm").await, ["王小明"]);
    assert_eq!(found(&desk, "clarke northWIND").await, ["Emma CLARKE"]);
    assert_eq!(found(&desk, "100%").await, ["Emma CLARKE"]);
    assert_eq!(found(&desk, "1%0").await, [""; 0]);
    assert_eq!(found(&desk, "C-100002").await, ["Emma CLARKE"]);
    assert_eq!(found(&desk, "13800138002").await, ["王小明"]);
    assert_eq!(found(&desk, "010 6500").await, ["王小明"]);
    assert_eq!(found(&desk, "+442079460018").await, ["Emma CLARKE"]);
    assert_eq!(found(&desk, "王").await.len(), 2);
    assert_eq!(found(&desk, "").await.len(), 3);
    let page: CustomerPage = desk.get("/api/v1/customers?limit=2").await;
    assert!(page.more && page.customers.len() == 2);
    centre.stop().await;
}

#[tokio::test]
async fn agents_see_and_find_masked_numbers_only_until_they_give_a_reason() {
    let centre = Centre::start().await;
    let administrator = centre.administrator().await;
    administrator.add_person("zhou", Role::Agent).await;
    let agent = centre.sign_in("zhou").await;
    let made = add(
        &agent,
        &customer("李婷", "", &["13812345678", "021-62881234"]),
    )
    .await;
    let path = format!("/api/v1/customers/{}", made.id);
    let text = agent.read(&path).await.text().await.unwrap();
    assert!(
        !text.contains("13812345678") && !text.contains("62881234"),
        "{text}"
    );
    let card: CustomerCard = serde_json::from_str(&text).unwrap();
    assert_eq!(card.customer.numbers[0].display, "138****5678");
    assert_eq!(card.customer.numbers[1].region.as_deref(), Some("上海"));
    let card: CustomerCard = administrator.get(&path).await;
    let full = card.customer.numbers[0].full.as_ref().unwrap();
    assert_eq!(full.expose(), "+8613812345678");

    // A masked number cannot be guessed digit by digit.
    assert_eq!(found(&agent, "13812345678").await, ["李婷"]);
    assert_eq!(found(&agent, "5678").await, ["李婷"]);
    assert_eq!(found(&agent, "1381234").await, [""; 0]);
    assert_eq!(found(&administrator, "1381234").await, ["李婷"]);

    let reveal = format!("{path}/reveal");
    let refused = agent
        .send(Method::POST, &reveal, &json!({"reason": " "}))
        .await;
    assert_eq!(error(refused).await.field.as_deref(), Some("reason"));
    let reason = Reveal {
        reason: "回拨客户".into(),
    };
    let key = Uuid::new_v4();
    for shown in 1..=2 {
        // Not an answer that is kept: numbers are shown, and written down, anew.
        let revealed = agent.send_as(key, Method::POST, &reveal, &reason).await;
        let revealed: Revealed = revealed.json().await.unwrap();
        assert_eq!(revealed.numbers[1].expose(), "+862162881234");
        let acts = acts_of(&centre, &agent.session.me).await;
        let written = acts.iter().filter(|act| act.0 == "numbers_revealed");
        assert_eq!(written.count(), shown);
    }
    centre.stop().await;
}

#[tokio::test]
async fn two_editors_do_not_undo_each_other() {
    let centre = Centre::start().await;
    let desk = centre.administrator().await;
    let made = add(&desk, &customer("陈思雨", "联创电子", &["13800138004"])).await;
    let path = format!("/api/v1/customers/{}", made.id);
    let edit = EditCustomer {
        expected: Some(made.updated),
        company: Some("联创科技".into()),
        add_numbers: vec![
            PhoneNumber::new("13800138004"),
            PhoneNumber::new("13900139004"),
        ],
        ..EditCustomer::default()
    };
    let edited: Customer = desk.write(Method::PATCH, &path, &edit).await;
    assert_eq!(edited.company, "联创科技");
    assert_eq!(edited.name, "陈思雨");
    assert_eq!(edited.numbers.len(), 2);
    assert!(edited.updated > made.updated);
    let late = desk.send(Method::PATCH, &path, &edit).await;
    assert_eq!(late.status(), StatusCode::CONFLICT);
    // What changed is on the record, but not what it holds.
    let acts = acts_of(&centre, &desk.session.me).await;
    let (action, object, detail) = acts.last().unwrap();
    assert_eq!(
        (action.as_str(), object),
        ("customer_changed", &made.id.to_string())
    );
    assert_eq!(detail, "company, numbers");
    assert_eq!(found(&desk, "联创科技").await, ["陈思雨"]);
    assert_eq!(found(&desk, "联创电子").await, [""; 0]);
    centre.stop().await;
}

#[tokio::test]
async fn bad_fields_are_named_and_a_repeated_id_is_one_customer() {
    let centre = Centre::start().await;
    let desk = centre.administrator().await;
    for (field, body) in [
        ("name", customer(" ", "", &[])),
        ("numbers.1", customer("甲", "", &["13800138000", "12"])),
        ("numbers.0", customer("甲", "", &["700123456789012"])),
        ("numbers.0", customer("甲", "", &["110"])),
        ("company", customer("甲", &"长".repeat(201), &[])),
        (
            "email",
            NewCustomer {
                email: "nobody".into(),
                ..customer("甲", "", &[])
            },
        ),
        (
            "number_from",
            NewCustomer {
                number_from: Some(Uuid::new_v4().into()),
                ..customer("甲", "", &[])
            },
        ),
    ] {
        let refused = error(desk.send(Method::POST, "/api/v1/customers", &body).await).await;
        assert_eq!(refused.code, Code::InvalidField);
        assert_eq!(refused.field.as_deref(), Some(field));
    }
    let body = customer("甲", "", &[]);
    let first = add(&desk, &body).await;
    assert_eq!(add(&desk, &body).await.reference, first.reference);
    let other = NewCustomer {
        name: "乙".into(),
        ..body
    };
    let refused = desk.send(Method::POST, "/api/v1/customers", &other).await;
    assert_eq!(code(refused).await, Code::Conflict);
    assert_eq!(found(&desk, "").await, ["甲"]);

    let nobody = format!("/api/v1/customers/{}", Uuid::new_v4());
    assert_eq!(code(desk.read(&nobody).await).await, Code::NotFound);
    assert_eq!(
        code(desk.read(&format!("{nobody}/timeline")).await).await,
        Code::NotFound
    );
    let timeline: Timeline = desk
        .get(&format!("/api/v1/customers/{}/timeline", first.id))
        .await;
    assert!(timeline.entries.is_empty());
    centre.stop().await;
}
