//! The child: takes documents, gives texts.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::sync::mpsc;
use std::{panic, thread};

use transom_domain::Text;
use transom_ingest::{ExtractError, Extractors, Input};

use crate::frame::{Reply, Request, read_head, write_head};
use crate::jail;
use crate::limits::{Limits, MEGABYTE};

/// Parsers of foreign documents recurse: what is deeper than this ends the child, and fails its document.
const STACK: usize = 32 * 1024 * 1024;

/// Reads documents for the parent at the other end of standard input, until that is gone. This is all that a child does.
///
/// Standard output and standard error are not used: libraries may print what they like. Panics say nothing at all.
///
/// # Errors
/// Where standard input is no socket of a [`Sandbox`](crate::Sandbox), or breaks in mid-word.
pub fn answer(extractors: Extractors) -> io::Result<()> {
    let mut parent = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let Some(limits) = read_head::<Limits>(&mut parent)? else { return Ok(()) };
    // A parser that panics over a page fails that page; nobody reads what it says, which may be the document's words.
    panic::set_hook(Box::new(|_| ()));
    let replies = parent.try_clone()?;
    // The filter of system calls is a thread's and its children's: no thread may have begun before.
    let protection = jail::enter(&limits);
    write_head(&mut parent, &protection)?;

    let extractors = extractors.with_limit(limits.file_megabytes);
    let (documents, waiting) = mpsc::sync_channel(1);
    let worker = Worker { extractors, limits, replies };
    thread::Builder::new().stack_size(STACK).spawn(move || worker.run(&waiting))?;
    // While the worker reads, this thread waits for the next document, or for the parent's end: returning ends the process.
    while let Some(request) = read_head::<Request>(&mut parent)? {
        let Ok(size) = usize::try_from(request.size) else { return Ok(()) };
        let mut bytes = Vec::new();
        // Where memory ends here, the process does: the parent knows what that means.
        bytes.reserve_exact(size);
        if (&mut parent).take(request.size).read_to_end(&mut bytes)? < size || documents.send((request, bytes)).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

struct Worker {
    extractors: Extractors,
    limits: Limits,
    replies: File,
}

impl Worker {
    /// Ends when nobody listens any more.
    fn run(mut self, documents: &mpsc::Receiver<(Request, Vec<u8>)>) {
        while let Ok((request, bytes)) = documents.recv() {
            let outcome = self.read(&request, &bytes);
            drop(bytes);
            if self.reply(outcome).is_err() {
                return;
            }
        }
    }

    fn read(&self, request: &Request, bytes: &[u8]) -> Result<Text, ExtractError> {
        let input = Input { bytes, filename: &request.filename, content_type: request.content_type.as_deref() };
        let text = self.extractors.extract(&input)?;
        let megabytes = self.limits.text_megabytes;
        if text.text.len() > megabytes.saturating_mul(MEGABYTE) { Err(ExtractError::TooLong { megabytes }) } else { Ok(text) }
    }

    fn reply(&mut self, mut outcome: Result<Text, ExtractError>) -> io::Result<()> {
        let letters = outcome.as_mut().map(|text| std::mem::take(&mut text.text)).unwrap_or_default();
        write_head(&mut self.replies, &Reply { size: letters.len() as u64, outcome })?;
        self.replies.write_all(letters.as_bytes())
    }
}
