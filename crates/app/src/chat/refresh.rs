//! The list of a connection is new by the time that an answer which changed it has been read.

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use transom_llm::{ByteStream, LlmError};

use crate::models::{Kind, Models};

/// The same bytes; the connection's models are asked for anew before the last of them. Each part waits for the next: the last one says
/// that all is done, and whoever reads it may use the new model at once.
pub(super) fn before_its_end(body: ByteStream, models: Models, kind: Kind, index: usize) -> ByteStream {
    let refresh = Refresh { models, kind, index, due: true };
    let state = Some((body, None::<Bytes>, refresh));
    Box::pin(stream::unfold(state, |state| async move {
        let (mut body, mut held, mut refresh) = state?;
        loop {
            match body.next().await {
                Some(Ok(part)) => {
                    if let Some(before) = held.replace(part) {
                        return Some((Ok(before), Some((body, held, refresh))));
                    }
                }
                Some(Err(error)) => {
                    // What came before the break goes first.
                    let Some(before) = held else { return Some((Err(error), None)) };
                    let broken: ByteStream = Box::pin(stream::iter([Err::<Bytes, LlmError>(error)]));
                    return Some((Ok(before), Some((broken, None, refresh))));
                }
                None => {
                    refresh.now().await;
                    return held.map(|last| (Ok(last), None));
                }
            }
        }
    }))
}

/// Asks for the models anew: when it is told to, or when the client left before.
struct Refresh {
    models: Models,
    kind: Kind,
    index: usize,
    due: bool,
}

impl Refresh {
    async fn now(&mut self) {
        self.due = false;
        ask(self.models.clone(), self.kind, self.index).await;
    }
}

impl Drop for Refresh {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if self.due {
            runtime.spawn(ask(self.models.clone(), self.kind, self.index));
        }
    }
}

async fn ask(models: Models, kind: Kind, index: usize) {
    if let Err(error) = models.refresh_one(kind, index).await {
        tracing::warn!(%error, "the model catalogue could not be refreshed");
    }
}
