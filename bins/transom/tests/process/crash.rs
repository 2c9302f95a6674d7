//! A server that is killed, and the one that comes after it.

use transom_testkit::{Script, Upstream};

use crate::client::tight;
use crate::place::{Place, files_below, until, words};

/// Forty sentences that can be told apart, and so several chunks.
fn chronicle(name: &str) -> String {
    (0..40).map(|year| format!("In the year {year} the people of {name} built bridge{year}. ")).collect()
}

fn holds(place: &Place, words: &str) -> bool {
    let holds = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).contains(words);
    files_below(&place.folder().join("uploads")).into_iter().any(|path| std::fs::read(path).is_ok_and(holds))
}

#[tokio::test]
async fn what_a_killed_server_accepted_the_next_one_completes() {
    let upstream = Upstream::start().await;
    let place = Place::with_upstream(&upstream).with("CHUNK_SIZE", "200").with("CHUNK_OVERLAP", "0");
    let mut server = place.serve().await;
    let mut admin = server.client.sign_up().await;
    let mut uploaded = Vec::new();
    let mut deleted = Vec::new();
    for round in 0..2 {
        // Some are finished, some are held at the embedder, some wait.
        for number in 0..3 {
            let town = format!("Early{round}{number}ton");
            uploaded.push((admin.upload(&format!("{town}.txt"), &chronicle(&town)).await, town));
        }
        admin.completed(&uploaded[uploaded.len() - 3].0).await;
        upstream.script_path("/api/embed", Script::hangs());
        let calls = upstream.requests_of("/api/embed").len();
        for number in 0..4 {
            let town = format!("Later{round}{number}ton");
            uploaded.push((admin.upload(&format!("{town}.txt"), &chronicle(&town)).await, town));
        }
        for number in 0..2 {
            let town = format!("Gone{round}{number}ton");
            let id = admin.upload(&format!("{town}.txt"), &chronicle(&town)).await;
            assert!(holds(&place, &town));
            deleted.push((id, town));
        }
        until("the embedder is asked", async || (upstream.requests_of("/api/embed").len() > calls).then_some(())).await;
        for (id, _) in deleted.iter().rev().take(2) {
            assert_eq!(admin.delete(&format!("/api/v1/files/{id}")).await.0, 200);
        }
        server.kill().await;
        upstream.unscript();
        server = place.serve().await;
        admin = server.client.sign_in_admin().await;
    }
    for (id, town) in &uploaded {
        admin.completed(id).await;
        assert_eq!(admin.stored_text(id, town).await, tight(&chronicle(town)));
    }
    for (id, town) in &deleted {
        assert_eq!(admin.get(&format!("/api/v1/files/{id}")).await.0, 404);
        until("the bytes are gone", async || (!holds(&place, town)).then_some(())).await;
    }
    server.stop().await;
    let doctor = place.run(&["doctor"], "").await;
    assert!(doctor.status.success(), "{}", words(&doctor).0);
}

#[tokio::test]
async fn a_server_that_is_killed_at_any_step_of_embedding_leaves_every_chunk_once() {
    let upstream = Upstream::start().await;
    let place = Place::with_upstream(&upstream).with("CHUNK_SIZE", "200").with("CHUNK_OVERLAP", "0").with("RAG_EMBEDDING_BATCH_SIZE", "4");
    let mut server = place.serve().await;
    let mut admin = server.client.sign_up().await;
    let mut uploaded = Vec::new();
    for round in 0..6 {
        let calls = upstream.call_count();
        for number in 0..2 {
            let town = format!("Round{round}{number}ton");
            uploaded.push((admin.upload(&format!("{town}.txt"), &chronicle(&town)).await, town));
        }
        // A text takes three calls: from the first one's middle to the last one's end.
        upstream.calls(calls + 1 + round).await;
        server.kill().await;
        server = place.serve().await;
        admin = server.client.sign_in_admin().await;
    }
    for (file, town) in &uploaded {
        admin.completed(file).await;
        assert_eq!(admin.stored_text(file, town).await, tight(&chronicle(town)));
    }
    server.stop().await;
    let doctor = place.run(&["doctor"], "").await;
    assert!(doctor.status.success(), "{}", words(&doctor).0);
}

#[tokio::test]
async fn a_file_whose_deletion_was_answered_stays_deleted_while_it_was_being_embedded() {
    let upstream = Upstream::start().await;
    let place = Place::with_upstream(&upstream);
    let server = place.serve().await;
    let admin = server.client.sign_up().await;
    let file = admin.upload_held(&upstream).await;
    assert_eq!(admin.delete(&format!("/api/v1/files/{file}")).await.0, 200);
    server.kill().await;
    upstream.unscript();
    let server = place.serve().await;
    let admin = server.client.sign_in_admin().await;
    assert_eq!(admin.get(&format!("/api/v1/files/{file}")).await.0, 404);
    until("the bytes are gone", async || (!holds(&place, "heron")).then_some(())).await;
    server.stop().await;
    let doctor = place.run(&["doctor"], "").await;
    assert!(doctor.status.success(), "{}", words(&doctor).0);
}
