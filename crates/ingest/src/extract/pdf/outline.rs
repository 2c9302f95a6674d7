//! The table of contents that a PDF carries beside its pages, for readers to jump by.

use std::collections::{BTreeMap, HashMap, HashSet};

use pdf_extract::{Dictionary, Document, Object, ObjectId, decode_text_string};

/// So many titles and so many names are read at most.
const MOST: usize = 50_000;
/// What a destination is named by may lead on so often.
const DETOURS: usize = 4;

/// A title, and where what stands under it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Title {
    /// How deep it is, from 1.
    pub(super) level: usize,
    pub(super) text: String,
    /// The index of its page, from 0.
    pub(super) page: usize,
}

/// The titles of a document that has such a table, by their pages and there in their order. Nothing in it is taken on trust: it may
/// run in circles.
pub(super) fn titles(document: &Document) -> Vec<Title> {
    let Ok(catalog) = document.catalog() else { return Vec::new() };
    let outlines = dictionary(document, catalog, b"Outlines");
    let Some(first) = outlines.and_then(|outlines| reference(outlines, b"First")) else { return Vec::new() };
    let places = Places::of(document, catalog);
    let (mut titles, mut seen, mut waiting) = (Vec::new(), HashSet::new(), vec![(1, first)]);
    while let Some((level, id)) = waiting.pop() {
        if seen.len() == MOST || !seen.insert(id) {
            continue;
        }
        let Ok(item) = document.get_dictionary(id) else { continue };
        let page = places.page_of_item(item);
        if let (Some(page), Some(text)) = (page, item.get_deref(b"Title", document).ok().and_then(|title| decode_text_string(title).ok())) {
            titles.push(Title { level, text, page });
        }
        // What is under it comes before what is beside it.
        waiting.extend(reference(item, b"Next").map(|next| (level, next)));
        waiting.extend(reference(item, b"First").map(|first| (level + 1, first)));
    }
    titles.sort_by_key(|title| title.page);
    titles
}

fn dictionary<'a>(document: &'a Document, holder: &'a Dictionary, key: &[u8]) -> Option<&'a Dictionary> {
    holder.get_deref(key, document).and_then(Object::as_dict).ok()
}

fn reference(dictionary: &Dictionary, key: &[u8]) -> Option<ObjectId> {
    dictionary.get(key).and_then(Object::as_reference).ok()
}

/// Where destinations are.
struct Places<'a> {
    document: &'a Document,
    pages: HashMap<ObjectId, usize>,
    named: BTreeMap<&'a [u8], &'a Object>,
}

impl<'a> Places<'a> {
    fn of(document: &'a Document, catalog: &'a Dictionary) -> Self {
        let pages = document.get_pages().into_values().enumerate().map(|(index, id)| (id, index)).collect();
        let mut named = BTreeMap::new();
        if let Some(older) = dictionary(document, catalog, b"Dests") {
            named.extend(older.iter().map(|(name, place)| (name.as_slice(), place)).take(MOST));
        }
        let names = dictionary(document, catalog, b"Names");
        let mut waiting: Vec<&Object> = names.and_then(|names| names.get(b"Dests").ok()).into_iter().collect();
        let mut seen = HashSet::new();
        while let Some(node) = waiting.pop().filter(|_| named.len() < MOST) {
            if node.as_reference().is_ok_and(|id| !seen.insert(id)) {
                continue;
            }
            let Ok(node) = document.dereference(node).and_then(|(_, node)| node.as_dict()) else { continue };
            let list = |key: &[u8]| node.get_deref(key, document).and_then(Object::as_array).map_or(&[][..], Vec::as_slice);
            waiting.extend(list(b"Kids"));
            named.extend(list(b"Names").chunks_exact(2).filter_map(|pair| Some((pair[0].as_str().ok()?, &pair[1]))));
        }
        Self { document, pages, named }
    }

