//! Listening, answering, and stopping in good order.

use std::sync::Arc;
use std::time::Duration;

use actix_web::App as Routes;
use actix_web::middleware::from_fn;
use actix_web::web::Data;
use secrecy::ExposeSecret;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::MissedTickBehavior;
use transom_api::ConnectionLimits;
use transom_app::App;
use transom_app::accounts::NewAccount;
use transom_app::background::restarted;
use transom_app::jobs::{Repair, Workers};
use transom_app::models::Models;
use transom_config::{Config, Connections, Environment};
use transom_vector::VectorStore;

use crate::house::{self, House};
use crate::{Extensions, hello, settings};

/// What is stored is checked no less often than this, until that succeeds.
const LONGEST_WAIT: Duration = Duration::from_secs(5 * 60);

/// How often the vector store is tidied up.
const TIDY_EVERY: Duration = Duration::from_secs(10 * 60);

/// Open files and sockets that are asked for. Some systems would give a billion, and there are programs that look at each.
const MOST_DESCRIPTORS: u64 = 1 << 16;

/// Runs the server until it is told to stop; then lets answers that are under way end, and puts files that are half processed back in line.
pub async fn serve(config: Config) -> Result<(), String> {
    serve_with(config, Extensions::new()).await
}

/// The same with functions and providers of the program's own, beside those that the server brings along.
pub async fn serve_with(config: Config, extensions: Extensions) -> Result<(), String> {
    crate::write_for_owner_alone();
    take_all_descriptors();
    ignore_hangups()?;
    let house = House::with_extensions(&config, extensions).await?;
    let repair = house.repair();
    hello::start(&config, &house.app);
    settings::say_what_variables_do_not_decide(&house.pipeline.store, &config).await?;
    make_first_admin(&config, &house.app).await?;
    // Before the first upload can begin, so that one that is under way is not counted.
    repair.count_orphans().await.map_err(|error| format!("the uploaded bytes cannot be listed: {error}"))?;
    let House { app, pipeline, workers, vectors, hold: _hold, .. } = house;
    let workers = Workers::start(pipeline, workers).await.map_err(|error| format!("no file can be processed: {error}"))?;
    let at_start = repair.clone();
    let mended = tokio::spawn(restarted("mending", move || mend(at_start.clone())));
    let upkeep = tokio::spawn(restarted("upkeep of vectors", move || keep_vectors(vectors.clone(), repair.clone())));
    let models = app.models.clone();
    let listed = tokio::spawn(restarted("first list of models", move || list_models(models.clone())));

    let is_new = app.accounts.is_new().await.map_err(|error| format!("accounts cannot be read: {error}"))?;
    let app: Data<transom_app::App> = Data::from(Arc::new(app));
    let server = &config.server;
    let functions = app.clone();
    let (origins, max_body, console) = (house::origins(&config), server.max_body, server.console);
    let is_dev = server.environment == Environment::Dev;
    let limits = connection_limits(&server.connections);
    let shared_limits = Data::new(limits.clone());
    let routes = move || {
        Routes::new()
            .app_data(shared_limits.clone())
            .wrap(transom_api::cors(&origins))
            .wrap(from_fn(transom_api::deadlines))
            .wrap(from_fn(transom_api::answer))
            .wrap(transom_api::request_log())
            .configure(transom_api::limits(max_body))
            .configure(transom_api::configure(app.clone()))
            .configure(|routes| {
                if console {
                    transom_console::configure(routes)
                }
                if is_dev {
                    transom_api::documentation(routes)
                }
            })
    };
    let (mut listener, addresses) = transom_api::bind(routes, (server.host.as_str(), server.port), &limits)
        .map_err(|error| format!("HOST {} and PORT {} cannot be listened on: {error}", server.host, server.port))?;
    listener = listener.shutdown_timeout(server.shutdown.as_secs());
    if let Some(threads) = server.workers {
        listener = listener.workers(threads.get());
    }
    for address in &addresses {
        tracing::info!("listening on http://{address}");
    }
    if is_new {
        hello::first_account(&config, &addresses);
    }
    let ended = listener.run().await.map_err(|error| format!("the server stopped: {error}"));
    mended.abort();
    upkeep.abort();
    listed.abort();
    functions.functions.stop();
    workers.stop().await;
    tracing::info!("stopped");
    ended
}

