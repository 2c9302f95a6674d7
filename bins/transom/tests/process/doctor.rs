//! What a start and the doctor put right, what they cannot, and that they keep out of each other's way.

use std::collections::BTreeSet;
use std::path::PathBuf;

use transom_testkit::{Script, Upstream};

use crate::place::{Place, files_below, until, words};

#[tokio::test]
async fn a_doctor_and_a_second_server_are_refused_while_a_server_runs() {
    let place = Place::bare();
    let server = place.serve().await;
    for command in [["doctor", "--fix"], ["serve", "--port=0"]] {
        let refused = place.run(&command, "").await;
        assert_eq!(refused.status.code(), Some(1));
        assert!(words(&refused).1.contains("is in use"), "{:?}", words(&refused));
    }
    assert_eq!(server.client.get("/health").await.0, 200);
    server.kill().await;
    assert!(place.run(&["doctor"], "").await.status.success(), "a killed server holds nothing");
}

#[tokio::test]
async fn a_doctor_that_cannot_mend_everything_says_what_is_left() {
    let upstream = Upstream::start().await;
    let place = Place::with_upstream(&upstream);
    let server = place.serve().await;
    let admin = server.client.sign_up().await;
    let (lost, kept) = (admin.upload("lost.txt", "A heron.").await, admin.upload("kept.txt", "An egret.").await);
    admin.completed(&lost).await;
    admin.completed(&kept).await;
    server.stop().await;
    std::fs::remove_file(place.folder().join("uploads").join(&lost)).unwrap();
    std::fs::remove_dir_all(place.folder().join("vectors")).unwrap();
    let doctor = place.run(&["doctor", "--fix"], "").await;
    let (said, complained) = words(&doctor);
    assert_eq!(doctor.status.code(), Some(1), "{said}");
    let (_, left) = said.split_once("left are:").expect("it says what is left");
    assert!(left.contains("1 files whose bytes are missing") && !left.contains("without vectors"), "{said}");
    assert!(complained.contains("something is left"), "{complained}");
}

#[tokio::test]
async fn a_start_counts_bytes_that_no_file_ever_had_and_the_doctor_alone_removes_them() {
    let upstream = Upstream::start().await;
    let place = Place::with_upstream(&upstream);
    let server = place.serve().await;
    let admin = server.client.sign_up().await;
    let kept = admin.upload("kept.txt", "An egret.").await;
    admin.completed(&kept).await;
    server.kill().await;
    let uploads = place.folder().join("uploads");
    let theirs = "00000000-0000-4000-8000-000000000002_report.pdf";
    for name in ["00000000-0000-4000-8000-000000000000", "00000000-0000-4000-8000-000000000001#1", theirs] {
        std::fs::write(uploads.join(name), "bytes without a row").unwrap();
    }
    let server = place.serve().await;
    let log = server.log();
    assert!(log.contains("objects that belong to no file") && log.contains("transom doctor"), "{log}");
    server.client.sign_in_admin().await.finds(&kept, "egret").await;
    server.stop().await;
    assert_eq!(files_below(&uploads).len(), 4);
    let doctor = place.run(&["doctor"], "").await;
    let (said, _) = words(&doctor);
    assert_eq!(doctor.status.code(), Some(1), "{said}");
    for line in ["1 objects that belong to no file", "1 halves of uploads", "1 objects that Transom did not write"] {
        assert!(said.contains(line), "{said}");
    }
    assert_eq!(files_below(&uploads).len(), 4);
    let doctor = place.run(&["doctor", "--fix"], "").await;
    assert!(doctor.status.success() && words(&doctor).0.contains("removing 2 objects"), "{:?}", words(&doctor));
    let left: BTreeSet<PathBuf> = files_below(&uploads).into_iter().collect();
    assert_eq!(left, [uploads.join(&kept), uploads.join(theirs)].into());
}

