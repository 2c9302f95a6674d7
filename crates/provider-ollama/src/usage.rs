//! Tokens and timings, from Ollama's measurements to OpenAI's `usage`.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use transom_llm::Usage;

/// What the last line measures; durations in nanoseconds.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Measured {
    total_duration: Option<u64>,
    load_duration: Option<u64>,
    prompt_eval_count: Option<u64>,
    prompt_eval_duration: Option<u64>,
    eval_count: Option<u64>,
    eval_duration: Option<u64>,
}

impl Measured {
    /// OpenAI's counts with Ollama's measurements beside them. What was not measured, such as a prompt that was in the cache, is 0.
    pub(crate) fn usage(&self) -> Usage {
        let prompt_tokens = self.prompt_eval_count.unwrap_or(0);
        let completion_tokens = self.eval_count.unwrap_or(0);
        let total = self.total_duration.unwrap_or(0);
        let prompt_duration = self.prompt_eval_duration.unwrap_or(0);
        let duration = self.eval_duration.unwrap_or(0);
        let more = [
            ("input_tokens", prompt_tokens.into()),
            ("output_tokens", completion_tokens.into()),
            ("response_token/s", per_second(completion_tokens, duration)),
            ("prompt_token/s", per_second(prompt_tokens, prompt_duration)),
            ("total_duration", total.into()),
            ("load_duration", self.load_duration.unwrap_or(0).into()),
            ("prompt_eval_count", prompt_tokens.into()),
            ("prompt_eval_duration", prompt_duration.into()),
            ("eval_count", completion_tokens.into()),
            ("eval_duration", duration.into()),
            ("approximate_total", approximate(total / 1_000_000_000).into()),
            // Ollama does not count these.
            ("completion_tokens_details", json!({"reasoning_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0})),
        ];
        let more: Map<String, Value> = more.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Usage { prompt_tokens, completion_tokens, total_tokens: prompt_tokens.saturating_add(completion_tokens), more }
    }
}

/// To two places; `N/A` where no time was measured.
fn per_second(tokens: u64, nanoseconds: u64) -> Value {
    if nanoseconds == 0 {
        return "N/A".into();
    }
    let exact = tokens as f64 / (nanoseconds as f64 / 1e9);
    ((exact * 100.0).round() / 100.0).into()
}

fn approximate(seconds: u64) -> String {
    format!("{}h{}m{}s", seconds / 3600, seconds % 3600 / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usage_has_exactly_the_members_that_clients_know() {
        let measured: Measured = serde_json::from_value(json!({"total_duration": 5_000_000_000u64, "load_duration": 1_000_000_000,
            "prompt_eval_count": 26, "prompt_eval_duration": 500_000_000, "eval_count": 8, "eval_duration": 400_000_000}))
        .expect("measurements");
        assert_eq!(
            serde_json::to_value(measured.usage()).expect("JSON"),
            json!({"input_tokens": 26, "output_tokens": 8, "total_tokens": 34, "prompt_tokens": 26, "completion_tokens": 8,
                "response_token/s": 20.0, "prompt_token/s": 52.0, "total_duration": 5_000_000_000u64, "load_duration": 1_000_000_000,
                "prompt_eval_count": 26, "prompt_eval_duration": 500_000_000, "eval_count": 8, "eval_duration": 400_000_000,
                "approximate_total": "0h0m5s",
                "completion_tokens_details": {"reasoning_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}})
        );
    }

    #[test]
    fn what_was_not_measured_is_nothing() {
        let usage = Measured { eval_count: Some(3), ..Measured::default() }.usage();
        assert_eq!((usage.prompt_tokens, usage.completion_tokens, usage.total_tokens), (0, 3, 3));
        assert_eq!((&usage.more["response_token/s"], &usage.more["prompt_token/s"]), (&json!("N/A"), &json!("N/A")));
    }

    #[test]
    fn a_speed_has_two_places_and_a_long_time_its_hours() {
        assert_eq!(per_second(10, 3_000_000_000), json!(3.33));
        assert_eq!(approximate(2 * 3600 + 3 * 60 + 4), "2h3m4s");
    }
}
