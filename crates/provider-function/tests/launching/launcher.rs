//! Confines itself and becomes a worker, as the server does with its sub-command.

fn main() -> std::process::ExitCode {
    let error = transom_confine::run(&std::env::args().next_back().unwrap_or_default());
    eprintln!("no function can be started: {error}");
    std::process::ExitCode::from(126)
}
