use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use object_store::ObjectStoreExt;
use serde_json::Map;
use transom_app::Error;
use transom_app::files::{FileQuery, FilesConfig, State, UploadOptions, local_objects};
use transom_app::jobs::Stage;
use transom_app::retrieval::RetrievalSettings;
use transom_domain::{Caller, FileId, FileStatus, Permission, Role, UserId};

use crate::house::{House, grant};

const TEXT: &str = "The Treaty of Westphalia was signed in 1648.";

#[tokio::test]
async fn an_upload_is_read_and_kept_as_it_came() {
    let (house, _workers) = House::at_work().await;
    let alice = house.user("alice").await;
    let file = house.upload(&alice, "../../history.txt", TEXT).await;
    assert_eq!((file.filename.as_str(), file.status, file.size), ("history.txt", FileStatus::Completed, TEXT.len() as u64));
    assert_eq!(file.file_hash.len(), 64);
    assert_eq!(house.files.text(&alice, &file.id).await.unwrap().unwrap().trim(), TEXT);
    let content = house.files.content(&alice, &file.id).await.unwrap();
    let bytes: Vec<Bytes> = content.bytes.try_collect().await.unwrap();
    assert_eq!(bytes.concat(), TEXT.as_bytes());
}

#[tokio::test]
async fn an_upload_without_processing_stays_as_it_is() {
    let (house, _workers) = House::at_work().await;
    let alice = house.user("alice").await;
    let file = house.upload_with(&alice, "np.txt", TEXT, false, true).await.unwrap();
    assert_eq!(file.status, FileStatus::Unprocessed);
    assert_eq!(house.files.text(&alice, &file.id).await.unwrap(), None);
    assert_eq!(house.files.process(&alice, &file.id).await.unwrap().status, FileStatus::Completed, "later it can be processed");
}

#[tokio::test]
async fn an_upload_that_is_broken_off_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let objects = local_objects(folder.path()).unwrap();
    let house = House::with(FilesConfig::default(), RetrievalSettings::default(), objects).await;
    let alice = house.user("alice").await;
    let mut upload = house.files.begin(&alice, "big.bin", "application/octet-stream").unwrap();
    for _ in 0..12 {
        upload.write(Bytes::from(vec![7; 1024 * 1024])).await.unwrap();
    }
    assert!(std::fs::read_dir(folder.path()).unwrap().count() > 0, "parts are on the disk, not in memory");
    drop(upload);
    let emptied = async {
        while std::fs::read_dir(folder.path()).unwrap().count() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), emptied).await.expect("the parts are removed");
    assert_eq!(house.files.list(&alice, &FileQuery::default()).await.unwrap().1, 0);
}

#[tokio::test]
async fn a_large_upload_arrives_whole() {
    let folder = tempfile::tempdir().unwrap();
    let objects = local_objects(folder.path()).unwrap();
    let house = House::with(FilesConfig::default(), RetrievalSettings::default(), objects.clone()).await;
    let alice = house.user("alice").await;
    let mut upload = house.files.begin(&alice, "big.bin", "application/octet-stream").unwrap();
    for byte in 0..13u8 {
        upload.write(Bytes::from(vec![byte; 1024 * 1024])).await.unwrap();
    }
    let file = upload.finish(&alice, UploadOptions { metadata: Map::new(), process: false, wait: false, into: None }).await.unwrap();
    assert_eq!(file.size, 13 * 1024 * 1024);
    let stored = objects.get(&file.object_path.as_str().into()).await.unwrap().bytes().await.unwrap();
    assert!(stored.chunks(1024 * 1024).zip(0u8..).all(|(part, byte)| part.iter().all(|b| *b == byte)));
}

#[tokio::test]
async fn an_upload_whose_row_cannot_be_written_leaves_no_bytes() {
    let house = House::new().await;
    let ghost = Caller::new(UserId::from("ghost"), Role::Admin);
    assert!(house.upload_with(&ghost, "a.txt", TEXT, true, false).await.is_err(), "an account that is not there owns nothing");
    assert!(house.stored().await.is_empty());
}

#[tokio::test]
async fn what_may_not_be_uploaded_is_refused() {
    let config = FilesConfig { max_size: Some(10), allowed_extensions: vec!["txt".into()], ..FilesConfig::default() };
    let house = House::with(config, RetrievalSettings::default(), Arc::new(object_store::memory::InMemory::new())).await;
    let alice = house.user("alice").await;
    assert!(matches!(house.upload_with(&alice, "a.txt", "eleven bytes", true, false).await, Err(Error::TooLarge(_))));
    assert!(matches!(house.upload_with(&alice, "a.exe", "short", true, false).await, Err(Error::Invalid(_))));
    assert!(matches!(house.upload_with(&alice, "..", "short", true, false).await, Err(Error::Invalid(_))));
    assert!(matches!(house.upload_with(&alice, "empty.txt", "", true, true).await, Err(Error::Invalid(_))));
    let mut barred = alice.clone();
    barred.permissions = Arc::default();
    assert!(matches!(house.upload_with(&barred, "a.txt", "short", true, false).await, Err(Error::Forbidden(_))));
    assert!(house.stored().await.is_empty());
    assert!(house.upload_with(&alice, "A.TXT", "short", false, false).await.is_ok());
}

