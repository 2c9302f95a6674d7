//! Documents that do their worst, and what becomes of them and of others.
#![allow(clippy::unwrap_used)]

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream;
use transom_ingest::{Document, ExtractError, Reader};
use transom_sandbox::{Limits, Program, Sandbox, SandboxConfig};

/// Two children that obey their documents, with little of everything.
fn config() -> SandboxConfig {
    let program = Program { path: env!("CARGO_BIN_EXE_transom-obedient-child").into(), arguments: Vec::new() };
    let limits = Limits { file_megabytes: 20, text_megabytes: 2, memory_megabytes: 256, time: Duration::from_secs(20) };
    SandboxConfig { limits, ..SandboxConfig::new(program) }
}

fn sandbox() -> Sandbox {
    Sandbox::new(config())
}

fn document(text: &str) -> Document {
    Document::whole(text.to_owned(), "text.txt", None)
}

async fn ask(sandbox: &Sandbox, wish: &str) -> Result<String, ExtractError> {
    sandbox.read(document(&format!("please {wish}"))).await.map(|text| text.text)
}

#[tokio::test]
async fn documents_are_read_one_after_the_other_and_side_by_side() {
    let sandbox = Arc::new(sandbox());
    for number in 0..20 {
        let text = format!("This is number {number}.");
        assert_eq!(sandbox.read(document(&text)).await.unwrap().text, text);
    }
    let many = join_all((0..20).map(|number| {
        let sandbox = sandbox.clone();
        async move { sandbox.read(document(&format!("Number {number}."))).await.unwrap().text }
    }));
    assert_eq!(many.await, (0..20).map(|number| format!("Number {number}.")).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_is_wrong_with_a_document_is_said_as_without_a_sandbox() {
    let sandbox = sandbox();
    let picture = Document::whole(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), "a.png", None);
    assert!(matches!(sandbox.read(picture).await, Err(ExtractError::Empty { hint: Some(hint) }) if hint.contains("image")));
    assert!(matches!(sandbox.read(document("  ")).await, Err(ExtractError::Empty { .. })));
    assert!(matches!(ask(&sandbox, "panic").await, Err(ExtractError::Unreadable { .. })));
    let table = Document::whole("Stadt;Preis\nKöln;1,50\n", "a.csv", Some("text/csv; charset=utf-8".to_owned()));
    assert_eq!(sandbox.read(table).await.unwrap().text, "Stadt: Köln\nPreis: 1,50");
}

#[tokio::test]
async fn a_document_that_never_ends_is_given_up_and_others_are_read_meanwhile() {
    let limits = Limits { time: Duration::from_secs(2), ..config().limits };
    let sandbox = Sandbox::new(SandboxConfig { limits, ..config() });
    let (looping, other) = tokio::join!(ask(&sandbox, "loop"), ask(&sandbox, "be kind"));
    assert_eq!(looping, Err(ExtractError::TimedOut { seconds: 2 }));
    assert_eq!(other.unwrap(), "be kind");
    assert_eq!(ask(&sandbox, "go on").await.unwrap(), "go on");
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_document_is_not_charged_for_time_in_which_its_reader_got_no_processor() {
    let limits = Limits { time: Duration::from_secs(1), ..config().limits };
    let sandbox = Sandbox::new(SandboxConfig { limits, ..config() });
    assert_eq!(ask(&sandbox, "take a nap").await.unwrap(), "slept");
    assert_eq!(ask(&sandbox, "loop").await, Err(ExtractError::TimedOut { seconds: 1 }));
}

#[tokio::test]
async fn a_document_that_waited_too_long_for_a_processor_may_be_tried_again() {
    let sandbox = Sandbox::new(SandboxConfig { patience: Duration::from_secs(1), ..config() });
    assert!(matches!(ask(&sandbox, "sleep for ever").await, Err(ExtractError::Interrupted { .. })));
    assert_eq!(ask(&Sandbox::new(config()), "go on").await.unwrap(), "go on");
}

#[tokio::test]
async fn a_document_that_ends_its_reader_fails_alone() {
    let sandbox = sandbox();
    for misdeed in ["abort", "exit", "recurse"] {
        assert_eq!(ask(&sandbox, misdeed).await, Err(ExtractError::Crashed), "{misdeed}");
        assert_eq!(ask(&sandbox, "go on").await.unwrap(), "go on");
    }
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_document_that_takes_all_memory_gets_no_more_than_its_share() {
    let sandbox = sandbox();
    assert_eq!(ask(&sandbox, "allocate").await, Err(ExtractError::TooCostly { megabytes: 256 }));
    assert_eq!(ask(&sandbox, "go on").await.unwrap(), "go on");
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_document_reaches_no_file_no_network_and_no_other_program() {
    let sandbox = sandbox();
    let wishes = ["connect", "listen", "pair", "read a file", "write a file", "list a folder", "start a program"];
    for wish in wishes {
        let said = ask(&sandbox, wish).await.unwrap();
        assert!(said.starts_with("refused"), "{wish}: {said}");
    }
    assert_eq!(ask(&sandbox, "start a thread").await.unwrap(), "it says 42");
    assert_eq!(ask(&sandbox, "say what you know").await.unwrap(), "this: RAYON_NUM_THREADS=1");
}

#[tokio::test]
async fn what_libraries_print_disturbs_nobody() {
    let sandbox = sandbox();
    assert_eq!(ask(&sandbox, "chatter").await.unwrap(), "said it");
    assert_eq!(ask(&sandbox, "go on").await.unwrap(), "go on");
}

#[tokio::test]
async fn a_file_that_is_too_large_is_not_even_fetched_and_a_text_that_is_too_long_is_not_taken() {
    let sandbox = sandbox();
    let never = Document { bytes: stream::pending().boxed(), size: 21_000_000, filename: "a.txt".to_owned(), content_type: None };
    assert_eq!(sandbox.read(never).await, Err(ExtractError::TooLarge { megabytes: 20 }));
    assert_eq!(ask(&sandbox, "talk").await, Err(ExtractError::TooLong { megabytes: 2 }));
    assert_eq!(ask(&sandbox, "go on").await.unwrap(), "go on");
}

#[tokio::test]
async fn a_document_whose_bytes_do_not_come_is_not_to_blame() {
    let sandbox = sandbox();
    let broken = |pieces: Vec<io::Result<Bytes>>| Document {
        bytes: stream::iter(pieces).boxed(),
        size: 8,
        filename: "a.txt".to_owned(),
        content_type: None,
    };
    for pieces in [
        vec![Ok(Bytes::from_static(b"half")), Err(io::Error::other("the disk is gone"))],
        vec![Ok(Bytes::from_static(b"half"))],
        vec![Ok(Bytes::from_static(b"more than was said"))],
    ] {
        assert!(matches!(sandbox.read(broken(pieces)).await, Err(ExtractError::Interrupted { .. })));
        assert_eq!(ask(&sandbox, "go on").await.unwrap(), "go on");
    }
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_child_that_somebody_kills_is_not_the_documents_fault() {
    let sandbox = Sandbox::new(named("killed"));
    ask(&sandbox, "begin").await.unwrap();
    // Idle: nobody notices.
    kill(children("killed")[0]).await;
    assert_eq!(ask(&sandbox, "go on").await.unwrap(), "go on");
    // At work: the document was not read, and may be read again.
    let killing = async {
        loop {
            // The child that was killed before may still be listed, and be gone when it is looked at.
            for child in children("killed") {
                if runs(child) {
                    kill(child).await;
                }
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let outcome = tokio::select! {
        outcome = ask(&sandbox, "loop") => outcome,
        () = killing => unreachable!("it never ends"),
    };
    assert!(matches!(outcome, Err(ExtractError::Interrupted { .. })), "{outcome:?}");
    assert_eq!(ask(&sandbox, "go on").await.unwrap(), "go on");
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_child_is_replaced_after_its_share_of_documents_and_ends_with_its_sandbox() {
    let sandbox = Sandbox::new(SandboxConfig { documents: 3, ..named("replaced") });
    let mut seen = Vec::new();
    for _ in 0..7 {
        ask(&sandbox, "go on").await.unwrap();
        seen.extend(children("replaced"));
    }
    seen.dedup();
    assert_eq!(seen.len(), 3, "{seen:?}");
    drop(sandbox);
    while !children("replaced").is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_program_that_is_no_child_is_no_documents_fault() {
    for path in ["/bin/true", "/nowhere"] {
        let program = Program { path: path.into(), arguments: Vec::new() };
        let sandbox = Sandbox::new(SandboxConfig { program, ..config() });
        assert!(matches!(ask(&sandbox, "begin").await, Err(ExtractError::Interrupted { .. })));
    }
}

/// The same with children that can be told from those of other tests.
#[cfg(target_os = "linux")]
fn named(name: &str) -> SandboxConfig {
    let mut config = config();
    config.program.arguments = vec![name.into()];
    config
}

/// The running children that were named so.
#[cfg(target_os = "linux")]
fn children(name: &str) -> Vec<u32> {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let lists = threads.map(|thread| std::fs::read_to_string(thread.unwrap().path().join("children")).unwrap_or_default());
    let all = lists.flat_map(|list| list.split_whitespace().map(|id| id.parse().unwrap()).collect::<Vec<u32>>());
    let is_named =
        |id: &u32| std::fs::read_to_string(format!("/proc/{id}/cmdline")).is_ok_and(|line| line.ends_with(&format!("\0{name}\0")));
    all.filter(is_named).collect()
}

/// Whether a thread of the child runs, as it does while it reads a document that never ends.
#[cfg(target_os = "linux")]
fn runs(child: u32) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{child}/task")).into_iter().flatten().flatten();
    let states = threads.map(|thread| std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default());
    // The state comes after the name, which is in brackets.
    states.into_iter().any(|stat| stat.rsplit(") ").next().is_some_and(|state| state.starts_with('R')))
}

#[cfg(target_os = "linux")]
async fn kill(child: u32) {
    let killed = tokio::process::Command::new("kill").args(["-KILL", &child.to_string()]).status().await.unwrap();
    assert!(killed.success());
    let threads = || std::fs::read_dir(format!("/proc/{child}/task")).map_or(0, Iterator::count);
    let gone = || std::fs::read_to_string(format!("/proc/{child}/stat")).map_or(true, |stat| stat.contains(") Z ") && threads() <= 1);
    while !gone() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