    fn page_of_item(&self, item: &'a Dictionary) -> Option<usize> {
        let action = || dictionary(self.document, item, b"A")?.get(b"D").ok();
        let place = item.get(b"Dest").ok().or_else(action)?;
        self.page_of(place, DETOURS)
    }

    fn page_of(&self, place: &'a Object, detours: usize) -> Option<usize> {
        let detours = detours.checked_sub(1)?;
        match self.document.dereference(place).ok()?.1 {
            Object::Array(parts) => self.pages.get(&parts.first()?.as_reference().ok()?).copied(),
            Object::Dictionary(holder) => self.page_of(holder.get(b"D").ok()?, detours),
            Object::Name(name) | Object::String(name, _) => self.page_of(self.named.get(name.as_slice())?, detours),
            _ => None,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use pdf_extract::{StringFormat, dictionary};

    use super::*;

    fn name(text: &str) -> Object {
        Object::String(text.as_bytes().to_vec(), StringFormat::Literal)
    }

    /// Two pages, and these items of an outline as objects 10, 11, 12 …
    fn document(items: Vec<Dictionary>) -> Document {
        let mut document = Document::new();
        let place = |page: u32| Object::Array(vec![Object::Reference((page, 0)), "Fit".into()]);
        for (id, object) in [
            (1, dictionary! { "Type" => "Catalog", "Pages" => (2, 0), "Outlines" => (5, 0), "Names" => (6, 0) }),
            (2, dictionary! { "Type" => "Pages", "Count" => 2, "Kids" => vec![(3, 0).into(), (4, 0).into()] }),
            (3, dictionary! { "Type" => "Page", "Parent" => (2, 0) }),
            (4, dictionary! { "Type" => "Page", "Parent" => (2, 0) }),
            (5, dictionary! { "First" => (10, 0) }),
            (6, dictionary! { "Dests" => (7, 0) }),
            (7, dictionary! { "Kids" => vec![(8, 0).into(), (7, 0).into()] }),
            (
                8,
                dictionary! { "Names" => vec![name("one"), place(3), name("two"), dictionary! { "D" => place(4) }.into(), name("loop"), name("loop")] },
            ),
        ] {
            document.objects.insert((id, 0), object.into());
        }
        document.objects.extend((10..).zip(items).map(|(id, item)| ((id, 0), item.into())));
        document.trailer.set("Root", (1, 0));
        document
    }

    fn read(items: Vec<Dictionary>) -> Vec<(usize, String, usize)> {
        titles(&document(items)).into_iter().map(|title| (title.level, title.text, title.page)).collect()
    }

    fn seen(titles: &[(usize, &str, usize)]) -> Vec<(usize, String, usize)> {
        titles.iter().map(|(level, text, page)| (*level, (*text).to_owned(), *page)).collect()
    }

    #[test]
    fn titles_know_their_levels_and_their_pages_however_those_are_named() {
        let goes = |place: &str| dictionary! { "S" => "GoTo", "D" => name(place) };
        let utf16 = Object::String(b"\xfe\xff\x00\xdc\x00b".to_vec(), StringFormat::Hexadecimal);
        let items = vec![
            dictionary! { "Title" => name("One"), "A" => goes("one"), "Next" => (12, 0), "First" => (11, 0) },
            dictionary! { "Title" => utf16, "Dest" => vec![(3, 0).into(), "Fit".into()] },
            dictionary! { "Title" => name("Two"), "A" => goes("two") },
        ];
        assert_eq!(read(items), seen(&[(1, "One", 0), (2, "Üb", 0), (1, "Two", 1)]));
    }

    #[test]
    fn an_outline_that_runs_in_circles_ends() {
        let items = vec![
            dictionary! { "Title" => name("One"), "Dest" => name("one"), "Next" => (11, 0), "First" => (10, 0) },
            dictionary! { "Title" => name("Lost"), "Dest" => name("loop"), "Next" => (10, 0) },
        ];
        assert_eq!(read(items), seen(&[(1, "One", 0)]));
    }
}
