//! Vectors that are lost, damaged, or another model's.

use std::path::PathBuf;

use transom_testkit::Upstream;

use crate::place::{Place, files_below, words};

/// A stopped place with one completed file that speaks of a heron.
async fn indexed(upstream: &Upstream) -> (Place, String) {
    let place = Place::with_upstream(upstream);
    let server = place.serve().await;
    let admin = server.client.sign_up().await;
    let file = admin.upload("heron.txt", "A heron stands in the reeds.").await;
    admin.completed(&file).await;
    admin.finds(&file, "heron").await;
    server.stop().await;
    (place, file)
}

fn lose_the_folder(place: &Place) {
    std::fs::remove_dir_all(place.folder().join("vectors")).unwrap();
}

fn empty_the_newest_manifest(place: &Place) {
    let manifests = files_below(&place.folder().join("vectors"));
    let mut manifests: Vec<PathBuf> = manifests.into_iter().filter(|path| path.extension().is_some_and(|end| end == "manifest")).collect();
    manifests.sort_by_key(|path| std::fs::metadata(path).unwrap().modified().unwrap());
    std::fs::write(manifests.last().expect("there is a manifest"), b"").unwrap();
}

fn lose_the_data(place: &Place) {
    let data = files_below(&place.folder().join("vectors"));
    let data: Vec<PathBuf> = data.into_iter().filter(|path| path.extension().is_some_and(|end| end == "lance")).collect();
    assert!(!data.is_empty());
    for path in data {
        std::fs::remove_file(path).unwrap();
    }
}

type Damage = fn(&Place);

#[tokio::test]
async fn vectors_that_were_lost_or_damaged_are_made_again_by_the_next_start() {
    for damage in [lose_the_folder as Damage, empty_the_newest_manifest, lose_the_data] {
        let upstream = Upstream::start().await;
        let (place, file) = indexed(&upstream).await;
        damage(&place);
        let server = place.serve().await;
        let admin = server.client.sign_in_admin().await;
        admin.finds(&file, "heron").await;
        admin.completed(&file).await;
        server.stop().await;
        let doctor = place.run(&["doctor"], "").await;
        assert!(doctor.status.success(), "{}", words(&doctor).0);
    }
}

#[tokio::test]
async fn the_doctor_says_what_is_wrong_with_vectors_and_mends_it_when_asked() {
    for (damage, finding) in [
        (lose_the_folder as Damage, "1 completed files without vectors"),
        (empty_the_newest_manifest, "the stored vectors cannot be read"),
        (lose_the_data, "the stored vectors cannot be read"),
    ] {
        let upstream = Upstream::start().await;
        let (place, file) = indexed(&upstream).await;
        let healthy = place.run(&["doctor"], "").await;
        assert!(healthy.status.success() && words(&healthy).0.contains("everything fits together"), "{:?}", words(&healthy));
        damage(&place);
        for _ in 0..2 {
            let doctor = place.run(&["doctor"], "").await;
            let (said, complained) = words(&doctor);
            assert_eq!(doctor.status.code(), Some(1), "{said}");
            assert!(said.contains(finding), "{said}");
            assert!(complained.contains("doctor --fix"), "{complained}");
        }
        let mended = place.run(&["doctor", "--fix"], "").await;
        assert!(mended.status.success(), "{:?}", words(&mended));
        let healthy = place.run(&["doctor"], "").await;
        assert!(healthy.status.success(), "{:?}", words(&healthy));
        let server = place.serve().await;
        let (status, body) = server.client.sign_in_admin().await.ask(&file, "heron", 1).await;
        assert!(status == 200 && body.to_string().contains("reeds"), "{status} {body}");
    }
}

#[tokio::test]
async fn after_a_change_of_the_embedding_model_questions_are_refused_until_the_doctor_has_reindexed() {
    let upstream = Upstream::start().await;
    let (mut place, file) = indexed(&upstream).await;
    place.set("RAG_EMBEDDING_MODEL", "mxbai-embed-large");
    let server = place.serve().await;
    let admin = server.client.sign_in_admin().await;
    let (status, body) = admin.ask(&file, "heron", 1).await;
    assert_eq!(status, 409, "{body}");
    assert!(body["detail"].as_str().unwrap().contains("doctor --reindex"), "{body}");
    let new = admin.upload("egret.txt", "An egret wades.").await;
    admin.completed(&new).await;
    admin.finds(&new, "egret").await;
    server.stop().await;

    let doctor = place.run(&["doctor"], "").await;
    assert_eq!(doctor.status.code(), Some(1));
    assert!(words(&doctor).0.contains("1 files embedded by another model"), "{}", words(&doctor).0);
    let doctor = place.run(&["doctor", "--reindex"], "").await;
    assert!(doctor.status.success(), "{:?}", words(&doctor));
    let server = place.serve().await;
    let admin = server.client.sign_in_admin().await;
    for (file, bird) in [(&file, "heron"), (&new, "egret")] {
        let (status, body) = admin.ask(file, bird, 1).await;
        assert!(status == 200 && body["documents"].to_string().contains(bird), "{status} {body}");
    }
}
