//! Electronic books: chapters in the order in which they are read.

use std::collections::HashMap;

use transom_domain::Text;

use super::markup::{Markup, one_line};
use super::nodes::{Node, Nodes, attribute};
use super::{ExtractError, Extractor, Input, html};
use crate::container::{self, Archive};
use crate::decode;
use crate::media::MediaType;

/// EPUB.
pub(super) struct Epub;

impl Extractor for Epub {
    fn takes(&self, media: MediaType) -> bool {
        media == MediaType::Epub
    }

    fn extract(&self, input: &Input<'_>) -> Result<Text, ExtractError> {
        let mut archive = container::open_zip(input.bytes)?;
        let package = package_path(&mut archive)?;
        let book = Book::read(&source(&mut archive, &package)?, &package)?;
        let titles = book.contents.iter().find_map(|path| titles(&mut archive, path)).unwrap_or_default();
        let mut out = Markup::default();
        out.paragraph(&book.title);
        for path in &book.chapters {
            let Some(bytes) = container::entry(&mut archive, path) else { continue };
            let chapter = html::read(&bytes, None, html::Title::Left)?;
            let headed = chapter.lines().any(|line| line.starts_with('#'));
            if let Some(title) = titles.get(path).filter(|_| !headed && !chapter.trim().is_empty()) {
                out.heading(1, title);
            }
            out.marked(&chapter);
        }
        Ok(out.finish())
    }
}

fn damaged(what: &str) -> ExtractError {
    ExtractError::Unreadable { reason: format!("This book is damaged: {what} is missing.") }
}

fn source(archive: &mut Archive<'_>, path: &str) -> Result<String, ExtractError> {
    let bytes = container::entry(archive, path).ok_or_else(|| damaged("its list of chapters"))?;
    Ok(decode::decode(&bytes, None))
}

fn package_path(archive: &mut Archive<'_>) -> Result<String, ExtractError> {
    let source = source(archive, "META-INF/container.xml")?;
    let mut nodes = Nodes::of(&source);
    while let Some(node) = nodes.next()? {
        if let Node::Open(element) = node
            && element.local_name().into_inner() == "rootfile"
            && let Some(path) = attribute(&element, "full-path")
        {
            return Ok(path);
        }
    }
    Err(damaged("its list of chapters"))
}

/// What a book says of itself.
#[derive(Default)]
struct Book {
    title: String,
    /// Paths in the order in which they are read.
    chapters: Vec<String>,
    /// Paths of tables of contents, new and old.
    contents: Vec<String>,
}

impl Book {
    fn read(source: &str, package: &str) -> Result<Self, ExtractError> {
        let mut book = Self::default();
        let mut paths: HashMap<String, String> = HashMap::new();
        let mut spine: Vec<String> = Vec::new();
        let mut title: Option<String> = None;
        let mut nodes = Nodes::of(source);
        while let Some(node) = nodes.next()? {
            match node {
                Node::Open(element) => match element.local_name().into_inner() {
                    "title" | "creator" => title = Some(String::new()),
                    "item" => {
                        let (Some(id), Some(href)) = (attribute(&element, "id"), attribute(&element, "href")) else { continue };
                        let path = container::resolved(package, &href);
                        let kind = attribute(&element, "media-type").unwrap_or_default();
                        let is_contents = attribute(&element, "properties").is_some_and(|list| list.split(' ').any(|item| item == "nav"));
                        if is_contents || kind == "application/x-dtbncx+xml" {
                            book.contents.push(path.clone());
                        }
                        if matches!(kind.as_str(), "application/xhtml+xml" | "text/html" | "application/xml" | "") {
                            paths.insert(id, path);
                        }
                    }
                    "itemref" => spine.extend(attribute(&element, "idref")),
                    _ => {}
                },
                Node::Text(text) => {
                    if let Some(title) = &mut title {
                        title.push_str(&text);
                    }
                }
                Node::Close => {
                    let title = one_line(&title.take().unwrap_or_default());
                    if !title.is_empty() {
                        book.title += if book.title.is_empty() { "" } else { "\n" };
                        book.title += &title;
                    }
                }
            }
        }
        // A chapter that is named twice is read once; the table of contents is not a chapter.
        for path in spine.iter().filter_map(|id| paths.remove(id)) {
            if !book.contents.contains(&path) {
                book.chapters.push(path);
            }
        }
        Ok(book)
    }
}

/// What a table of contents calls the chapters, by path. It is an NCX file or a web page with links.
fn titles(archive: &mut Archive<'_>, path: &str) -> Option<HashMap<String, String>> {
    let source = source(archive, path).ok()?;
    let mut titles = HashMap::new();
    let (mut label, mut target) = (String::new(), None::<String>);
    let mut nodes = Nodes::of(&source);
    while let Ok(Some(node)) = nodes.next() {
        match node {
            Node::Open(element) => match element.local_name().into_inner() {
                "navLabel" => label.clear(),
                "a" => {
                    label.clear();
                    target = attribute(&element, "href");
                }
                // In an NCX file the target follows its label.
                "content" => target = attribute(&element, "src"),
                _ => {}
            },
            Node::Text(text) => label.push_str(&text),
            Node::Close => {
                if let Some(target) = target.take_if(|_| !label.trim().is_empty()) {
                    titles.entry(container::resolved(path, &target)).or_insert_with(|| one_line(&label));
                }
            }
        }
    }
    (!titles.is_empty()).then_some(titles)
}
