//! The middleware around every request: it tells the socket that it is in use, and the body how fast to come.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use actix_web::{Error, HttpMessage, HttpRequest, ResponseError};

use super::ConnectionLimits;
use super::pace::{Pace, PacedBody};
use super::stream::{Activity, Busy};
use crate::ApiError;

/// Ends the wait for a body that comes too slowly, with a 408 and the connection's end. The limits are those in the application's
/// data, as `Data<ConnectionLimits>`, or else the usual ones.
pub async fn deadlines(mut request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<BoxBody>, Error> {
    let busy = request.conn_data::<Activity>().map(Activity::begin);
    let pace = match request.take_payload() {
        Payload::None => None,
        body => {
            let limits = request.app_data::<Data<ConnectionLimits>>().map(|limits| (***limits).clone()).unwrap_or_default();
            let pace = Pace::default();
            let body = PacedBody::new(body, pace.clone(), limits);
            request.set_payload(Payload::Stream { payload: Box::pin(body) });
            request.extensions_mut().insert(pace.clone());
            Some(pace)
        }
    };
    let called = next.call(request).await;
    if pace.is_some_and(|pace| pace.is_too_slow()) {
        return called.map(too_slow);
    }
    Ok(called?.map_body(|_, body| match body.try_into_bytes() {
        Ok(bytes) => BoxBody::new(bytes),
        Err(body) => BoxBody::new(InUse { body: body.boxed(), _busy: busy }),
    }))
}

/// For bodies that are not buffered, but passed on or written to a file: they may take as long as they go on.
pub(crate) fn unhurried(request: &HttpRequest) {
    if let Some(pace) = request.extensions().get::<Pace>() {
        pace.unhurried();
    }
}

fn too_slow<B>(answer: ServiceResponse<B>) -> ServiceResponse<BoxBody> {
    let refusal = ApiError::new(StatusCode::REQUEST_TIMEOUT, "the request's body came too slowly");
    let mut refusal = answer.into_response(refusal.error_response());
    refusal.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    refusal
}

/// A body whose connection is in use until it ends.
struct InUse {
    body: BoxBody,
    _busy: Option<Busy>,
}

impl MessageBody for InUse {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_next(cx)
    }
}
