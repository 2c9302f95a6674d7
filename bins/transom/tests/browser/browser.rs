//! A headless Chromium with one page.

use std::process::Stdio;
use std::time::Duration;

use fantoccini::error::CmdError;
use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder, Locator, elements::Element};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::client::{EMAIL, PASSWORD};
use crate::place::{PATIENCE, Server, until};

/// How long between two looks at what is waited for.
const LOOK: Duration = Duration::from_millis(50);

/// A browser with one window, for one test.
pub struct Browser {
    /// The WebDriver client.
    pub page: Client,
    base: String,
    driver: Child,
    /// The profile; dropped after the driver is.
    _folder: tempfile::TempDir,
}

impl Browser {
    /// Starts a driver and a browser of 1200 by 800. The page is empty until [`Browser::open`].
    pub async fn start(server: &Server) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut driver = Command::new("chromedriver");
        driver.arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut driver = driver.spawn().expect("chromedriver is not installed (Debian: apt-get install chromium chromium-driver)");
        let port = timeout(PATIENCE, port_of(&mut driver)).await.expect("chromedriver says on which port it listens");
        let mut client = ClientBuilder::new(HttpConnector::new());
        let client = client.capabilities(capabilities(&folder)).connect(&format!("http://127.0.0.1:{port}")).await;
        let page = client.unwrap_or_else(|error| {
            panic!("Chromium does not start (Debian: apt-get install chromium chromium-driver): {error}");
        });
        let browser = Self { page, base: server.client.base().to_owned(), driver, _folder: folder };
        browser.resize(1200, 800).await;
        browser
    }

    /// Opens the page, signed in as the administrator of every test, who is made where there is nobody yet.
    pub async fn enter(server: &Server) -> Self {
        if server.client.sign_in(EMAIL, PASSWORD).await.is_none() {
            server.client.sign_up().await;
        }
        let browser = Self::start(server).await;
        browser.open("/").await;
        browser.sign_in(EMAIL, PASSWORD).await;
        browser.sees("Sign out").await;
        browser
    }

    /// Fills in the form that is shown to who is not signed in, and sends it.
    pub async fn sign_in(&self, email: &str, password: &str) {
        self.write("E-mail", email).await;
        self.write("Password", password).await;
        self.press("Sign in").await;
    }

    /// Loads a path of the server.
    pub async fn open(&self, path: &str) {
        self.page.goto(&format!("{}{path}", self.base)).await.unwrap();
    }

    /// Makes the page this wide and high, in CSS pixels.
    pub async fn resize(&self, width: u32, height: u32) {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        self.devtools("Emulation.setScrollbarsHidden", json!({"hidden": true})).await;
    }

    /// Calls a method of Chromium's own protocol.
    pub async fn devtools(&self, method: &'static str, parameters: Value) -> Value {
        self.page.issue_cmd(Extra("goog/cdp/execute", json!({"cmd": method, "params": parameters}))).await.unwrap()
    }

    /// Waits for a text that is shown.
    pub async fn sees(&self, text: &str) {
        self.holds(&format!("the page shows {text:?}"), "return document.body.innerText.includes(arguments[0])", vec![json!(text)]).await;
    }

    /// Waits until a text is no longer shown.
    pub async fn sees_no(&self, text: &str) {
        self.holds(&format!("the page hides {text:?}"), "return !document.body.innerText.includes(arguments[0])", vec![json!(text)]).await;
    }

    /// Waits until a script says `true`.
    pub async fn holds(&self, what: &str, script: &str, arguments: Vec<Value>) {
        let told = timeout(PATIENCE, async {
            while !self.page.execute(script, arguments.clone()).await.is_ok_and(|answer| answer == true) {
                tokio::time::sleep(LOOK).await;
            }
        });
        if told.await.is_err() {
            let shown = self.page.execute("return location.href + ' ' + document.body.innerText", Vec::new()).await;
            panic!("it did not happen: {what}; the page shows {shown:?}");
        }
    }

    /// Presses the button or follows the link of this name.
    pub async fn press(&self, name: &str) {
        let name = quoted(name);
        let path =
            format!("//*[self::button or self::a or self::summary or @role='button'][normalize-space()={name} or @aria-label={name}]");
        self.act(&path, async |element| element.click().await).await;
    }

    /// Writes into the field of this label, in place of what is there.
    pub async fn write(&self, label: &str, text: &str) {
        self.act(&field(label), async |element| {
            element.clear().await?;
            element.send_keys(text).await
        })
        .await;
    }

    /// Chooses an entry of the list of this label by its value.
    pub async fn choose(&self, label: &str, value: &str) {
        self.act(&field(label), async |element| element.select_by(Locator::Css(&format!("option[value='{value}']"))).await).await;
    }

    /// Presses the checkbox or radio button of this label.
    pub async fn tick(&self, label: &str) {
        self.act(&field(label), async |element| element.click().await).await;
    }

    /// Gives files to a field for them; it may be hidden behind a button.
    pub async fn give_files(&self, css: &str, files: &[&std::path::Path]) {
        let names: Vec<_> = files.iter().map(|file| file.to_str().unwrap()).collect();
        let field = until("the field for files is there", async || self.page.find(Locator::Css(css)).await.ok()).await;
        field.send_keys(&names.join("\n")).await.unwrap();
    }

    /// Does something with the first shown element of an XPath, again until it can be done.
    pub async fn act(&self, path: &str, act: impl AsyncFn(Element) -> Result<(), CmdError>) {
        until(&format!("it can be used: {path}"), async || {
            for element in self.page.find_all(Locator::XPath(path)).await.unwrap_or_default() {
                if element.is_displayed().await.unwrap_or(false) {
                    // What moves or is covered for the moment is tried again.
                    if act(element).await.is_ok() {
                        return Some(());
                    }
                }
            }
            None
        })
        .await;
    }

    /// What the page wrote into the console as errors, so far; refusals that the server answered are no errors of the page.
    pub async fn errors(&self) -> Vec<String> {
        let log = self.page.issue_cmd(Extra("se/log", json!({"type": "browser"}))).await.unwrap();
        let entries = log.as_array().cloned().unwrap_or_default();
        let bad = entries.iter().filter(|entry| entry["level"] == "SEVERE" && entry["source"] != "network");
        bad.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Ends the browser, and fails where the page broke its policy or threw.
    pub async fn finish(mut self) {
        let errors = self.errors().await;
        let _ = self.page.close().await;
        let _ = self.driver.kill().await;
        assert!(errors.is_empty(), "the page wrote errors: {errors:#?}");
    }
}

