//! The mutator let loose on every operation: no answer is the server's own failure, and it is alive at the end.

use std::time::Instant;

use super::chance::Chance;
use super::description::{Description, Operation};
use super::http::Request;
use super::mutate::mutated;
use super::report::Report;
use super::rules::{Who, is_sweeping};
use super::server::Server;
use super::victim::Stage;

/// How often it is looked whether the credentials still open something.
const LOOK_EVERY: usize = 100;

/// Sends so many mutated requests.
pub fn run(
    server: &mut Server,
    stage: &mut Stage,
    description: &Description,
    report: &mut Report,
    requests: usize,
    seed: u64,
) -> Result<(), String> {
    let mut chance = Chance::new(seed);
    // An administrator's own reach is deepest; what takes the ground away from the others is left to users, who are refused late.
    let (calm, sweeping): (Vec<&Operation>, Vec<&Operation>) = description.operations.iter().partition(|operation| !is_sweeping(operation));
    let begin = Instant::now();
    let mut statuses = [0_usize; 6];
    for number in 0..requests {
        if number % LOOK_EVERY == 0 {
            for who in [Who::Admin, Who::Writer, Who::Reader] {
                stage.revive(who)?;
            }
        }
        let (operation, who) = match chance.below(10) {
            0 => (chance.of(&sweeping), Who::Reader),
            1 => (chance.of(&calm), Who::Nobody),
            2 | 3 => (chance.of(&calm), Who::Writer),
            _ => (chance.of(&calm), Who::Admin),
        };
        let targets = if chance.one_in(2) { stage.private.clone() } else { stage.shared.clone() };
        let request = mutated(description.request(operation, &targets).bearing(stage.credential(who)), &mut chance);
        match request.send(server.address) {
            Ok(answer) => {
                statuses[usize::from(answer.status / 100).min(5)] += 1;
                if answer.status >= 500 {
                    let text: String = answer.text().chars().take(300).collect();
                    report.finding(
                        format!("{operation} with something wrong is answered with {}", answer.status),
                        shown(&request, &text, seed, number),
                    );
                }
            }
            Err(error) if !server.is_alive() => {
                report.finding("the server has ended", shown(&request, &error, seed, number));
                return Ok(());
            }
            // A request that is no HTTP may be answered by closing.
            Err(error) if is_sound(&request) => {
                report.finding(format!("{operation} is not answered"), shown(&request, &error, seed, number))
            }
            Err(_) => {}
        }
    }
    let spread: Vec<String> = (2..6).map(|kind| format!("{kind}xx {}", statuses[kind])).collect();
    report.row("mutated requests", format!("{requests}, seed {seed}, in {} s", begin.elapsed().as_secs()), spread.join(", "));
    Ok(())
}

fn shown(request: &Request, what: &str, seed: u64, number: usize) -> String {
    format!("{request} → {what} (seed {seed}, request {number})")
}

/// Whether the head is one that every server reads.
fn is_sound(request: &Request) -> bool {
    request.headers.iter().all(|(_, value)| value.len() < 8_000 && value.iter().all(|byte| (b' '..0x7f).contains(byte)))
}
