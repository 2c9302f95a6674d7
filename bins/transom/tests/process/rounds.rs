//! Uploads, additions and deletions under `kill -9`, round after round: what was acknowledged is there, and nothing else is.
//!
//! `cargo xtask crash --rounds N --seed S` runs more of them than the tests do.

mod chance;
mod compare;
mod damage;
mod ledger;

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::watch;
use transom_testkit::{Script, Upstream};

use chance::Chance;
use ledger::{Known, Ledger, Record, SENTENCES};

use crate::client::Client;
use crate::place::{PATIENCE, Place, Server, until, words};

/// Clients that work side by side.
const CLIENTS: usize = 4;
/// A client that has more files than this rather deletes some.
const ENOUGH: usize = 3;

#[tokio::test]
async fn what_is_acknowledged_outlives_kill_9_at_any_moment_and_nothing_else_does() {
    let (rounds, seed) = (number("TRANSOM_CRASH_ROUNDS", 6), number("TRANSOM_CRASH_SEED", 1));
    let mut trial = Trial::begin(seed).await;
    for round in 0..rounds {
        trial.round(round).await;
    }
    println!("{rounds} rounds with seed {seed}: {}; zero differences", trial.count);
}

#[expect(clippy::disallowed_methods, reason = "cargo xtask crash asks for more rounds than the tests run")]
fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// A server that is killed again and again, and those who use it.
struct Trial {
    upstream: Upstream,
    place: Place,
    chance: Chance,
    ledger: Record,
    count: Count,
}

/// What happened over all rounds.
#[derive(Default)]
struct Count {
    uploads: usize,
    deletions: usize,
    additions: usize,
    doubts: usize,
    damages: usize,
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { uploads, deletions, additions, doubts, damages } = self;
        write!(
            f,
            "{uploads} uploads, {deletions} deletions and {additions} additions acknowledged, {doubts} broken off, vectors damaged {damages} times"
        )
    }
}

/// When the server is killed.
#[derive(Debug)]
enum Moment {
    /// After so long.
    After(Duration),
    /// When so many more calls were acknowledged.
    Acknowledged(usize),
    /// When the embedding model was asked so much more often.
    Embedding(usize),
    /// When the API says that a file is being processed.
    Processing,
    /// Some time after a process that reads documents was killed.
    Child(Duration),
}

impl Trial {
    /// A server with two collections.
    async fn begin(seed: u64) -> Self {
        let upstream = Upstream::start().await;
        let place = Place::with_upstream(&upstream).with("CHUNK_SIZE", "200").with("CHUNK_OVERLAP", "0").with("TRANSOM_JOBS", "3");
        let server = place.serve().await;
        let admin = server.client.sign_up().await;
        let ledger = Record::default();
        for name in ["rivers", "roads"] {
            let (status, body) = admin.post("/api/v1/knowledge/create", &json!({"name": name, "description": "places"})).await;
            assert_eq!(status, 200, "{body}");
            ledger.lock().unwrap().collections.insert(body["id"].as_str().unwrap().to_owned(), Default::default());
        }
        server.stop().await;
        Self { upstream, place, chance: Chance::new(seed), ledger, count: Count::default() }
    }

