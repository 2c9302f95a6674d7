//! Says what a small file costs in a child process and in this one: `pace target/release/transom extract`.
#![allow(clippy::print_stdout)]

use std::time::{Duration, Instant};

use transom_ingest::{Document, Extractors, Input, Reader};
use transom_sandbox::{Program, Sandbox, SandboxConfig};

const FILES: u32 = 2_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let program = Program { path: arguments.next().ok_or("usage: pace PROGRAM [ARGUMENT …]")?.into(), arguments: arguments.collect() };
    let sandbox = Sandbox::new(SandboxConfig { documents: FILES + 1, ..SandboxConfig::new(program) });
    let text = "A transom is the window above a door. ".repeat(50);

    let begun = Instant::now();
    sandbox.read(Document::whole(text.clone(), "first.txt", None)).await?;
    println!("first file, with the start of the process: {:?}", begun.elapsed());

    let (mut through, mut within) = (Vec::new(), Vec::new());
    let extractors = Extractors::standard();
    for _ in 0..FILES {
        let begun = Instant::now();
        sandbox.read(Document::whole(text.clone(), "small.txt", None)).await?;
        through.push(begun.elapsed());
        let begun = Instant::now();
        extractors.extract(&Input { bytes: text.as_bytes(), filename: "small.txt", content_type: None })?;
        within.push(begun.elapsed());
    }
    println!("each further one: {:?} through the process, {:?} without (medians of {FILES})", median(through), median(within));

    let large = "A transom is the window above a door. ".repeat(250_000);
    let begun = Instant::now();
    sandbox.read(Document::whole(large.clone(), "large.txt", None)).await?;
    let through = begun.elapsed();
    let begun = Instant::now();
    extractors.extract(&Input { bytes: large.as_bytes(), filename: "large.txt", content_type: None })?;
    println!("{} bytes: {through:?} through the process, {:?} without", large.len(), begun.elapsed());
    Ok(())
}

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort();
    all[all.len() / 2]
}
