//! A child for the tests: reads documents as any other, but does what a text that begins with `please ` asks for.
//!
//! What cannot be done is told in the text that comes out.
#![allow(clippy::print_stdout, reason = "libraries do it too")]

use std::fmt::Display;
use std::hint::black_box;
use std::process::ExitCode;

use transom_domain::Text;
use transom_ingest::{ExtractError, Extractor, Extractors, Input, MediaType};

/// Everything that a document in full possession of its reader might try.
struct Obedient;

impl Extractor for Obedient {
    fn takes(&self, media: MediaType) -> bool {
        media == MediaType::PlainText
    }

    fn extract(&self, input: &Input<'_>) -> Result<Text, ExtractError> {
        let text = String::from_utf8_lossy(input.bytes).into_owned();
        let said = match text.trim().strip_prefix("please ") {
            None => text,
            Some("loop") => loop {
                black_box(());
            },
            #[allow(clippy::disallowed_methods, reason = "this is a thread of its own process, and has nothing else to do")]
            Some("take a nap") => {
                std::thread::sleep(std::time::Duration::from_secs(3));
                "slept".to_owned()
            }
            #[allow(clippy::disallowed_methods, reason = "the same")]
            Some("sleep for ever") => loop {
                std::thread::sleep(std::time::Duration::from_secs(3600));
            },
            Some("allocate") => format!("{} bytes", hoard()),
            Some("recurse") => format!("{} deep", descend(0)),
            Some("abort") => std::process::abort(),
            #[allow(clippy::disallowed_methods, reason = "this is the misdeed")]
            Some("exit") => std::process::exit(0),
            Some("panic") => panic!("as you wish"),
            Some("chatter") => {
                (0..100_000).for_each(|_| {
                    println!("{{}} noise");
                    eprintln!("{{}} noise");
                });
                "said it".to_owned()
            }
            Some("talk") => "word ".repeat(1_000_000),
            Some("connect") => outcome(std::net::TcpStream::connect("127.0.0.1:80")),
            Some("listen") => outcome(std::net::TcpListener::bind("127.0.0.1:0")),
            Some("pair") => outcome(std::os::unix::net::UnixStream::pair()),
            Some("read a file") => outcome(std::fs::read("/proc/self/status")),
            Some("write a file") => outcome(std::fs::write("/tmp/transom-was-here", "x")),
            Some("list a folder") => outcome(std::fs::read_dir("/")),
            Some("start a program") => outcome(std::process::Command::new("/bin/true").status()),
            Some("start a thread") => match std::thread::Builder::new().spawn(|| 6 * 7).map(std::thread::JoinHandle::join) {
                Ok(Ok(answer)) => format!("it says {answer}"),
                other => format!("{other:?}"),
            },
            Some("say what you know") => {
                let known: Vec<String> = std::env::vars().map(|(name, value)| format!("{name}={value}")).collect();
                format!("this: {}", known.join(" "))
            }
            Some(other) => other.to_owned(),
        };
        Ok(Text { text: said, ..Text::default() })
    }
}

fn outcome<T>(tried: Result<T, impl Display>) -> String {
    match tried {
        Ok(_) => "done".to_owned(),
        Err(reason) => format!("refused: {reason}"),
    }
}

/// Takes memory until there is none.
fn hoard() -> usize {
    let mut all = Vec::new();
    loop {
        all.push(vec![1u8; 1 << 20]);
        if all.len() > 1 << 20 {
            return all.len();
        }
    }
}

fn descend(depth: u64) -> u64 {
    if black_box(depth) == u64::MAX {
        return 0;
    }
    let room = black_box([depth; 512]);
    descend(room[0] + 1) + room[511]
}

fn main() -> ExitCode {
    match transom_sandbox::answer(Extractors::standard().with(Box::new(Obedient))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
