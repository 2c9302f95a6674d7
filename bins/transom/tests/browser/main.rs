//! What people see: the server's pages in a real browser, headless Chromium.
//!
//! A test starts a [`place::Place`] with a scripted upstream, serves it, and opens a [`browser::Browser`] on it:
//!
//! ```ignore
//! let upstream = Upstream::start().await;
//! let server = Place::with_upstream(&upstream).into_server().await;
//! let browser = Browser::start(&server).await;
//! browser.open("/docs").await;
//! browser.sees("Transom").await;
//! browser.finish().await; // fails where the page broke its Content-Security-Policy or threw
//! ```
//!
//! Each browser has a driver of its own on a free port, and ends with its value. Whatever is looked for is waited for, a minute at
//! most; names of buttons and fields are those that a screen reader says. `Browser::page` is the WebDriver client, for all else.
//! Debian calls what is needed `chromium` and `chromium-driver`; where they are missing a test fails and says so.
#![allow(clippy::unwrap_used)]

mod browser;
#[allow(dead_code, reason = "the tests of the process use more of it")]
#[path = "../process/client.rs"]
mod client;
#[allow(dead_code, reason = "the tests of the process use more of it")]
#[path = "../process/place.rs"]
mod place;

mod docs;
mod documents;
mod hostile;
mod job;
mod keyboard;
mod looks;
mod opening;
mod people;
mod sessions;
