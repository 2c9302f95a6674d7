use transom_app::Error;
use transom_domain::FileStatus;

use crate::house::House;

#[tokio::test]
async fn work_that_was_stopped_goes_on_after_a_restart() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    house.embedder.hold("herons");
    let workers = house.workers().await;
    let file = house.upload_with(&alice, "a.txt", "words about herons", true, false).await.unwrap();
    house.embedder.until_held(1).await;
    workers.stop().await;
    assert!(!house.files.get(&alice, &file.id).await.unwrap().status.is_final());
    house.embedder.release();
    let _workers = house.workers().await;
    assert_eq!(house.files.wait(&alice, &file.id).await.unwrap().status, FileStatus::Completed);
    assert_eq!(house.indexed().await[&file.id], 1);
}

#[tokio::test]
async fn a_worker_that_died_without_a_word_is_replaced() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    let file = house.upload_with(&alice, "a.txt", "words", true, false).await.unwrap();
    let leased = house.store.lease_job(&"dead".into(), transom_domain::now(), 3600, usize::MAX).await.unwrap();
    assert!(leased.is_some(), "some earlier run held the job and was killed");
    let _workers = house.workers().await;
    assert_eq!(house.files.wait(&alice, &file.id).await.unwrap().status, FileStatus::Completed);
}

#[tokio::test]
async fn a_file_that_ends_the_server_each_time_is_given_up() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    let file = house.upload_with(&alice, "a.txt", "words", true, false).await.unwrap();
    for _ in 0..4 {
        house.store.lease_job(&"dead".into(), transom_domain::now(), 3600, usize::MAX).await.unwrap().unwrap();
        house.store.release_jobs().await.unwrap();
    }
    let _workers = house.workers().await;
    let file = house.files.wait(&alice, &file.id).await.unwrap();
    assert!(file.status == FileStatus::Failed && file.error.unwrap().contains("server stopped"));
}

#[tokio::test]
async fn a_slow_file_holds_up_nobody() {
    let (house, _workers) = House::at_work().await;
    let alice = house.user("alice").await;
    house.embedder.hold("slow");
    let slow = house.upload_with(&alice, "slow.txt", "slow words", true, false).await.unwrap();
    house.embedder.until_held(1).await;
    assert_eq!(house.upload(&alice, "fast.txt", "fast words").await.status, FileStatus::Completed);
    assert!(!house.files.get(&alice, &slow.id).await.unwrap().status.is_final());
    house.embedder.release();
    assert_eq!(house.files.wait(&alice, &slow.id).await.unwrap().status, FileStatus::Completed);
}

#[tokio::test]
async fn deleting_a_file_while_it_is_processed_leaves_nothing() {
    let (house, _workers) = House::at_work().await;
    let alice = house.user("alice").await;
    house.embedder.hold("herons");
    let file = house.upload_with(&alice, "a.txt", "words about herons", true, false).await.unwrap();
    house.embedder.until_held(1).await;
    house.files.delete(&alice, &file.id).await.unwrap();
    house.embedder.release();
    house.idle().await;
    assert!(house.stored().await.is_empty());
    assert!(house.indexed().await.is_empty());
    assert!(house.store.job_file(&file.id).await.unwrap().is_none());
}

#[tokio::test]
async fn an_embedder_that_is_down_for_a_while_is_asked_again() {
    let (house, _workers) = House::at_work().await;
    let alice = house.user("alice").await;
    house.embedder.fail(1);
    assert_eq!(house.upload(&alice, "a.txt", "words").await.status, FileStatus::Completed);
}

#[tokio::test]
async fn an_embedder_that_stays_down_fails_the_file_with_a_reason() {
    let (house, _workers) = House::at_work().await;
    let alice = house.user("alice").await;
    house.embedder.fail(1000);
    let file = house.upload(&alice, "a.txt", "words").await;
    assert_eq!(file.status, FileStatus::Failed);
    assert!(file.error.unwrap().contains("cannot be reached"));
    house.embedder.fail(0);
    let again = house.files.process(&alice, &file.id).await.unwrap();
    assert_eq!((again.status, again.error), (FileStatus::Completed, None));
}

#[tokio::test]
async fn a_file_that_cannot_be_read_fails_at_once_and_is_kept() {
    let (house, _workers) = House::at_work().await;
    let alice = house.user("alice").await;
    for (name, text) in [("blank.txt", " \n "), ("bad.pdf", "%PDF-1.4 garbage")] {
        let file = house.upload(&alice, name, text).await;
        assert_eq!(file.status, FileStatus::Failed, "{name}");
        assert!(!file.error.unwrap().is_empty());
        assert!(house.files.content(&alice, &file.id).await.is_ok(), "{name}: the upload itself is kept");
    }
}

#[tokio::test]
async fn lost_bytes_fail_a_file_with_a_reason() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    let file = house.upload_with(&alice, "a.txt", "words", true, false).await.unwrap();
    object_store::ObjectStoreExt::delete(house.objects.as_ref(), &file.object_path.as_str().into()).await.unwrap();
    let _workers = house.workers().await;
    assert!(house.files.wait(&alice, &file.id).await.unwrap().error.unwrap().contains("bytes are missing"));
    assert!(matches!(house.files.content(&alice, &file.id).await.map(drop), Err(Error::NotFound(_))));
}

#[tokio::test]
async fn deleting_an_account_leaves_nothing_of_its_files() {
    let (house, _workers) = House::at_work().await;
    let alice = house.user("alice").await;
    house.upload(&alice, "a.txt", "words").await;
    house.store.delete_user(&alice.id).await.unwrap();
    house.idle().await;
    assert!(house.stored().await.is_empty() && house.indexed().await.is_empty());
}
