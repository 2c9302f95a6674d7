//! Background work.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::HashSet;

use common::{caller, concurrent_store, lease, lease_few, new_file, store};
use transom_domain::{FileStatus, Fingerprint, Page, Permission, Role, Text, now};
use transom_store::jobs::JobKind;

fn text(text: &str) -> Text {
    Text { text: text.to_owned(), pages: vec![Page { number: 1, start: 0, goes_on: false }] }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_workers_never_get_the_same_job() {
    let folder = tempfile::tempdir().unwrap();
    let store = concurrent_store(folder.path()).await;
    let ann = caller(&store, "ann", Role::User).await;
    for n in 0..40 {
        store.create_file(&ann, new_file(&format!("{n}.txt")), true).await.unwrap();
    }
    let workers = (0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut leased = Vec::new();
            while let Some(job) = lease(&store, now() + 1).await {
                leased.push(job.id);
            }
            leased
        })
    });
    let mut leased = Vec::new();
    for worker in workers.collect::<Vec<_>>() {
        leased.extend(worker.await.unwrap());
    }
    assert_eq!(leased.len(), 40);
    assert_eq!(leased.iter().collect::<HashSet<_>>().len(), 40);
}

#[tokio::test]
async fn jobs_come_oldest_first_and_only_when_due() {
    let store = store().await;
    let ann = caller(&store, "ann", Role::User).await;
    let mut made = Vec::new();
    for name in ["a", "b", "c"] {
        made.push(store.create_file(&ann, new_file(name), true).await.unwrap().id);
    }
    let now = now();
    let first = lease(&store, now).await.unwrap();
    assert_eq!(first.kind, JobKind::Process(made[0].clone()));
    assert_eq!(lease(&store, now).await.unwrap().kind, JobKind::Process(made[1].clone()));
    store.retry_job(&first, now + 500).await.unwrap();
    assert_eq!(lease(&store, now).await.unwrap().kind, JobKind::Process(made[2].clone()));
    assert!(lease(&store, now).await.is_none());
    let again = lease(&store, now + 500).await;
    assert!(again.is_some());
}

#[tokio::test]
async fn attempts_are_counted_and_a_lease_that_ran_out_is_free_again() {
    let store = store().await;
    let ann = caller(&store, "ann", Role::User).await;
    store.create_file(&ann, new_file("a"), true).await.unwrap();
    let now = now();
    let first = lease(&store, now).await.unwrap();
    assert_eq!(first.attempt, 1);
    assert!(lease(&store, now + 59).await.is_none());
    assert!(store.renew_job(&first, now + 120).await.unwrap());
    assert!(lease(&store, now + 61).await.is_none());
    let second = lease(&store, now + 120).await.unwrap();
    assert_eq!((second.id.clone(), second.attempt), (first.id, 2));
    assert_eq!(store.release_jobs().await.unwrap(), 1);
    let third = lease(&store, now + 121).await.unwrap();
    assert_eq!(third.attempt, 3);
    store.finish_job(&third).await.unwrap();
    assert_eq!(store.count_jobs().await.unwrap(), 0);
    assert!(!store.renew_job(&third, now + 999).await.unwrap());
}

#[tokio::test]
async fn deleting_a_file_cancels_what_waits_and_leaves_an_erase_job() {
    let store = store().await;
    let ann = caller(&store, "ann", Role::User).await;
    let file = store.create_file(&ann, new_file("a"), true).await.unwrap();
    assert!(store.delete_file(&ann, &file.id).await.unwrap());
    assert_eq!(store.count_jobs().await.unwrap(), 1);
    let job = lease(&store, now() + 1).await.unwrap();
    assert_eq!(job.kind, JobKind::Erase(file.id.clone(), file.object_path));
    assert!(!store.set_status(&file.id, FileStatus::Completed, None).await.unwrap());
    assert!(!store.keep_text(&file.id, &text("late"), "hash").await.unwrap());
    assert!(!store.set_indexed(&file.id, &Fingerprint("f".to_owned()), &["deu", "eng"]).await.unwrap());
}

#[tokio::test]
async fn erasing_waits_for_the_worker_that_still_has_the_file() {
    let store = store().await;
    let ann = caller(&store, "ann", Role::User).await;
    let file = store.create_file(&ann, new_file("a"), true).await.unwrap();
    let at = now() + 1;
    let running = lease(&store, at).await.unwrap();
    assert!(store.delete_file(&ann, &file.id).await.unwrap());
    assert!(!store.renew_job(&running, at + 100).await.unwrap(), "the worker learns that it was cancelled");
    assert!(lease(&store, at).await.is_none(), "its vectors could come after they were erased");
    store.finish_job(&running).await.unwrap();
    assert!(matches!(lease(&store, at).await.unwrap().kind, JobKind::Erase(..)));
}

