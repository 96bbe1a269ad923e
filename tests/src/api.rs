//! The centre's API as another person sees it, to check what a journey left behind.

use crate::centre::{Centre, PASSWORD};
use anyhow::{Context, Result, ensure};
use reqwest::{Certificate, Client, Method};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A signed-in person.
pub struct Api {
    client: Client,
    url: String,
    token: String,
}

impl Api {
    /// Signs in to a centre with demo data.
    ///
    /// # Errors
    /// When the centre refuses or cannot be reached.
    pub async fn sign_in(centre: &Centre, login: &str) -> Result<Self> {
        let certificate = Certificate::from_pem(&std::fs::read(&centre.certificate)?)?;
        let client = Client::builder()
            .tls_built_in_root_certs(false)
            .add_root_certificate(certificate)
            .build()?;
        let mut this = Self {
            client,
            url: centre.url.clone(),
            token: String::new(),
        };
        let session = this
            .send(
                Method::POST,
                "sessions",
                Some(json!({ "login": login, "password": PASSWORD, "device": "journey" })),
            )
            .await?;
        session["token"]
            .as_str()
            .context("a token")?
            .clone_into(&mut this.token);
        Ok(this)
    }

    /// Reads something.
    ///
    /// # Errors
    /// When the centre refuses.
    pub async fn get(&self, path: &str) -> Result<Value> {
        self.send(Method::GET, path, None).await
    }

    /// Reads something that is no JSON.
    ///
    /// # Errors
    /// When the centre refuses.
    pub async fn bytes(&self, path: &str) -> Result<Vec<u8>> {
        let request = self.client.get(format!("{}/api/v1/{path}", self.url));
        let response = request.bearer_auth(&self.token).send().await?;
        let status = response.status();
        ensure!(status.is_success(), "{path}: {status}");
        Ok(response.bytes().await?.to_vec())
    }

    /// Writes something.
    ///
    /// # Errors
    /// When the centre refuses.
    pub async fn post(&self, path: &str, body: Value) -> Result<Value> {
        self.send(Method::POST, path, Some(body)).await
    }

    /// Sets something up anew.
    ///
    /// # Errors
    /// When the centre refuses.
    pub async fn put(&self, path: &str, body: Value) -> Result<Value> {
        self.send(Method::PUT, path, Some(body)).await
    }

    /// Waits for a ticket with this subject.
    ///
    /// # Errors
    /// When there is none within ten seconds.
    pub async fn wait_for_ticket(&self, subject: &str) -> Result<Value> {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let page = self.get("tickets").await?;
            let tickets = page["tickets"].as_array().context("a list")?;
            if let Some(ticket) = tickets.iter().find(|ticket| ticket["subject"] == subject) {
                return Ok(ticket.clone());
            }
            ensure!(Instant::now() < deadline, "no ticket {subject:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        let mut request = self
            .client
            .request(method, format!("{}/api/v1/{path}", self.url));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if let Some(body) = body {
            let key = format!("{:032x}", rand::random::<u128>());
            let key = [
                &key[..8],
                &key[8..12],
                &key[12..16],
                &key[16..20],
                &key[20..],
            ]
            .join("-");
            request = request.header("idempotency-key", key).json(&body);
        }
        let response = request.send().await?;
        let status = response.status();
        let text = response.text().await?;
        ensure!(status.is_success(), "{path}: {status} {text}");
        Ok(if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text)?
        })
    }
}
