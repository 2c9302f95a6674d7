//! A data folder on a disk that is full. Where the machine lets nobody mount one, there is nothing to test it on.

use std::path::Path;
use std::process::Command;

use reqwest::StatusCode;
use transom_testkit::{Script, Upstream};

use crate::place::{Place, files_below, until};

/// A file system of a few megabytes, gone when it is dropped.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    fn mount(folder: &'a Path) -> Option<Self> {
        std::fs::create_dir_all(folder).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=24m", "tmpfs"]).arg(folder).output();
        mounted.is_ok_and(|output| output.status.success()).then_some(Self(folder))
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}

#[tokio::test]
async fn a_full_disk_refuses_uploads_and_what_was_accepted_is_read_when_there_is_room() {
    let upstream = Upstream::start().await;
    let place = Place::with_upstream(&upstream);
    let folder = place.folder();
    let Some(_disk) = SmallDisk::mount(&folder) else { return };
    let server = place.serve().await;
    let admin = server.client.sign_up().await;
    let first = admin.upload("first.txt", "The first town has a bridge.").await;
    admin.completed(&first).await;
    let kept = files_below(&folder.join("uploads")).len();

    let (status, body) = admin.try_upload("large.txt", &"words ".repeat(8_000_000)).await.unwrap();
    assert_eq!(status, StatusCode::INSUFFICIENT_STORAGE, "{body}");
    until("nothing is left of it", async || (files_below(&folder.join("uploads")).len() == kept).then_some(())).await;
    assert_eq!(server.client.get("/health").await.0, StatusCode::OK);
    admin.finds(&first, "The first town").await;

    // What was accepted before the disk was full waits until it no longer is.
    upstream.script_path("/api/embed", Script::refuses(503, "not now"));
    let second = admin.upload("second.txt", "The second town has a harbour.").await;
    let asked = upstream.requests_of("/api/embed").len();
    until("the embedder is asked", async || (upstream.requests_of("/api/embed").len() > asked).then_some(())).await;
    let ballast = folder.join("ballast");
    fill(&ballast);
    upstream.unscript();
    let (status, body) = admin.try_upload("third.txt", "The third town has a tower.").await.unwrap();
    assert_eq!(status, StatusCode::INSUFFICIENT_STORAGE, "{body}");
    until("the work finds no room", async || server.log().contains("no space left").then_some(())).await;
    assert_ne!(admin.status_of(&second).await, "failed");
    std::fs::remove_file(&ballast).unwrap();
    admin.completed(&second).await;
    admin.finds(&second, "The second town").await;
    let third = admin.upload("third.txt", "The third town has a tower.").await;
    admin.completed(&third).await;
}

/// Writes until nothing more fits.
fn fill(path: &Path) {
    use std::io::Write;
    let mut file = std::fs::File::create(path).unwrap();
    for size in [1 << 20, 1 << 12, 1] {
        while file.write(&vec![0; size]).is_ok_and(|written| written > 0) {}
    }
}