#[tokio::test]
async fn a_cancelled_job_does_not_come_back_by_being_retried_or_running_out() {
    let store = store().await;
    let ann = caller(&store, "ann", Role::User).await;
    let at = now() + 1;
    for retried in [true, false] {
        let file = store.create_file(&ann, new_file("a"), true).await.unwrap();
        let running = lease(&store, at).await.unwrap();
        assert!(store.delete_file(&ann, &file.id).await.unwrap());
        if retried {
            store.retry_job(&running, at).await.unwrap();
        }
        let next = lease(&store, at + 60).await.unwrap();
        assert!(matches!(next.kind, JobKind::Erase(..)));
        store.finish_job(&next).await.unwrap();
        assert_eq!(store.count_jobs().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_worker_cannot_overwrite_the_text_that_replaced_what_it_reads() {
    let store = store().await;
    let ann = caller(&store, "ann", Role::User).await;
    let file = store.create_file(&ann, new_file("a"), true).await.unwrap();
    let at = now() + 1;
    let running = lease(&store, at).await.unwrap();
    let replaced = store.replace_file_text(&ann, &file.id, &text("the user's")).await.unwrap().unwrap();
    assert_eq!(replaced.status, FileStatus::Pending);
    assert!(!store.keep_text(&file.id, &text("the worker's"), "hash").await.unwrap());
    assert!(!store.set_indexed(&file.id, &Fingerprint("f".to_owned()), &["deu", "eng"]).await.unwrap());
    store.finish_job(&running).await.unwrap();
    let next = lease(&store, at).await.unwrap();
    assert_eq!(next.kind, JobKind::Index(file.id.clone()));
    assert_eq!(store.job_text(&file.id).await.unwrap().unwrap(), text("the user's"));
    assert!(store.set_indexed(&file.id, &Fingerprint("f".to_owned()), &["deu", "eng"]).await.unwrap());
    let done = store.file(&ann, &file.id, Permission::Read).await.unwrap().unwrap();
    assert_eq!((done.status, done.fingerprint), (FileStatus::Completed, Some(Fingerprint("f".to_owned()))));
    assert_eq!(done.languages, ["deu", "eng"]);
}

#[tokio::test]
async fn a_file_that_is_processed_anew_has_one_job() {
    let store = store().await;
    let ann = caller(&store, "ann", Role::User).await;
    let file = store.create_file(&ann, new_file("a"), true).await.unwrap();
    store.process_file(&ann, &file.id).await.unwrap().unwrap();
    store.process_file(&ann, &file.id).await.unwrap().unwrap();
    assert_eq!(store.count_jobs().await.unwrap(), 1);
}

#[tokio::test]
async fn only_completed_files_of_another_embedder_are_indexed_again() {
    let store = store().await;
    let ann = caller(&store, "ann", Role::User).await;
    let (old, new) = (Fingerprint("old".to_owned()), Fingerprint("new".to_owned()));
    let mut ids = Vec::new();
    for name in ["old", "new", "failed"] {
        ids.push(store.create_file(&ann, new_file(name), false).await.unwrap().id);
    }
    store.set_indexed(&ids[0], &old, &["deu", "eng"]).await.unwrap();
    store.set_indexed(&ids[1], &new, &["deu", "eng"]).await.unwrap();
    store.set_status(&ids[2], FileStatus::Failed, Some("no text")).await.unwrap();
    assert_eq!(store.reindex_files(Some(&new)).await.unwrap(), 1);
    assert_eq!(store.reindex_files(Some(&new)).await.unwrap(), 0, "its job waits already");
    let job = lease(&store, now() + 1).await.unwrap();
    assert_eq!(job.kind, JobKind::Index(ids[0].clone()));
    store.finish_job(&job).await.unwrap();
    assert_eq!(store.reindex_files(None).await.unwrap(), 2);
    assert_eq!(store.all_files().await.unwrap().len(), 3);
}

#[tokio::test]
async fn text_with_nul_characters_is_kept_with_its_offsets() {
    let store = store().await;
    let ann = caller(&store, "ann", Role::User).await;
    let file = store.create_file(&ann, new_file("a"), false).await.unwrap();
    assert!(store.keep_text(&file.id, &text("one\0two"), "hash").await.unwrap());
    assert!(store.set_status(&file.id, FileStatus::Failed, Some("bad\0byte")).await.unwrap());
    assert_eq!(store.file_text(&ann, &file.id).await.unwrap().unwrap(), text("one two"));
    let kept = store.job_file(&file.id).await.unwrap().unwrap();
    assert_eq!((kept.text_hash.as_deref(), kept.error.as_deref()), (Some("hash"), Some("bad byte")));
}

#[tokio::test]
async fn one_accounts_thousand_files_do_not_hold_up_anothers_one() {
    let store = store().await;
    let (ann, ben) = (caller(&store, "ann", Role::User).await, caller(&store, "ben", Role::User).await);
    for n in 0..30 {
        store.create_file(&ann, new_file(&format!("{n}.txt")), true).await.unwrap();
    }
    let at = now() + 1;
    for _ in 0..5 {
        let job = lease(&store, at).await.unwrap();
        store.finish_job(&job).await.unwrap();
    }
    let bens: Vec<_> = [(); 2].map(|()| store.create_file(&ben, new_file("ben.txt"), true)).into_iter().collect();
    let mut waiting = HashSet::new();
    for file in bens {
        waiting.insert(file.await.unwrap().id);
    }
    let mut leased = 0;
    while !waiting.is_empty() {
        waiting.remove(lease(&store, at).await.unwrap().kind.file());
        leased += 1;
    }
    assert!(leased <= 4, "both of Ben's files came after {leased} of 27");
}

#[tokio::test]
async fn a_new_file_does_not_wait_behind_its_accounts_files_that_are_indexed_again() {
    let store = store().await;
    let ann = caller(&store, "ann", Role::User).await;
    for n in 0..20 {
        let file = store.create_file(&ann, new_file(&format!("{n}.txt")), false).await.unwrap();
        store.set_status(&file.id, FileStatus::Completed, None).await.unwrap();
    }
    assert_eq!(store.reindex_files(None).await.unwrap(), 20);
    let new = [
        store.create_file(&ann, new_file("a.txt"), true).await.unwrap().id,
        store.create_file(&ann, new_file("b.txt"), true).await.unwrap().id,
    ];
    let mut leased = Vec::new();
    while let Some(job) = lease(&store, now() + 1).await {
        leased.push(job.kind);
    }
    let place = |id| leased.iter().position(|kind| matches!(kind, JobKind::Process(file) if *file == id)).unwrap();
    let [first, second] = new.map(place);
    assert!(first < second && second < 5, "they are number {first} and {second} of {}", leased.len());
}

#[tokio::test]
async fn an_account_leaves_workers_to_others_however_much_it_brings() {
    let store = store().await;
    let (ann, ben) = (caller(&store, "ann", Role::User).await, caller(&store, "ben", Role::User).await);
    for n in 0..5 {
        store.create_file(&ann, new_file(&format!("{n}.txt")), true).await.unwrap();
    }
    let at = now() + 1;
    let first = lease_few(&store, at, 2).await.unwrap();
    lease_few(&store, at, 2).await.unwrap();
    assert!(lease_few(&store, at, 2).await.is_none());
    let file = store.create_file(&ben, new_file("ben.txt"), true).await.unwrap();
    assert_eq!(*lease_few(&store, at, 2).await.unwrap().kind.file(), file.id);
    store.finish_job(&first).await.unwrap();
    assert!(lease_few(&store, at, 2).await.is_some());
}

#[tokio::test]
async fn a_try_that_says_nothing_about_the_job_is_not_counted() {
    let store = store().await;
    let ann = caller(&store, "ann", Role::User).await;
    store.create_file(&ann, new_file("a"), true).await.unwrap();
    let now = now();
    for _ in 0..3 {
        let job = lease(&store, now).await.unwrap();
        assert_eq!(job.attempt, 1);
        store.postpone_job(&job, now).await.unwrap();
    }
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_changes_neither_the_job_nor_the_file() {
    let store = store().await;
    let ann = caller(&store, "ann", Role::User).await;
    let file = store.create_file(&ann, new_file("a"), true).await.unwrap();
    let at = now();
    let late = store.lease_job(&"late".into(), at, 60, usize::MAX).await.unwrap().unwrap();
    let next = store.lease_job(&"next".into(), at + 60, 60, usize::MAX).await.unwrap().unwrap();
    assert_eq!((&next.id, next.attempt), (&late.id, 2));

    assert!(!store.renew_job(&late, at + 999).await.unwrap());
    assert!(!store.keep_text(&late, &text("late"), "hash").await.unwrap());
    assert!(!store.set_indexed(&late, &Fingerprint("f".to_owned()), &[]).await.unwrap());
    assert!(!store.set_status(&late, FileStatus::Failed, Some("the other server has its bytes")).await.unwrap());
    store.finish_job(&late).await.unwrap();
    store.retry_job(&late, at).await.unwrap();
    store.postpone_job(&late, at).await.unwrap();

    let kept = store.job_file(&file.id).await.unwrap().unwrap();
    assert_eq!((kept.status, kept.error, kept.text_hash), (FileStatus::Pending, None, None));
    assert!(store.lease_job(&"third".into(), at + 119, 60, usize::MAX).await.unwrap().is_none(), "it is still leased to the next one");
    assert!(store.renew_job(&next, at + 180).await.unwrap());
    assert!(store.set_status(&next, FileStatus::Processing, None).await.unwrap());
    store.retry_job(&next, at).await.unwrap();
    assert_eq!(store.lease_job(&"third".into(), at, 60, usize::MAX).await.unwrap().unwrap().attempt, 3, "each lease counted once");
}
