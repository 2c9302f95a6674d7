//! Plays a script for one client.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data};
use futures_util::stream;

use super::State;
use super::script::Then;

/// How long pieces have to leave before the connection breaks behind them.
const BEFORE_A_BREAK: std::time::Duration = std::time::Duration::from_millis(100);

/// Parts of a body, and what comes after them.
pub(super) struct Play {
    pub(super) status: u16,
    pub(super) content_type: String,
    pub(super) parts: Vec<Bytes>,
    pub(super) then: Then,
    pub(super) stepped: bool,
}

/// Counts a client that leaves before the end.
struct Presence {
    state: Arc<State>,
    over: bool,
}

impl Drop for Presence {
    fn drop(&mut self) {
        if !self.over {
            self.state.left.send_modify(|left| *left += 1);
        }
    }
}

impl Play {
    /// The answer. A body of one part that ends has a length, as whole answers have.
    pub(super) fn respond(self, state: Data<State>) -> HttpResponse {
        let mut response = HttpResponse::build(StatusCode::from_u16(self.status).unwrap());
        response.content_type(self.content_type);
        if self.then == Then::Ends && self.parts.len() <= 1 && !self.stepped {
            return response.body(self.parts.concat());
        }
        let (then, stepped) = (self.then, self.stepped);
        let parts = self.parts.into_iter();
        let presence = Presence { state: state.into_inner(), over: false };
        response.streaming(Box::pin(stream::unfold((parts, presence), move |(mut parts, mut presence)| async move {
            let Some(part) = parts.next() else {
                match then {
                    Then::Hangs => std::future::pending::<()>().await,
                    // The server drops what it has not sent when a body fails: the pieces before the break get time to leave.
                    Then::Breaks => tokio::time::sleep(BEFORE_A_BREAK).await,
                    _ => {}
                }
                presence.over = true;
                return match then {
                    Then::Breaks => Some((Err(std::io::Error::other("the script breaks here")), (parts, presence))),
                    _ => None,
                };
            };
            if stepped {
                presence.state.steps.acquire().await.unwrap().forget();
            } else {
                // Pieces that are ready at once would reach the client as one.
                tokio::task::yield_now().await;
            }
            Some((Ok(part), (parts, presence)))
        })))
    }
}

/// Waits until the client leaves.
pub(super) async fn hang(state: Data<State>) -> HttpResponse {
    let _presence = Presence { state: state.into_inner(), over: false };
    std::future::pending().await
}