    async fn round(&mut self, round: u64) {
        if self.chance.below(6) == 0 {
            let done = damage::some(&self.place, &mut self.chance);
            println!("round {round}: {done}");
            self.count.damages += 1;
            let server = self.place.serve().await;
            self.compare(&server).await;
            server.stop().await;
        }
        let server = self.place.serve().await;
        let moment = self.moment();
        println!("round {round}: killed at {moment:?}, with {} files", self.ledger.lock().unwrap().files.len());
        self.play(server, round, moment).await;
        if self.chance.below(5) == 0 {
            // Recovery is killed as well.
            let server = self.place.serve().await;
            tokio::time::sleep(Duration::from_millis(self.chance.below(300))).await;
            server.kill().await;
        }
        let server = self.place.serve().await;
        self.compare(&server).await;
        server.stop().await;
        // Bytes of uploads that were not answered may be left, and nothing else.
        let doctor = self.place.run(&["doctor", "--fix", "--remove-orphans"], "").await;
        assert!(doctor.status.success(), "round {round}: {:?}", words(&doctor));
        let only_bytes = |line: &str| line.contains("objects that belong to no file") || line.contains("halves of uploads");
        for line in words(&doctor).0.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit()) && !line.ends_with(" files")) {
            assert!(only_bytes(line), "round {round}: {line}");
        }
        compare::only_these_bytes(&self.place, &self.ledger.lock().unwrap());
    }

    fn moment(&mut self) -> Moment {
        let milliseconds = |chance: &mut Chance| Duration::from_millis(chance.below(1_000));
        match self.chance.below(5) {
            0 => Moment::After(milliseconds(&mut self.chance)),
            1 => Moment::Acknowledged(1 + self.chance.below(12) as usize),
            2 => Moment::Embedding(1 + self.chance.below(10) as usize),
            3 => Moment::Processing,
            _ => Moment::Child(milliseconds(&mut self.chance)),
        }
    }

    /// Lets clients work until the moment has come, kills the server, and counts.
    async fn play(&mut self, server: Server, round: u64, moment: Moment) {
        let admin = server.client.sign_in_admin().await;
        if self.chance.below(4) == 0 {
            // Files stay in the middle of being embedded.
            self.upstream.script_path("/api/embed", Script::hangs());
        }
        let (tell, acknowledged) = watch::channel(0usize);
        let tell = Arc::new(tell);
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let actor = Actor {
                    number,
                    round,
                    client: admin.clone(),
                    ledger: self.ledger.clone(),
                    tell: tell.clone(),
                    chance: self.chance.child(),
                };
                tokio::spawn(actor.work())
            })
            .collect();
        let calls = self.upstream.requests_of("/api/embed").len();
        // A moment that never comes is none to wait for: the server is killed all the same.
        let _ = tokio::time::timeout(Duration::from_secs(3), self.wait_for(&server, &admin, moment, calls, acknowledged)).await;
        server.kill().await;
        for client in clients {
            let done = client.await.unwrap();
            self.count.uploads += done.uploads;
            self.count.deletions += done.deletions;
            self.count.additions += done.additions;
            self.count.doubts += done.doubts;
        }
        self.upstream.unscript();
        self.upstream.forget();
    }

    async fn wait_for(&self, server: &Server, admin: &Client, moment: Moment, calls: usize, mut acknowledged: watch::Receiver<usize>) {
        match moment {
            Moment::After(time) => tokio::time::sleep(time).await,
            Moment::Acknowledged(count) => drop(acknowledged.wait_for(|done| *done >= count).await),
            Moment::Embedding(more) => {
                until("the embedding model is asked", async || {
                    (self.upstream.requests_of("/api/embed").len() >= calls + more).then_some(())
                })
                .await;
            }
            Moment::Processing => {
                until("a file is being processed", async || {
                    let newest = self.ledger.lock().unwrap().files.keys().next_back().cloned()?;
                    let (_, body) = admin.get(&format!("/api/v1/files/{newest}/process/status")).await;
                    (body["status"] == "processing" || body["status"] == "pending").then_some(())
                })
                .await;
            }
            Moment::Child(time) => {
                until("a process that reads documents is killed", async || server.kill_a_reader().await.then_some(())).await;
                tokio::time::sleep(time).await;
            }
        }
    }

    /// Fails where the server knows something else than its clients.
    async fn compare(&mut self, server: &Server) {
        let admin = server.client.sign_in_admin().await;
        let mut ledger = self.ledger.lock().unwrap().clone();
        compare::settle(&admin, &mut ledger).await;
        let comparing = compare::compare(&admin, &self.place, &mut ledger);
        tokio::time::timeout(PATIENCE * 2, comparing).await.unwrap_or_else(|_| panic!("it does not settle:\n{}", server.log()));
        *self.ledger.lock().unwrap() = ledger;
    }
}

/// A client that uploads, adds and deletes its own files until the server is gone.
struct Actor {
    number: usize,
    round: u64,
    client: Client,
    ledger: Record,
    tell: Arc<watch::Sender<usize>>,
    chance: Chance,
}

impl Actor {
    async fn work(mut self) -> Count {
        let mut count = Count::default();
        for call in 0.. {
            let mine = self.mine();
            let wish = if mine.len() > ENOUGH { 9 } else { self.chance.below(10) };
            let done = match (wish, self.chance.one_of(&mine).cloned()) {
                (8.., Some(file)) => self.delete(file).await.map(|()| count.deletions += 1),
                (6.., Some(file)) => self.add(file).await.map(|added| count.additions += usize::from(added)),
                _ => self.upload(call).await.map(|()| count.uploads += 1),
            };
            if done.is_none() {
                count.doubts += 1;
                return count;
            }
            self.tell.send_modify(|acknowledged| *acknowledged += 1);
        }
        count
    }

    async fn upload(&mut self, call: usize) -> Option<()> {
        let town = format!("T{:05}x{}x{call:03}ton", self.round, self.number);
        let known = Known::new(self.number, town, *self.chance.one_of(&SENTENCES)?);
        self.ledger().doubtful_uploads.insert(known.name.clone(), known.clone());
        let (status, body) = self.client.try_upload(&known.name, &known.text()).await?;
        assert_eq!(status, 200, "{body}");
        let mut ledger = self.ledger();
        ledger.doubtful_uploads.remove(&known.name);
        ledger.files.insert(body["id"].as_str().unwrap().to_owned(), known);
        Some(())
    }

    async fn delete(&mut self, file: String) -> Option<()> {
        self.ledger().doubtful_deletions.insert(file.clone());
        let (status, body) = self.client.try_delete(&format!("/api/v1/files/{file}")).await?;
        assert_eq!(status, 200, "{body}");
        let mut ledger = self.ledger();
        ledger.doubtful_deletions.remove(&file);
        ledger.delete(&file);
        Some(())
    }

    /// Whether it was added: a file that failed may be refused.
    async fn add(&mut self, file: String) -> Option<bool> {
        let collections: Vec<String> = self.ledger().collections.keys().cloned().collect();
        let collection = self.chance.one_of(&collections)?.clone();
        self.ledger().doubtful_members.insert((collection.clone(), file.clone()));
        let path = format!("/api/v1/knowledge/{collection}/file/add");
        let (status, _) = self.client.try_post(&path, &json!({"file_id": file})).await?;
        if status != 200 {
            return Some(false);
        }
        let mut ledger = self.ledger();
        ledger.doubtful_members.remove(&(collection.clone(), file.clone()));
        ledger.collections.get_mut(&collection)?.insert(file);
        Some(true)
    }

    fn mine(&self) -> Vec<String> {
        self.ledger().files.iter().filter(|(_, known)| known.owner == self.number).map(|(id, _)| id.clone()).collect()
    }

    fn ledger(&self) -> std::sync::MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap()
    }
}
