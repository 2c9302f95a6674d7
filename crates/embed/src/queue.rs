//! Whose turn it is: callers that wait for vectors, and how their texts are put into batches.

use std::collections::VecDeque;

use tokio::sync::oneshot;
use transom_llm::Purpose;

use crate::MiniLmSettings;
use crate::engine::{EngineError, Tokens};

/// After so many batches for questions in a row a document gets one, so that nobody waits for ever.
const QUESTIONS_IN_A_ROW: usize = 8;

/// A caller's list of so few texts is served like a question.
const SMALL: usize = 4;

/// One call: its texts, and what is known of them so far.
pub(crate) struct Job {
    texts: Vec<String>,
    /// Indices of the texts still to do, the longest first; taken from the end.
    todo: Vec<usize>,
    /// A text whose tokens did not fit into the last batch.
    carried: Option<(usize, Tokens)>,
    vectors: Vec<Vec<f32>>,
    urgent: bool,
    reply: oneshot::Sender<Result<Vec<Vec<f32>>, EngineError>>,
}

impl Job {
    pub(crate) fn new(texts: Vec<String>, purpose: Purpose, reply: oneshot::Sender<Result<Vec<Vec<f32>>, EngineError>>) -> Self {
        let mut todo: Vec<usize> = (0..texts.len()).collect();
        // Texts of like length together: a short one beside a long one is computed at the long one's price.
        todo.sort_by_key(|&index| std::cmp::Reverse(texts[index].len()));
        let urgent = purpose == Purpose::Query || texts.len() <= SMALL;
        Self { vectors: vec![Vec::new(); texts.len()], texts, todo, carried: None, urgent, reply }
    }

    /// The next batch: which texts, and their tokens.
    pub(crate) fn next_batch(
        &mut self,
        settings: &MiniLmSettings,
        tokens: impl Fn(&str) -> Result<Tokens, EngineError>,
    ) -> Result<(Vec<usize>, Vec<Tokens>), EngineError> {
        let (mut indices, mut batch, mut width) = (Vec::new(), Vec::new(), 0);
        while batch.len() < settings.batch_size.max(1) {
            let (index, tokens) = match self.carried.take() {
                Some(carried) => carried,
                None => match self.todo.pop() {
                    Some(index) => (index, tokens(&self.texts[index])?),
                    None => break,
                },
            };
            let wider = width.max(tokens.len());
            if !batch.is_empty() && wider * (batch.len() + 1) > settings.batch_tokens {
                self.carried = Some((index, tokens));
                break;
            }
            width = wider;
            indices.push(index);
            batch.push(tokens);
        }
        Ok((indices, batch))
    }

    /// Keeps the vectors of a batch.
    pub(crate) fn keep(&mut self, indices: Vec<usize>, vectors: Vec<Vec<f32>>) {
        for (index, vector) in indices.into_iter().zip(vectors) {
            self.vectors[index] = vector;
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.todo.is_empty() && self.carried.is_none()
    }

    /// Answers the caller; one that has left is no matter.
    pub(crate) fn finish(self, failure: Option<EngineError>) {
        let _ = self.reply.send(failure.map_or(Ok(self.vectors), Err));
    }
}

/// Callers in two lines, questions and documents, each in turn.
#[derive(Default)]
pub(crate) struct Queue {
    questions: VecDeque<Job>,
    documents: VecDeque<Job>,
    questions_in_a_row: usize,
}

impl Queue {
    /// Puts a job at the end of its line.
    pub(crate) fn push(&mut self, job: Job) {
        if job.urgent { self.questions.push_back(job) } else { self.documents.push_back(job) }
    }

    /// The job whose turn it is; jobs whose callers have left are dropped on the way.
    pub(crate) fn pop(&mut self) -> Option<Job> {
        self.questions.retain(|job| !job.reply.is_closed());
        self.documents.retain(|job| !job.reply.is_closed());
        let documents_turn = self.questions_in_a_row >= QUESTIONS_IN_A_ROW && !self.documents.is_empty();
        if !documents_turn && let Some(job) = self.questions.pop_front() {
            self.questions_in_a_row += 1;
            return Some(job);
        }
        self.questions_in_a_row = 0;
        self.documents.pop_front()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.questions.is_empty() && self.documents.is_empty()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    type Answer = oneshot::Receiver<Result<Vec<Vec<f32>>, EngineError>>;

    fn job(texts: &[&str], purpose: Purpose) -> (Job, Answer) {
        let (reply, answer) = oneshot::channel();
        (Job::new(texts.iter().map(ToString::to_string).collect(), purpose, reply), answer)
    }

    fn document(name: &str) -> (Job, Answer) {
        job(&[name; 9], Purpose::Document)
    }

    fn one_token_a_byte(text: &str) -> Result<Tokens, EngineError> {
        Ok(vec![1; text.len()])
    }

    #[test]
    fn a_question_goes_before_a_document_that_came_first() {
        let (mut queue, (a, _a), (b, _b)) = (Queue::default(), document("a"), job(&["b"], Purpose::Query));
        queue.push(a);
        queue.push(b);
        assert_eq!(queue.pop().unwrap().texts[0], "b");
        assert_eq!(queue.pop().unwrap().texts[0], "a");
        assert!(queue.pop().is_none());
    }

    #[test]
    fn two_documents_take_turns() {
        let (mut queue, (a, _a), (b, _b)) = (Queue::default(), document("a"), document("b"));
        queue.push(a);
        queue.push(b);
        let mut seen = String::new();
        for _ in 0..4 {
            let job = queue.pop().unwrap();
            seen += &job.texts[0];
            queue.push(job);
        }
        assert_eq!(seen, "abab");
    }

    #[test]
    fn questions_without_end_do_not_stop_a_document() {
        let (mut queue, (a, _a)) = (Queue::default(), document("a"));
        queue.push(a);
        let answers: Vec<_> = (0..20)
            .map(|_| {
                let (question, answer) = job(&["q"], Purpose::Query);
                queue.push(question);
                answer
            })
            .collect();
        let order: String = (0..10).map(|_| queue.pop().unwrap().texts[0].clone()).collect();
        assert_eq!(order, "qqqqqqqqaq");
        drop(answers);
    }

    #[test]
    fn a_caller_that_left_is_not_served() {
        let (mut queue, (a, answer)) = (Queue::default(), document("a"));
        queue.push(a);
        drop(answer);
        assert!(queue.pop().is_none() && queue.is_empty());
    }

    #[test]
    fn a_batch_holds_texts_of_like_length_and_no_more_tokens_than_allowed() {
        let settings = MiniLmSettings { threads: 1, batch_size: 3, batch_tokens: 20, ..MiniLmSettings::default() };
        let long = "x".repeat(30);
        let (mut job, _answer) = job(&["aaaaaaa", "b", &long, "cc", "ddddddddd", "e"], Purpose::Document);
        let mut batches = Vec::new();
        while !job.is_done() {
            let (indices, batch) = job.next_batch(&settings, one_token_a_byte).unwrap();
            let width = batch.iter().map(Vec::len).max().unwrap();
            assert!(batch.len() == 1 || width * batch.len() <= 20, "{width} wide, {} rows", batch.len());
            batches.push(indices);
        }
        assert_eq!(batches, [vec![5, 1, 3], vec![0, 4], vec![2]]);
    }
}
