//! `transom user`: accounts from the shell, for the day nobody can sign in.

use std::io::BufRead;

use transom_app::accounts::PasswordRule;
use transom_auth::Passwords;
use transom_config::Config;
use transom_domain::{NewUser, Role, User as Account};
use transom_store::{Direction, Store, UserOrder, UserPatch, UserQuery};

use crate::cli::{RoleName, User, UserAction};
use crate::doctor::say;
use crate::{house, installation};

/// Does what is asked with accounts. A running server notices within half a minute.
pub async fn run(config: Config, user: User) -> Result<(), String> {
    installation::require_database(&config).await?;
    let store = installation::open(&config).await?;
    let rule = house::password_rule(&config)?;
    match user.action {
        UserAction::List => {
            let query = UserQuery { order: UserOrder::CreatedAt, direction: Direction::Ascending, ..UserQuery::default() };
            for account in store.list_users(&query).await.map_err(sentence)?.0 {
                say(&format!("{}\t{}\t{}", account.email, account.role, account.name));
            }
        }
        UserAction::Create { email, name, role } => {
            let email = transom_app::accounts::readable_email(&email).map_err(sentence)?;
            let name = name.unwrap_or_else(|| email.split('@').next().unwrap_or_default().to_owned());
            let password_hash = password_hash(rule.as_ref()).await?;
            let new = NewUser { email, name, password_hash, profile_image_url: String::new() };
            let account = store.create_user(new, Role::from(role)).await.map_err(sentence)?;
            say(&format!("made {} with role {}", account.email, account.role));
        }
        UserAction::Role { email, role } => {
            let patch = UserPatch { role: Some(Role::from(role)), ..UserPatch::default() };
            let account = change(&store, &email, patch).await?;
            say(&format!("{} has role {} now; its sessions have ended", account.email, account.role));
        }
        UserAction::Password { email } => {
            let patch = UserPatch { password_hash: Some(password_hash(rule.as_ref()).await?), ..UserPatch::default() };
            let account = change(&store, &email, patch).await?;
            say(&format!("{} has a new password; its sessions have ended", account.email));
        }
    }
    Ok(())
}

async fn change(store: &Store, email: &str, patch: UserPatch) -> Result<Account, String> {
    let missing = || format!("there is no account {email}");
    let known = store.credentials(email).await.map_err(sentence)?.ok_or_else(missing)?;
    store.update_user(&known.id, patch).await.map_err(sentence)?.ok_or_else(missing)
}

/// The hash of the first line of standard input.
async fn password_hash(rule: Option<&PasswordRule>) -> Result<String, String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(sentence)?;
    let password = line.trim_end_matches(['\n', '\r']).to_owned();
    transom_app::accounts::acceptable_password(&password, rule).map_err(sentence)?;
    Passwords::default().hash(password).await.map_err(sentence)
}

fn sentence(error: impl std::fmt::Display) -> String {
    error.to_string()
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Admin => Role::Admin,
            RoleName::User => Role::User,
            RoleName::Pending => Role::Pending,
        }
    }
}
