//! Listening with limits. `actix_web::HttpServer` takes no stream of ours, so its few lines that join the pieces are here.

use std::fmt::Debug;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, ToSocketAddrs};
use std::rc::Rc;
use std::sync::Arc;

use actix_http::body::MessageBody;
use actix_http::error::DispatchError;
use actix_http::{HttpService, KeepAlive, Protocol, Request, Response};
use actix_server::{Server, ServerBuilder};
use actix_service::{IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::Error;
use actix_web::dev::AppConfig;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::ConnectionLimits;
use super::admission::Admission;
use super::stream::GuardedStream;

/// Connections that the system may keep for us until they are accepted.
const BACKLOG: u32 = 1024;

/// What a client above the limits gets, where its socket takes it at once.
const REFUSAL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nretry-after: 5\r\nconnection: close\r\n\r\n";

/// Listens at an address for the application that `factory` makes, within the limits; what is listened at too.
///
/// The application must be wrapped in [`super::deadlines`]: without it, a connection is closed as idle while its request is answered.
/// A client that closes its side has left, and what runs for it ends.
///
/// It must be called inside a tokio runtime.
pub fn bind<F, I, S, B>(factory: F, address: (&str, u16), limits: &ConnectionLimits) -> io::Result<(ServerBuilder, Vec<SocketAddr>)>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Future: 'static,
    S::Service: 'static,
    S::Error: Into<Error> + 'static,
    S::InitError: Debug,
    S::Response: Into<Response<B>> + 'static,
    <S::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    let admission = Admission::new(limits);
    // Ours must be the limit that is reached: actix's own makes clients wait in place of refusing them.
    let mut builder = Server::build().backlog(BACKLOG).max_concurrent_connections(limits.all.unwrap_or(usize::MAX - 1) + 1);
    let mut addresses = Vec::new();
    for listener in listeners(address)? {
        let at = listener.local_addr()?;
        addresses.push(at);
        let signal = builder.graceful_shutdown_signal();
        let (factory, admission, limits) = (factory.clone(), admission.clone(), Arc::new(limits.clone()));
        builder = builder.listen(format!("http-{at}"), listener.into_std()?, move || {
            let application = factory().into_factory().map_err(|error| error.into().error_response());
            let (signal, admission, limits) = (signal.clone(), admission.clone(), Rc::new((*limits).clone()));
            let http = HttpService::build()
                .graceful_shutdown_signal(move || {
                    let signal = signal.clone();
                    async move { signal.notified().await }
                })
                .keep_alive(if limits.keep_alive.is_zero() { KeepAlive::Disabled } else { KeepAlive::Timeout(limits.keep_alive) })
                .client_request_timeout(limits.head)
                .client_disconnect_timeout(std::time::Duration::from_secs(1))
                .h1_allow_half_closed(false)
                .local_addr(at)
                .on_connect_ext(|stream: &GuardedStream, data| drop(data.insert(stream.activity())))
                .finish(map_config(application, |()| AppConfig::default()));
            let guard = move |stream: TcpStream| std::future::ready(admit(stream, &admission, &limits));
            fn_service(guard).and_then(http)
        })?;
    }
    Ok((builder, addresses))
}

type Accepted = (GuardedStream, Protocol, Option<SocketAddr>);

fn admit(stream: TcpStream, admission: &Admission, limits: &Rc<ConnectionLimits>) -> Result<Accepted, DispatchError> {
    let peer = stream.peer_addr().ok();
    let Some(permit) = admission.admit(peer.map(|peer| peer.ip())) else {
        // Whether the client gets to read this is its own affair.
        let _ = stream.try_write(REFUSAL);
        return Err(io::Error::new(ErrorKind::ConnectionRefused, "there are too many connections").into());
    };
    stream.set_nodelay(true)?;
    Ok((GuardedStream::new(stream, limits.clone(), permit), Protocol::Http1, peer))
}

/// A listener at each address that a name has; an error where none can be listened at.
fn listeners(address: (&str, u16)) -> io::Result<Vec<TcpListener>> {
    let (mut listeners, mut failed) = (Vec::new(), None);
    for at in address.to_socket_addrs()? {
        match listener(at) {
            Ok(listener) => listeners.push(listener),
            Err(error) => failed = Some(error),
        }
    }
    match (listeners.is_empty(), failed) {
        (true, Some(error)) => Err(error),
        (true, None) => Err(io::Error::new(ErrorKind::AddrNotAvailable, "the name has no address")),
        (false, _) => Ok(listeners),
    }
}

fn listener(at: SocketAddr) -> io::Result<TcpListener> {
    let socket = if at.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(at)?;
    socket.listen(BACKLOG)
}
