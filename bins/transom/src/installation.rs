//! Whether a folder and a database are an installation of Transom: looked at before anything is made or changed in them.

use std::path::Path;

use secrecy::ExposeSecret;
use transom_app::files::{local_objects, private_folder};
use transom_auth::Secret;
use transom_config::Config;
use transom_store::{DatabaseState, Store, StoreConfig, StoreError};

use crate::lock;

/// Open WebUI's database, in its data folder.
const OPEN_WEBUI: &str = "webui.db";

/// The folder of uploaded bytes, which every server makes.
pub const UPLOADS: &str = "uploads";

/// The folder of vectors.
pub const VECTORS: &str = "vectors";

/// Refuses a data folder of Open WebUI and a database of another program. A folder that is new or empty is fine.
pub async fn refuse_others(config: &Config) -> Result<(), String> {
    let state = look(config).await?;
    let folder = &config.database.folder;
    if folder.join(OPEN_WEBUI).exists() && state != DatabaseState::Ours {
        return Err(format!(
            "DATA_DIR {} is Open WebUI's: it holds {OPEN_WEBUI}. Transom does not use such a folder in place, and has changed nothing in it; \
             give DATA_DIR a folder of Transom's own, and see the page “Moving from Open WebUI” of its book for how to bring things over",
            folder.display()
        ));
    }
    match state {
        DatabaseState::Foreign(tables) => Err(foreign(config, &tables.join(", "))),
        DatabaseState::Empty | DatabaseState::Ours => Ok(()),
    }
}

/// Refuses a database that is not an installation's.
pub async fn require_database(config: &Config) -> Result<(), String> {
    match look(config).await? {
        DatabaseState::Ours => Ok(()),
        DatabaseState::Foreign(tables) => Err(foreign(config, &tables.join(", "))),
        DatabaseState::Empty => Err(format!(
            "{} holds no installation of Transom, and none was made; correct DATA_DIR (or --data-dir) and DATABASE_URL, or make a new one \
             with `transom init`",
            database(config)
        )),
    }
}

/// Refuses a data folder that is not an installation's, and one whose files this process would leave unwritable for the server.
pub async fn require_folder(config: &Config) -> Result<(), String> {
    let folder = &config.database.folder;
    let metadata = std::fs::metadata(folder).map_err(|error| format!("DATA_DIR {} cannot be read: {error}", folder.display()))?;
    require_owner(folder, &metadata)?;
    require_database(config).await?;
    if config.database.url.is_some() && !folder.join(UPLOADS).is_dir() {
        return Err(format!(
            "DATA_DIR {} is not the data folder of that database: it has no folder {UPLOADS}; correct DATA_DIR (or --data-dir)",
            folder.display()
        ));
    }
    Ok(())
}

/// `transom init`: makes an installation where there is none. What it did, as a sentence.
pub async fn make(config: &Config) -> Result<String, String> {
    refuse_others(config).await?;
    let was = look(config).await?;
    let folder = &config.database.folder;
    let unusable = |error: std::io::Error| format!("DATA_DIR {} cannot be used: {error}", folder.display());
    make_private(folder)?;
    let _hold = lock::hold(folder)?;
    open(config).await?;
    local_objects(&folder.join(UPLOADS)).map_err(unusable)?;
    let secret = config.accounts.secret.as_ref().map(|secret| secret.expose_secret());
    Secret::load(secret, folder).map_err(|error| error.to_string())?;
    Ok(match was {
        DatabaseState::Ours => format!("there is an installation already, with its data in {}", folder.display()),
        _ => format!(
            "made an installation, with its data in {}; `transom user create EMAIL --role admin` makes its administrator",
            folder.display()
        ),
    })
}

/// Opens the installation's database, which is made where it is missing.
pub async fn open(config: &Config) -> Result<Store, String> {
    Store::open(&store_config(config)).await.map_err(|error| match error {
        StoreError::Foreign(tables) => foreign(config, &tables),
        other => format!("the database cannot be opened: {other}"),
    })
}

/// The data folder holds secrets and documents: it is made for the server's own account alone.
pub fn make_private(folder: &Path) -> Result<(), String> {
    use std::os::unix::fs::DirBuilderExt;

    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| format!("DATA_DIR {} cannot be made: {error}", folder.display()))
}

/// Closes folders to others that earlier versions left open.
pub fn close_to_others(folder: &Path) -> Result<(), String> {
    for name in [UPLOADS, VECTORS] {
        let folder = folder.join(name);
        if folder.is_dir() {
            private_folder(&folder).map_err(|error| format!("{} cannot be closed to others: {error}", folder.display()))?;
        }
    }
    Ok(())
}

async fn look(config: &Config) -> Result<DatabaseState, String> {
    Store::look(&store_config(config)).await.map_err(|error| format!("{} cannot be read: {error}", database(config)))
}

fn store_config(config: &Config) -> StoreConfig {
    StoreConfig { url: config.database.address().expose_secret().to_owned(), pool_size: config.database.pool_size }
}

fn require_owner(folder: &Path, metadata: &std::fs::Metadata) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt;

    let (owner, own) = (metadata.uid(), rustix::process::geteuid().as_raw());
    if owner == own {
        return Ok(());
    }
    Err(format!(
        "DATA_DIR {} belongs to the account with id {owner}, and this runs as id {own}: the server could not write what this leaves there; \
         run it as its owner, such as with `sudo -u '#{owner}'`",
        folder.display()
    ))
}

/// Where the database is, without what DATABASE_URL may hold.
fn database(config: &Config) -> String {
    match config.database.url {
        Some(_) => "the database of DATABASE_URL".to_owned(),
        None => format!("DATA_DIR {}", config.database.folder.display()),
    }
}

fn foreign(config: &Config, tables: &str) -> String {
    let what = match config.database.url {
        Some(_) => "the database of DATABASE_URL".to_owned(),
        None => format!("{}", config.database.folder.join("transom.db").display()),
    };
    format!("{what} holds tables of another program ({tables}), and nothing was changed in it; give Transom a database of its own")
}