#[tokio::test]
async fn nobody_else_reaches_a_file() {
    let (house, _workers) = House::at_work().await;
    let (alice, eve) = (house.user("alice").await, house.user("eve").await);
    let id = house.upload(&alice, "secret.txt", TEXT).await.id;
    let missing = |error: Error| assert!(matches!(&error, Error::NotFound(text) if text.contains(id.as_str())), "{error:?}");
    missing(house.files.get(&eve, &id).await.unwrap_err());
    missing(house.files.content(&eve, &id).await.map(drop).unwrap_err());
    missing(house.files.replace_text(&eve, &id, "x".into()).await.unwrap_err());
    missing(house.files.rename(&eve, &id, "x.txt").await.unwrap_err());
    missing(house.files.process(&eve, &id).await.unwrap_err());
    missing(house.files.wait(&eve, &id).await.unwrap_err());
    missing(house.files.delete(&eve, &id).await.unwrap_err());
    assert_eq!(house.files.text(&eve, &id).await.unwrap(), None);
    assert_eq!(house.files.list(&eve, &FileQuery::default()).await.unwrap().1, 0);
    assert!(matches!(house.files.delete_all(&alice).await, Err(Error::WrongRole)));
    assert!(house.files.get(&alice, &id).await.is_ok());
    assert!(house.files.get(&house.admin().await, &id).await.is_ok());
}

#[tokio::test]
async fn who_may_read_a_collection_may_read_its_files_and_not_change_them() {
    let (house, _workers) = House::at_work().await;
    let (alice, reader) = (house.user("alice").await, house.user("reader").await);
    let id = house.upload(&alice, "a.txt", TEXT).await.id;
    house.collection(&alice, &[&id], grant(&reader, Permission::Read)).await;
    assert!(house.files.get(&reader, &id).await.is_ok());
    assert!(matches!(house.files.delete(&reader, &id).await, Err(Error::NotFound(_))));
    assert!(matches!(house.files.rename(&reader, &id, "x").await, Err(Error::NotFound(_))));
    assert!(matches!(house.files.replace_text(&reader, &id, "x".into()).await, Err(Error::NotFound(_))));
    assert!(matches!(house.files.process(&reader, &id).await, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn replaced_text_is_what_is_found() {
    let (house, _workers) = House::at_work().await;
    let alice = house.user("alice").await;
    let id = house.upload(&alice, "a.txt", "old words").await.id;
    let file = house.files.replace_text(&alice, &id, "new words about herons".into()).await.unwrap();
    assert_eq!(file.status, FileStatus::Completed);
    assert_eq!(house.files.text(&alice, &id).await.unwrap().unwrap(), "new words about herons");
    let scope = house.retrieval.resolve(&alice, &[serde_json::json!({"type": "file", "id": id})]).await.unwrap();
    let sources = house.retrieval.find(&scope, &["herons".into()]).await.unwrap();
    assert_eq!(sources[0].document, ["new words about herons"]);
}

#[tokio::test]
async fn a_watched_file_is_seen_stage_by_stage_to_its_end() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    house.embedder.hold("slow");
    let text = format!(
        "{}the slow end",
        "one paragraph of words that is long enough to stand alone in a chunk of its own, or nearly.\n\n".repeat(8)
    );
    let id = house.upload_with(&alice, "slow.txt", &text, true, false).await.unwrap().id;
    let waiting = house.files.state(&alice, &id).await.unwrap();
    let mut seen = house.files.watch(alice.clone(), waiting);
    let first = seen.next().await.unwrap().unwrap();
    assert_eq!((first.file.status, first.progress), (FileStatus::Pending, None));
    let _workers = house.workers().await;
    house.embedder.until_held(1).await;
    let now = house.files.state(&alice, &id).await.unwrap().progress.unwrap();
    assert_eq!(now.stage, Stage::Embedding);
    assert!(now.embedded > 0 && now.embedded < now.chunks && now.share() < 1.0, "{now:?}");
    // A watcher sees where the file is when it looks: here while the work is held, afterwards it may be done before the next look.
    let held = seen.next().await.unwrap().unwrap();
    assert_eq!((held.file.status, held.progress), (FileStatus::Processing, Some(now)));
    house.embedder.release();
    let rest: Vec<State> = seen.map(Result::unwrap).collect().await;
    let shares: Vec<f64> = [held].iter().chain(&rest).filter_map(|state| Some(state.progress?.share())).collect();
    assert!(shares.is_sorted(), "{shares:?}");
    let last = rest.last().unwrap();
    assert_eq!((last.file.status, last.progress), (FileStatus::Completed, None));
}

#[tokio::test]
async fn how_far_a_file_is_can_be_seen_by_those_who_may_see_the_file() {
    let (house, _workers) = House::at_work().await;
    let (alice, eve) = (house.user("alice").await, house.user("eve").await);
    let id = house.upload(&alice, "a.txt", TEXT).await.id;
    assert!(matches!(house.files.state(&eve, &id).await, Err(Error::NotFound(_))));
    assert_eq!(house.files.state(&alice, &id).await.unwrap().file.status, FileStatus::Completed);
}

#[tokio::test]
async fn deleting_everything_leaves_nothing() {
    let (house, _workers) = House::at_work().await;
    let admin = house.admin().await;
    for name in ["a.txt", "b.txt"] {
        house.upload(&admin, name, TEXT).await;
    }
    assert_eq!(house.files.delete_all(&admin).await.unwrap(), 2);
    house.idle().await;
    assert!(house.stored().await.is_empty() && house.indexed().await.is_empty());
    assert!(matches!(house.files.get(&admin, &FileId::from("a")).await, Err(Error::NotFound(_))));
}
