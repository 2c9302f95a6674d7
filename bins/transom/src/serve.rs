//! Starting the server.

use transom_config::Config;

/// Runs the server until it is told to stop.
pub async fn serve(_config: Config) -> Result<(), String> {
    Err("not composed yet".into())
}
