//! The commands of the book, run in their order: what a chapter tells a reader to do works, and answers as the chapter shows.
//!
//! In a chapter, every fence that says `bash` is run, and a fence that says `json` or `text` right after it is what it answers.
//! An HTML comment before a fence, which readers do not see, says what is otherwise:
//!
//! * `<!-- not run: REASON -->`: the test cannot do that, and why.
//! * `<!-- refused: STATUS -->`: the calls are to be refused, with this status.
//! * `<!-- file: NAME -->`: the fence, in whatever language, is a file that commands of the chapter read.
//!
//! In an answer, `…` stands for what is left out; numbers of JSON are compared by being numbers.
//! A chapter that says `YOUR_API_KEY` has an administrator before it begins; another one meets a fresh server.

mod chapter;
mod fits;
mod script;

use std::path::{Path, PathBuf};

use futures_util::{StreamExt, stream};
use reqwest::Method;
use transom_testkit::Upstream;

use crate::client::answer;
use crate::place::{Place, Server};
use chapter::Chapter;

/// Their commands install functions in Python, whose packages come from the machine's package index.
const WITH_PYTHON: [&str; 1] = ["functions.md"];

/// Servers at once.
const SIDE_BY_SIDE: usize = 3;

#[tokio::test]
async fn the_commands_of_the_book_do_what_it_shows() {
    let chapters: Vec<Chapter> = chapters().into_iter().filter(|chapter| !WITH_PYTHON.contains(&chapter.name.as_str())).collect();
    assert!(chapters.len() > 5, "the book has more chapters than these: {:?}", names(&chapters));
    tell(stream::iter(chapters).map(run).buffer_unordered(SIDE_BY_SIDE).collect().await);
}

#[tokio::test]
async fn the_commands_of_the_chapter_about_functions_do_what_it_shows() {
    let chapters: Vec<Chapter> = chapters().into_iter().filter(|chapter| WITH_PYTHON.contains(&chapter.name.as_str())).collect();
    assert_eq!(names(&chapters), WITH_PYTHON);
    tell(stream::iter(chapters).then(run).collect().await);
}

fn names(chapters: &[Chapter]) -> Vec<&str> {
    chapters.iter().map(|chapter| chapter.name.as_str()).collect()
}

/// Fails with all that is wrong, chapter by chapter.
fn tell(findings: Vec<Vec<String>>) {
    let findings = findings.concat();
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n\n"));
}

/// The front page and every page of the book that has commands.
fn chapters() -> Vec<Chapter> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let pages = root.join("docs/src");
    let mut paths = vec![root.join("README.md")];
    collect(&pages, &mut paths);
    paths.sort();
    let name = |path: &Path| path.strip_prefix(&pages).or(path.strip_prefix(&root)).unwrap().to_string_lossy().into_owned();
    let chapters = paths.iter().map(|path| Chapter::read(name(path), &std::fs::read_to_string(path).unwrap()));
    let (chapters, wrong): (Vec<_>, Vec<_>) = chapters.partition(Result::is_ok);
    tell(wrong.into_iter().filter_map(Result::err).map(|finding| vec![finding]).collect());
    chapters.into_iter().flatten().filter(Chapter::has_commands).collect()
}

fn collect(folder: &Path, pages: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, pages);
        } else if path.extension().is_some_and(|ending| ending == "md") {
            pages.push(path);
        }
    }
}

/// Runs one chapter against a server of its own; gives back what is wrong.
async fn run(chapter: Chapter) -> Vec<String> {
    let upstream = Upstream::start().await;
    let place = Place::bare()
        .with("ENABLE_OLLAMA_API", "true")
        .with("OLLAMA_BASE_URL", upstream.base_url())
        .with("OPENAI_API_BASE_URL", upstream.openai_url());
    let place = std::env::vars()
        .filter(|(name, _)| ["PATH", "HOME"].contains(&name.as_str()) || name.starts_with("PIP_") || name.starts_with("UV_"))
        .fold(place, |place, (name, value)| place.with(&name, value));
    let folder = place.folder();
    share_packages(&folder);
    let server = place.into_server().await;
    let key = if chapter.names_a_key() { key(&server).await } else { String::new() };
    let mut findings = script::run(&chapter, server.client.base(), &key, &folder).await;
    if !findings.is_empty() {
        findings.push(format!("{}: the server said last:\n{}", chapter.name, last_lines(&server.log())));
    }
    findings
}

/// The packages that Python functions find are set up by the first test that needs them, for all, and not in each server's folder.
fn share_packages(folder: &Path) {
    let (shared, functions) = (Path::new(env!("CARGO_TARGET_TMPDIR")).join("functions"), folder.join("functions"));
    std::fs::create_dir_all(&shared).unwrap();
    std::fs::create_dir_all(&functions).unwrap();
    std::os::unix::fs::symlink(shared, functions.join("environment")).unwrap();
}

async fn key(server: &Server) -> String {
    let admin = server.client.sign_up().await;
    let (status, body) = answer(admin.call(Method::POST, "/api/v1/auths/api_key").send().await.unwrap()).await;
    assert_eq!(status, 200, "{body}");
    body["api_key"].as_str().unwrap().to_owned()
}

fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(5)..].iter().map(|line| format!("    {line}\n")).collect()
}