/// Makes the administrator that the settings name, where there is no account yet.
async fn make_first_admin(config: &Config, app: &App) -> Result<(), String> {
    let Some(admin) = &config.accounts.first_admin else { return Ok(()) };
    if !app.accounts.is_new().await.map_err(|error| format!("accounts cannot be read: {error}"))? {
        return Ok(());
    }
    let account = NewAccount {
        name: admin.name.clone(),
        email: admin.email.clone(),
        password: admin.password.expose_secret().to_owned(),
        profile_image_url: String::new(),
    };
    let made = app.accounts.sign_up(account, None).await;
    made.map_err(|error| format!("the account of WEBUI_ADMIN_EMAIL and WEBUI_ADMIN_PASSWORD cannot be made: {error}"))?;
    tracing::info!("the administrator of WEBUI_ADMIN_EMAIL was made");
    Ok(())
}

/// A closed terminal, or a service manager that wants settings read again, does not end the server.
fn ignore_hangups() -> Result<(), String> {
    let mut hangups = signal(SignalKind::hangup()).map_err(|error| format!("SIGHUP cannot be caught: {error}"))?;
    tokio::spawn(async move {
        while hangups.recv().await.is_some() {
            tracing::info!("SIGHUP changes nothing: settings are read at start");
        }
    });
    Ok(())
}

/// Makes vectors again that an earlier run lost; again where that fails, because the embedding model may not answer yet.
async fn mend(repair: Repair) {
    let mut wait = Duration::from_secs(5);
    while let Err(error) = repair.mend_vectors().await {
        tracing::error!(%error, "what is stored could not be checked; it will be tried again");
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// Asks the upstreams what they offer, so that the first request need not.
async fn list_models(models: Models) {
    if let Err(error) = models.refresh().await {
        tracing::warn!(%error, "the model catalogue could not be read");
    }
}

/// Tidies the vectors now and then, and makes them again where they turn out to be damaged.
async fn keep_vectors(vectors: Arc<dyn VectorStore>, repair: Repair) {
    let mut ticks = tokio::time::interval(TIDY_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await; // The first is at once: nothing is to be done at start.
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                if let Err(error) = vectors.optimize().await {
                    tracing::error!(%error, "the vector store could not be tidied up");
                }
            }
            () = vectors.damage() => mend(repair.clone()).await,
        }
    }
}

/// The limits that are set. Answers need descriptors too, for upstreams and files, so connections never take more than half of them.
fn connection_limits(set: &Connections) -> ConnectionLimits {
    let Connections { all, per_address, head, keep_alive, body, stall, rate } = set.clone();
    let all = descriptors().map_or(all, |most| Some(all.map_or(most / 2, |all| all.min(most / 2))));
    ConnectionLimits { all, per_address, head, keep_alive, body, stall, rate }
}

/// How many descriptors this process may have; nothing where there is no limit.
fn descriptors() -> Option<usize> {
    #[cfg(unix)]
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.and_then(|limit| usize::try_from(limit).ok());
    #[cfg(not(unix))]
    let limit = None;
    limit
}

/// A stream takes two descriptors, and shells give a program 1,024 where the system would give it more. The hard limit, which somebody
/// may have set on purpose, stays.
fn take_all_descriptors() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        let wanted = Some(maximum.unwrap_or(MOST_DESCRIPTORS).min(MOST_DESCRIPTORS));
        if current >= wanted || current.is_none() {
            return;
        }
        if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: wanted, maximum }) {
            tracing::warn!(%error, "the number of open files keeps its soft limit");
        }
    }
}
