//! What speakers noted to their slides. Which notes belong to which slide is said by relationships alone; undoc goes by
//! the numbers in the files' names, which differ as soon as one slide has no notes.

use super::super::nodes::{Node, Nodes, attribute};
use crate::container::{self, Archive};

const PRESENTATION: &str = "ppt/presentation.xml";

/// The notes of each slide in order; empty where there are none. What cannot be read is not there.
pub(super) fn of_slides(bytes: &[u8]) -> Vec<String> {
    let Ok(mut archive) = container::open_zip(bytes) else { return Vec::new() };
    let parts = relationships(&mut archive, PRESENTATION);
    let slides: Vec<String> = elements(&mut archive, PRESENTATION, "sldId", "r:id");
    let mut notes = Vec::with_capacity(slides.len());
    for id in slides {
        let slide = parts.iter().find(|part| part.id == id).map(|part| part.path.clone()).unwrap_or_default();
        let part = relationships(&mut archive, &slide).into_iter().find(|part| part.kind.ends_with("/notesSlide"));
        notes.push(part.map(|part| text(&mut archive, &part.path)).unwrap_or_default());
    }
    notes
}

struct Relationship {
    id: String,
    kind: String,
    path: String,
}

fn relationships(archive: &mut Archive<'_>, path: &str) -> Vec<Relationship> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let source = source(archive, &format!("{folder}/_rels/{name}.rels"));
    let (mut nodes, mut found) = (Nodes::of(&source), Vec::new());
    while let Ok(Some(node)) = nodes.next() {
        if let Node::Open(element) = node
            && let (Some(id), Some(kind), Some(target)) =
                (attribute(&element, "Id"), attribute(&element, "Type"), attribute(&element, "Target"))
        {
            let path = target.strip_prefix('/').map_or_else(|| container::resolved(path, &target), str::to_owned);
            found.push(Relationship { id, kind, path });
        }
    }
    found
}

/// The values of an attribute of all elements of a name.
fn elements(archive: &mut Archive<'_>, path: &str, name: &str, key: &str) -> Vec<String> {
    let source = source(archive, path);
    let (mut nodes, mut values) = (Nodes::of(&source), Vec::new());
    while let Ok(Some(node)) = nodes.next() {
        if let Node::Open(element) = node
            && element.local_name().into_inner() == name
        {
            values.extend(attribute(&element, key));
        }
    }
    values
}

/// The body of a page of notes: it also holds a picture of the slide, its number and the like.
fn text(archive: &mut Archive<'_>, path: &str) -> String {
    let source = source(archive, path);
    let (mut nodes, mut open, mut done) = (Nodes::of(&source), Vec::new(), String::new());
    let (mut shape, mut is_body) = (String::new(), false);
    while let Ok(Some(node)) = nodes.next() {
        match node {
            Node::Open(element) => {
                let name = element.local_name().into_inner().to_owned();
                match name.as_str() {
                    "sp" => (shape, is_body) = (String::new(), false),
                    "ph" => is_body |= attribute(&element, "type").as_deref() == Some("body"),
                    "br" => shape.push('\n'),
                    _ => {}
                }
                open.push(name);
            }
            Node::Text(part) if open.last().is_some_and(|name| name == "t") => shape.push_str(&part),
            Node::Text(_) => {}
            Node::Close => match open.pop().as_deref() {
                Some("p") => shape.push('\n'),
                Some("sp") if is_body => done.push_str(&std::mem::take(&mut shape)),
                _ => {}
            },
        }
    }
    done
}

fn source(archive: &mut Archive<'_>, path: &str) -> String {
    String::from_utf8_lossy(&container::entry(archive, path).unwrap_or_default()).into_owned()
}
