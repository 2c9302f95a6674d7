//! What a start and the doctor put right, what they cannot, and that they keep out of each other's way.

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
async fn a_start_removes_bytes_that_no_file_ever_had_and_halves_of_uploads() {
    let upstream = Upstream::start().await;
    let place = Place::with_upstream(&upstream);
    let server = place.serve().await;
    let admin = server.client.sign_up().await;
    let kept = admin.upload("kept.txt", "An egret.").await;
    admin.completed(&kept).await;
    server.kill().await;
    let uploads = place.folder().join("uploads");
    for name in ["00000000-0000-4000-8000-000000000000", "00000000-0000-4000-8000-000000000001#1"] {
        std::fs::write(uploads.join(name), "bytes without a row").unwrap();
    }
    let _server = place.serve().await;
    until("only the file's bytes are left", async || (files_below(&uploads) == [uploads.join(&kept)]).then_some(())).await;
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
