//! The main job, done for real: a language model, a manual, five guides, questions whose answers cite them.
//!
//! Everything goes through HTTP as a person with curl would do it, on a data folder that is thrown away.
//! Each answer's sources are checked against what is known to be right; what the model makes of them is only shown,
//! because a model this small is here to be real, not to be good.

mod client;
pub mod processes;
mod questions;
mod transcript;

use std::path::PathBuf;

use client::{Answer, Client};
use questions::{GUIDE_QUESTIONS, MANUAL, MANUAL_QUESTIONS, Question};
use transcript::Transcript;

use crate::{place, run};

/// What can be chosen.
#[derive(clap::Args)]
pub struct Options {
    /// Use a release build of the server
    #[arg(long)]
    release: bool,
    /// Run this server in place of one built from here
    #[arg(long, conflicts_with = "release")]
    server: Option<PathBuf>,
    /// Ask this OpenAI-compatible upstream, such as http://localhost:11700/v1, in place of starting one
    #[arg(long)]
    upstream: Option<String>,
    /// The model to ask; unset, the first that the upstream lists
    #[arg(long)]
    model: Option<String>,
    /// Where to write what was asked and answered; unset, walkthrough.md in the build folder (the model's own log goes beside it)
    #[arg(long)]
    transcript: Option<PathBuf>,
}

/// Does it all and says what was not as it should be.
pub fn run(options: &Options) -> Result<(), String> {
    let (Some(documents), Some(seeds)) = (place::shared("documents"), place::shared("seeds")) else {
        return Err("there are no ../shared/documents and ../shared/seeds; TRANSOM_SHARED can name the folder that holds them".into());
    };
    let server = run::server(options.release, options.server.as_deref())?;
    let path = match &options.transcript {
        Some(path) => path.clone(),
        None => place::metadata()?.target_directory.join("walkthrough.md"),
    };
    let mut transcript = Transcript::new();

    let (upstream, _model_server) = match &options.upstream {
        Some(upstream) => (upstream.clone(), None),
        None => processes::start_model(&path.with_extension("log"))?,
    };
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let (base, _server) = processes::start_server(&server, &upstream, folder.path())?;
    transcript.step("The server", &format!("It listens at {base}, with {upstream} behind it and the built-in embedding model."));

    let mut client = Client::new(&base);
    client.sign_up()?;
    client.make_key()?;
    transcript.step("An account and a key", "The first account is the administrator. From here on the API key is the credential.");
    let model = match &options.model {
        Some(model) => model.clone(),
        None => client.first_model()?,
    };

    let mut files = Vec::new();
    let mut paths = vec![documents.join(MANUAL)];
    paths.extend(GUIDE_QUESTIONS.iter().map(|question| seeds.join(question.file)));
    for path in &paths {
        let id = client.upload(path)?;
        let seconds = client.wait_until_processed(&id)?;
        transcript.step(&format!("Uploaded {}", path.display()), &format!("File {id}, ready after {seconds:.1} s."));
        files.push(id);
    }
    let collection = client.make_collection("Walkthrough", &files)?;
    transcript.step("A collection", &format!("Knowledge {collection} holds the {} files.", files.len()));

    let mut wrong = Vec::new();
    for question in MANUAL_QUESTIONS.iter().chain(GUIDE_QUESTIONS) {
        let answer = client.ask(&model, question.text, &collection)?;
        let verdict = judge(question, &answer);
        transcript.answer(question.text, &model, &answer, verdict.as_deref());
        wrong.extend(verdict.map(|verdict| format!("{}: {verdict}", question.text)));
    }
    transcript.write(&path)?;
    println!("written to {}", path.display());
    if wrong.is_empty() {
        println!("walkthrough: all {} answers cite the right place", MANUAL_QUESTIONS.len() + GUIDE_QUESTIONS.len());
        return Ok(());
    }
    Err(format!("{}\nwalkthrough: {} answers do not cite the right place", wrong.join("\n"), wrong.len()))
}

/// What is wrong with an answer's sources, if anything is.
fn judge(question: &Question, answer: &Answer) -> Option<String> {
    if answer.text.trim().is_empty() {
        return Some("the model's answer is empty".into());
    }
    let cited =
        answer.passages.iter().any(|passage| passage.file == question.file && question.page.is_none_or(|page| passage.page == Some(page)));
    if cited {
        return None;
    }
    let expected = question.page.map_or_else(|| question.file.to_owned(), |page| format!("{}, page {page}", question.file));
    let got: Vec<_> = answer.passages.iter().map(ToString::to_string).collect();
    Some(format!("no source is {expected}, but {}", got.join("; ")))
}
