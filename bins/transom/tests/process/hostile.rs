//! Files made to hurt whoever reads them: each fails with a reason, or gives what harmless text it holds, and nothing else notices.

mod archives;
mod bits;
mod pdfs;
mod texts;

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use tokio::sync::watch;
use transom_testkit::Upstream;

use crate::client::Client;
use crate::place::{Place, until};

/// A file, and how it must end.
pub struct Hostile {
    name: &'static str,
    /// Made when it is needed: some are large.
    bytes: fn() -> Vec<u8>,
    ending: Ending,
}

/// How a file ends.
#[derive(Clone, Copy, PartialEq)]
pub enum Ending {
    /// With a reason.
    Fails,
    /// With a reason or with text: what is odd about it need not matter to a reader.
    EitherWay,
}

use Ending::{EitherWay, Fails};

const fn hostile(name: &'static str, bytes: fn() -> Vec<u8>, ending: Ending) -> Hostile {
    Hostile { name, bytes, ending }
}

/// No reader may take longer over one of them: the server's limit for this test, which is processor time, and what tests on a busy
/// machine add.
const LONGEST: Duration = Duration::from_secs(180);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_hostile_file_ends_with_a_reason_and_nothing_else_notices() {
    let upstream = Upstream::start().await;
    let place = Place::with_upstream(&upstream).with("TRANSOM_EXTRACT_SECONDS", "10").with("TRANSOM_EXTRACT_MEMORY_MB", "512");
    let server = place.serve().await;
    let admin = server.client.sign_up().await;
    let (stop, stopped) = watch::channel(false);
    let health = tokio::spawn(watch_health(server.client.clone(), stopped));

    let mut wrong = Vec::new();
    for file in archives::ALL.iter().chain(pdfs::ALL).chain(texts::ALL) {
        // Making the large ones takes a while, and is not what the server is measured by.
        let bytes = tokio::task::spawn_blocking(file.bytes).await.unwrap();
        let id = admin.upload_bytes(file.name, "application/octet-stream", bytes).await;
        let begun = Instant::now();
        let (status, reason) = admin.ended(&id, LONGEST + Duration::from_secs(60)).await;
        println!("{:6.2} s  {:40} {status}: {reason}", begun.elapsed().as_secs_f64(), file.name);
        let fits = match status.as_str() {
            "failed" => reason.len() > 20 && !reason.contains("panicked") && !reason.contains('/'),
            "completed" => file.ending == EitherWay,
            _ => false,
        };
        if !fits {
            wrong.push(format!("{}: {status} {reason}", file.name));
        }
        // The next one is read as if nothing had been: at once, by whichever process.
        if status == "failed" {
            let name = format!("after-{}.txt", file.name);
            admin.completed(&admin.upload(&name, "An ordinary text.").await).await;
        }
    }
    stop.send_replace(true);
    let mut waits = health.await.unwrap();
    waits.sort();
    let rank = |share: usize| waits[(waits.len() - 1) * share / 100];
    println!("/health: median {:?}, 99 of 100 within {:?}, longest {:?} of {} calls", rank(50), rank(99), rank(100), waits.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
    server.stop().await;
}

#[tokio::test]
async fn a_text_that_names_files_of_the_server_gives_nothing_of_them() {
    let upstream = Upstream::start().await;
    let place = Place::with_upstream(&upstream);
    let server = place.serve().await;
    let admin = server.client.sign_up().await;
    for (name, bytes) in texts::asking_for_files() {
        let id = admin.upload_bytes(name, "application/xml", bytes).await;
        admin.ended(&id, LONGEST).await;
        let (_, body) = admin.get(&format!("/api/v1/files/{id}/data/content")).await;
        assert!(!body.to_string().contains("root:"), "{name}: {body}");
    }
    server.stop().await;
}

/// Asks every twentieth of a second, until told to stop. How long each answer took.
async fn watch_health(client: Client, stopped: watch::Receiver<bool>) -> Vec<Duration> {
    let mut waits = Vec::new();
    while !*stopped.borrow() {
        let begun = Instant::now();
        let (status, body) = client.get("/health").await;
        assert_eq!(status, StatusCode::OK, "{body}");
        waits.push(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    waits
}

impl Client {
    /// The file's last status, and the reason where it failed.
    async fn ended(&self, file: &str, patience: Duration) -> (String, String) {
        let begun = Instant::now();
        until("the file's processing has ended", async || {
            let status = self.status_of(file).await;
            assert!(begun.elapsed() < patience, "it is still {status}");
            if status != "failed" && status != "completed" {
                return None;
            }
            let (_, body) = self.get(&format!("/api/v1/files/{file}")).await;
            let reason = body["data"]["error"].as_str().unwrap_or_default().to_owned();
            Some((status, reason))
        })
        .await
    }
}
