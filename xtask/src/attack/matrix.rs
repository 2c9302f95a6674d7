//! Every operation of the description by everybody: nothing is told to, and nothing changed by, those who may not.

use std::time::Instant;

use super::description::{Description, Operation};
use super::fingerprint::Fingerprint;
use super::http::{Answer, Request};
use super::report::Report;
use super::rules::{Who, ends_credentials, is_shut, is_sweeping};
use super::upstream::{Upstream, contains};
use super::victim::Stage;

/// What the matrix works with.
pub struct Matrix<'a> {
    pub description: &'a Description,
    pub stage: &'a mut Stage,
    pub upstreams: &'a [Upstream],
    pub report: &'a mut Report,
    calls: usize,
    /// What the victim has, since it was last looked at.
    known: Option<Fingerprint>,
}

impl<'a> Matrix<'a> {
    pub fn new(description: &'a Description, stage: &'a mut Stage, upstreams: &'a [Upstream], report: &'a mut Report) -> Self {
        Self { description, stage, upstreams, report, calls: 0, known: None }
    }

    /// Calls every operation as everybody, administrators last.
    pub fn run(mut self) -> Result<(), String> {
        let mut operations: Vec<&Operation> = self.description.operations.iter().collect();
        operations.sort_by_key(|operation| is_sweeping(operation));
        for upstream in self.upstreams {
            drop(upstream.complaints());
        }
        let begin = Instant::now();
        for by in [Self::by_those_who_may_not_change, Self::by_a_writer] {
            for operation in &operations {
                by(&mut self, operation)?;
                self.revive_after(operation)?;
            }
        }
        for operation in &operations {
            self.by_an_administrator(operation)?;
        }
        let row = format!("{} operations, {} calls in {} s", operations.len(), self.calls, begin.elapsed().as_secs());
        self.report.row("access matrix", row, format!("{} canaries, state compared", self.stage.canaries.len()));
        Ok(())
    }

    fn by_those_who_may_not_change(&mut self, operation: &Operation) -> Result<(), String> {
        if !operation.changes() {
            return Who::WITHOUT_WRITE.into_iter().try_for_each(|who| self.calls_of(operation, who));
        }
        let before = self.before()?;
        Who::WITHOUT_WRITE.into_iter().try_for_each(|who| self.calls_of(operation, who))?;
        let after = Fingerprint::of(self.stage)?;
        if after.changed(&before).is_empty() && after.changed_of_shared(&before).is_empty() {
            self.known = Some(after);
            return Ok(());
        }
        // Which of them it was: each again, on things that are new.
        for who in Who::WITHOUT_WRITE {
            self.stage.set_up()?;
            self.revive_after(operation)?;
            let before = Fingerprint::of(self.stage)?;
            self.calls_of(operation, who)?;
            let after = Fingerprint::of(self.stage)?;
            let changed = [after.changed(&before), after.changed_of_shared(&before)].concat();
            if !changed.is_empty() {
                self.report.finding(format!("{operation} by {who:?} changes what is not theirs"), changed.join(", "));
            }
        }
        self.stage.set_up()
    }

    fn by_a_writer(&mut self, operation: &Operation) -> Result<(), String> {
        if !operation.changes() {
            return self.calls_of(operation, Who::Writer);
        }
        let before = self.before()?;
        self.calls_of(operation, Who::Writer)?;
        let after = Fingerprint::of(self.stage)?;
        let changed = after.changed(&before);
        if changed.is_empty() && after.changed_of_shared(&before).is_empty() {
            self.known = Some(after);
            return Ok(());
        }
        if !changed.is_empty() {
            self.report.finding(format!("{operation} by {:?} changes what is not theirs", Who::Writer), changed.join(", "));
        }
        self.stage.set_up()
    }

    /// Credentials that the operation has ended are made anew, and what was shared with their accounts is shared again.
    fn revive_after(&mut self, operation: &Operation) -> Result<(), String> {
        if ends_credentials(operation) {
            for who in Who::WITH_ACCOUNT {
                if self.stage.revive(who)? {
                    self.known = None;
                }
            }
        }
        Ok(())
    }

    fn before(&mut self) -> Result<Fingerprint, String> {
        match self.known.take() {
            Some(known) => Ok(known),
            None => Fingerprint::of(self.stage),
        }
    }

    /// An administrator may change everything; what is judged is that no answer fails and none holds a key.
    fn by_an_administrator(&mut self, operation: &Operation) -> Result<(), String> {
        self.calls_of(operation, Who::Admin)?;
        if ends_credentials(operation) { self.stage.revive(Who::Admin).map(drop) } else { Ok(()) }
    }

    /// One call aimed at what is private, and one at what is shared.
    fn calls_of(&mut self, operation: &Operation, who: Who) -> Result<(), String> {
        for targets in [self.stage.private.clone(), self.stage.shared.clone()] {
            let request = self.description.request(operation, &targets).bearing(self.stage.credential(who));
            self.calls += 1;
            match request.send(self.stage.server) {
                Ok(answer) => self.judge(operation, who, &request, &answer),
                Err(error) => self.report.finding(format!("{operation} is not answered"), error),
            }
            for complaint in self.upstreams.iter().flat_map(Upstream::complaints) {
                // What Ollama's own administration does is for administrators to ask.
                if who != Who::Admin || !operation.path.starts_with("/ollama/") || complaint.contains("secret") {
                    self.report.finding(format!("{operation} by {who:?}: {complaint}"), &request);
                }
            }
        }
        Ok(())
    }

    fn judge(&mut self, operation: &Operation, who: Who, request: &Request, answer: &Answer) {
        let text: String = answer.text().chars().take(300).collect();
        if answer.status >= 500 {
            self.report.finding(format!("{operation} by {who:?} is answered with {}", answer.status), format!("{request} → {text}"));
        }
        if is_shut(operation, who) && !matches!(answer.status, 401 | 403) {
            let what = format!("{operation} by {who:?} is answered with {}, not refused as such", answer.status);
            self.report.finding(what, format!("{request} → {text}"));
        }
        let leaked =
            self.stage.canaries.iter().find(|canary| !canary.may_be_seen_by(who) && contains(&answer.body, canary.text.as_bytes()));
        if let Some(canary) = leaked {
            self.report.finding(
                format!("{operation} tells {who:?} a secret ({:?})", canary.secret),
                format!("{request} → {} in {text}", canary.text),
            );
        }
    }
}
