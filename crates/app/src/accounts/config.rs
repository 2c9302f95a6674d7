//! Boot settings of accounts.

use transom_auth::{Lifetime, Passwords};
use transom_domain::{Permissions, Role};

/// Boot settings of accounts. What an administrator may change while the server runs starts with these values.
#[derive(Clone, Debug)]
pub struct AccountsConfig {
    /// `ENABLE_SIGNUP`: whether people may sign up once there is an account. The first one always may.
    pub enable_signup: bool,
    /// `DEFAULT_USER_ROLE`: what accounts that signed themselves up are, after the first.
    pub default_user_role: Role,
    /// `JWT_EXPIRES_IN`: how long a session lives.
    pub session_lifetime: Lifetime,
    /// `WEBUI_SESSION_COOKIE_SECURE`: whether the session cookie travels over https alone.
    pub cookie_secure: bool,
    /// `WEBUI_SESSION_COOKIE_SAME_SITE`.
    pub cookie_same_site: SameSite,
    /// API keys.
    pub api_keys: ApiKeysConfig,
    /// `USER_PERMISSIONS_…`: what accounts may do by default.
    pub permissions: Permissions,
    /// `PASSWORD_VALIDATION_REGEX_PATTERN`: what new passwords must match; `None` for nothing beyond the rules of every server.
    pub password_rule: Option<super::PasswordRule>,
    /// `SHOW_ADMIN_DETAILS`: whether accounts are told whom to ask.
    pub show_admin_details: bool,
    /// Foreign origins whose pages may use a session cookie (`CORS_ALLOW_ORIGIN` without `*`).
    pub trusted_origins: Vec<String>,
    /// For how many seconds a principal is remembered.
    pub remember_seconds: u64,
    /// The queue in which passwords are hashed.
    pub passwords: Passwords,
    /// How fast one address may sign in.
    pub sign_ins: SignInLimits,
}

/// How fast one address may sign in or up. Behind a proxy all clients have one address, so this is generous: it keeps a flood from
/// using up the queue for hashes, and leaves guessing to the limits on wrong passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignInLimits {
    /// So many at once.
    pub burst: u32,
    /// So many a second after that.
    pub per_second: u32,
}

impl Default for SignInLimits {
    fn default() -> Self {
        Self { burst: 300, per_second: 10 }
    }
}

/// `SameSite` of the session cookie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SameSite {
    /// Sent along when a link is followed.
    #[default]
    Lax,
    /// Never sent from other sites.
    Strict,
    /// Always sent.
    None,
}

/// Boot settings of API keys.
#[derive(Clone, Debug)]
pub struct ApiKeysConfig {
    /// `ENABLE_API_KEYS`. On by default, unlike Open WebUI: the first thing its guide says is to get one.
    pub enabled: bool,
    /// `CUSTOM_API_KEY_HEADER`.
    pub header: String,
    /// The path prefixes that keys open; `None` for all that their account may.
    pub only: Option<Vec<String>>,
}

impl Default for AccountsConfig {
    fn default() -> Self {
        Self {
            enable_signup: false,
            default_user_role: Role::Pending,
            session_lifetime: Lifetime::DEFAULT,
            cookie_secure: false,
            cookie_same_site: SameSite::Lax,
            api_keys: ApiKeysConfig::default(),
            permissions: super::default_permissions(),
            password_rule: None,
            show_admin_details: true,
            trusted_origins: Vec::new(),
            remember_seconds: 30,
            passwords: Passwords::default(),
            sign_ins: SignInLimits::default(),
        }
    }
}

impl Default for ApiKeysConfig {
    fn default() -> Self {
        Self { enabled: true, header: "x-api-key".to_owned(), only: None }
    }
}