#[tokio::test]
async fn a_start_on_a_new_database_erases_neither_uploads_nor_vectors_and_the_doctor_needs_to_be_told_twice() {
    let upstream = Upstream::start().await;
    let mut place = Place::with_upstream(&upstream);
    let server = place.serve().await;
    let admin = server.client.sign_up().await;
    let file = admin.upload("heron.txt", "A heron stands in the reeds.").await;
    admin.completed(&file).await;
    server.stop().await;
    let stored = |place: &Place| (files_below(&place.folder().join("uploads")), files_below(&place.folder().join("vectors")).is_empty());
    let before = stored(&place);
    place.set("DATABASE_URL", format!("sqlite://{}", place.folder().join("other.db").display()));
    let server = place.serve().await;
    until("what is stored is compared", async || server.log().contains("the stored vectors belong to no file").then_some(())).await;
    assert!(server.log().contains("uploads holds objects that belong to no file"), "{}", server.log());
    server.stop().await;
    assert_eq!(stored(&place), before);
    let doctor = place.run(&["doctor", "--fix"], "").await;
    let (said, _) = words(&doctor);
    assert!(doctor.status.code() == Some(1) && said.contains("--remove-orphans") && !said.contains("removing"), "{said}");
    assert_eq!(stored(&place), before);

    // Back on its own database, everything is there.
    place.set("DATABASE_URL", "");
    let server = place.serve().await;
    server.client.sign_in_admin().await.finds(&file, "heron").await;
    server.stop().await;
    place.set("DATABASE_URL", format!("sqlite://{}", place.folder().join("other.db").display()));
    let doctor = place.run(&["doctor", "--fix", "--remove-orphans"], "").await;
    assert!(doctor.status.success() && words(&doctor).0.contains("removing 1 objects"), "{:?}", words(&doctor));
    assert!(files_below(&place.folder().join("uploads")).is_empty());
}

#[tokio::test]
async fn a_data_folder_of_open_webui_is_refused_with_a_way_out_and_left_as_it_is() {
    let place = Place::bare();
    let uploads = place.folder().join("uploads");
    std::fs::create_dir_all(&uploads).unwrap();
    std::fs::write(place.folder().join("webui.db"), "theirs").unwrap();
    std::fs::write(uploads.join("00000000-0000-4000-8000-000000000000_report.pdf"), "bytes").unwrap();
    let before = files_below(&place.folder());
    for command in [&["serve"][..], &["init"]] {
        let sentence = place.refused(command).await;
        assert!(sentence.contains("Open WebUI's") && sentence.contains("Moving from Open WebUI"), "{sentence}");
    }
    for command in [&["doctor", "--fix"][..], &["user", "create", "eve@example.com"]] {
        assert!(place.refused(command).await.contains("no installation"));
    }
    assert_eq!(files_below(&place.folder()), before);
}

#[tokio::test]
async fn a_doctor_never_makes_an_installation() {
    let place = Place::bare();
    assert!(place.refused(&["doctor"]).await.contains("cannot be read"));
    assert!(!place.folder().exists());
    std::fs::create_dir(place.folder()).unwrap();
    for command in [&["doctor"][..], &["doctor", "--fix"], &["doctor", "--reindex"]] {
        assert!(place.refused(command).await.contains("no installation"));
    }
    assert!(files_below(&place.folder()).is_empty());
    let place = place.init().await;
    let doctor = place.run(&["doctor"], "").await;
    assert!(doctor.status.success(), "{:?}", words(&doctor));
    // The database is the right one, and the folder is another.
    let elsewhere = place.folder().parent().unwrap().join("typo");
    std::fs::create_dir(&elsewhere).unwrap();
    let database = format!("sqlite://{}", place.folder().join("transom.db").display());
    let place = place.with("DATABASE_URL", database).with("DATA_DIR", elsewhere.to_string_lossy());
    assert!(place.refused(&["doctor", "--fix"]).await.contains("has no folder uploads"));
    assert!(files_below(&elsewhere).is_empty());
}

#[tokio::test]
async fn a_doctor_run_by_another_account_than_the_folders_owner_is_refused() {
    let place = Place::bare().init().await;
    // Root can give a folder away; others find one of root's.
    let given = std::os::unix::fs::chown(place.folder(), Some(54_321), None).is_ok();
    let folder = if given { place.folder() } else { PathBuf::from("/usr") };
    let sentence = place.refused(&["doctor", "--fix", "--data-dir", &folder.to_string_lossy()]).await;
    assert!(sentence.contains("belongs to the account with id"), "{sentence}");
}

#[tokio::test]
async fn vectors_are_made_again_also_where_the_embedding_model_answers_only_after_the_start() {
    let upstream = Upstream::start().await;
    let place = Place::with_upstream(&upstream);
    let server = place.serve().await;
    let admin = server.client.sign_up().await;
    let file = admin.upload("heron.txt", "A heron stands in the reeds.").await;
    admin.completed(&file).await;
    server.stop().await;
    std::fs::remove_dir_all(place.folder().join("vectors")).unwrap();
    upstream.script_path("/api/embed", Script::refuses(503, "not yet"));
    let server = place.serve().await;
    until("the check has failed", async || server.log().contains("could not be checked").then_some(())).await;
    upstream.unscript();
    server.client.sign_in_admin().await.finds(&file, "heron").await;
}