/// A field by the words of its label.
pub fn field(label: &str) -> String {
    let label = quoted(label);
    let fields = "[self::input or self::textarea or self::select]";
    format!(
        "//label[normalize-space()={label} or .//*[normalize-space()={label}]]//*{fields} | \
         //*{fields}[@aria-label={label} or @id=//label[normalize-space()={label}]/@for]"
    )
}

/// A text as XPath writes it.
fn quoted(text: &str) -> String {
    if text.contains('\'') { format!("\"{text}\"") } else { format!("'{text}'") }
}

fn capabilities(folder: &tempfile::TempDir) -> Capabilities {
    let profile = format!("--user-data-dir={}", folder.path().display());
    let arguments =
        ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--lang=en-US", &profile];
    let capabilities = json!({
        "goog:chromeOptions": {"args": arguments, "prefs": {"intl.accept_languages": "en-US"}},
        "goog:loggingPrefs": {"browser": "ALL"},
    });
    capabilities.as_object().unwrap().clone().into_iter().collect()
}

async fn port_of(driver: &mut Child) -> u16 {
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let port = loop {
        let line = lines.next_line().await.unwrap().expect("chromedriver starts");
        if let Some((_, port)) = line.split_once("successfully on port ") {
            break port.trim_end_matches('.').parse().unwrap();
        }
    };
    // What it says later is read, so that it never waits for a reader.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    port
}

/// A command that chromedriver has beside the standard: its path below the session, and its body.
#[derive(Debug)]
struct Extra(&'static str, Value);

impl WebDriverCompatibleCommand for Extra {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.0))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.1.to_string()))
    }
}
