//! Variables of Open WebUI that have no effect here and must not be ignored: who sets them relies on what they do.

use crate::notice::is_honoured;
use crate::reader::Reader;

/// A variable that stops the start.
pub(crate) struct Refused {
    /// Its name.
    pub name: &'static str,
    /// Values that ask for nothing, in lower case.
    harmless: &'static [&'static str],
    /// Settings any of which makes it harmless: name and value, in lower case; `*` is any value.
    unless: &'static [(&'static str, &'static str)],
    /// What Transom does in place of it, and what to do: the end of a sentence.
    instead: &'static str,
}

const fn refused(
    name: &'static str,
    harmless: &'static [&'static str],
    unless: &'static [(&'static str, &'static str)],
    instead: &'static str,
) -> Refused {
    Refused { name, harmless, unless, instead }
}

const ON: &[&str] = &["true", "1"];
const OFF: &[&str] = &["false", "0"];
const NO_PLUGINS: &[(&str, &str)] = &[("ENABLE_PLUGINS", "false"), ("ENABLE_PLUGINS", "0")];
const NO_HEADERS: &str = "Transom believes no header that names a caller; unset it, and give people accounts or API keys";
const NO_OAUTH: &str = "Transom has no OAuth, and whoever may sign up does so with a password; unset it, and keep ENABLE_SIGNUP off";
const NO_AUDIT: &str = "Transom writes no audit log; unset it, or let the proxy in front keep one";
const WHOLE_URL: &str =
    "Transom reads the address of its database from DATABASE_URL alone; set that, as postgresql://USER:PASSWORD@HOST/NAME";
const ADMINS: &str = "administrators may see everything in Transom; unset it once you agree to that";

/// Those whose loss would open something, or keep things elsewhere than was asked for.
#[rustfmt::skip]
pub(crate) static REFUSED: &[Refused] = &[
    refused("WEBUI_AUTH_TRUSTED_EMAIL_HEADER", &[], &[], NO_HEADERS),
    refused("WEBUI_AUTH_TRUSTED_GROUPS_HEADER", &[], &[], NO_HEADERS),
    refused("WEBUI_AUTH_TRUSTED_ROLE_HEADER", &[], &[], NO_HEADERS),
    refused("ENABLE_LOGIN_FORM", ON, &[], "people sign in to Transom with a password; unset it once you agree to that"),
    refused("ENABLE_PASSWORD_AUTH", ON, &[], "people sign in to Transom with a password; unset it once you agree to that"),
    refused("ENABLE_MFA", OFF, &[], "Transom asks for no second factor; unset it once you agree to that"),
    refused("OAUTH_ALLOWED_DOMAINS", &["*"], &[], NO_OAUTH),
    refused("OAUTH_ALLOWED_ROLES", &["user,admin", "admin,user"], &[], NO_OAUTH),
    refused("OAUTH_BLOCKED_GROUPS", &["[]"], &[], NO_OAUTH),
    refused("BYPASS_ADMIN_ACCESS_CONTROL", ON, &[], ADMINS),
    refused("ENABLE_ADMIN_WORKSPACE_CONTENT_ACCESS", ON, &[], ADMINS),
    refused("ENABLE_FUNCTIONS", ON, NO_PLUGINS, "functions run unless ENABLE_PLUGINS is false; set that in place of it"),
    refused("SAFE_MODE", OFF, NO_PLUGINS, "functions run unless ENABLE_PLUGINS is false; set that in place of it"),
    refused("PIP_PACKAGE_INDEX_OPTIONS", &[], NO_PLUGINS, "packages of functions come from where pip is told by its own PIP_INDEX_URL and PIP_EXTRA_INDEX_URL; set those in place of it"),
    refused("WEB_FETCH_FILTER_LIST", &[], &[], "Transom fetches every public address that a user names; unset it, and let a proxy or firewall keep back the rest"),
    refused("AUDIT_LOG_LEVEL", &["none"], &[], NO_AUDIT),
    refused("API_KEY_ALLOWED_ENDPOINTS", &[], &[("API_KEYS_ALLOWED_ENDPOINTS", "*")], "its name is API_KEYS_ALLOWED_ENDPOINTS now; set that in place of it"),
    refused("ENABLE_API_KEY_ENDPOINT_RESTRICTIONS", OFF, &[("ENABLE_API_KEYS_ENDPOINT_RESTRICTIONS", "*")], "its name is ENABLE_API_KEYS_ENDPOINT_RESTRICTIONS now; set that in place of it"),
    refused("WEBUI_AUTH_COOKIE_SECURE", OFF, &[("WEBUI_SESSION_COOKIE_SECURE", "true"), ("WEBUI_SESSION_COOKIE_SECURE", "1")], "Transom has one cookie, and WEBUI_SESSION_COOKIE_SECURE is its setting; set that in place of it"),
    refused("WEBUI_AUTH_COOKIE_SAME_SITE", &["lax", "none"], &[("WEBUI_SESSION_COOKIE_SAME_SITE", "strict")], "Transom has one cookie, and WEBUI_SESSION_COOKIE_SAME_SITE is its setting; set that in place of it"),
    refused("HSTS", &[], &[], "Transom speaks no TLS; unset it, and let the proxy that does set Strict-Transport-Security"),
    refused("ENABLE_PERSISTENT_CONFIG", ON, &[], "settings that an administrator changed go before their variables; unset it, and see `transom settings list` and `transom settings reset`"),
    refused("RESET_CONFIG_ON_START", OFF, &[], "changed settings are kept over a start; unset it, and run `transom settings reset` where they should not be"),
    refused("DATABASE_TYPE", &[], &[("DATABASE_URL", "*")], WHOLE_URL),
    refused("DATABASE_SCHEMA", &["public"], &[], "Transom uses the first schema of its role's search_path; unset it, and set that with ALTER ROLE … SET search_path"),
    refused("STORAGE_PROVIDER", &["local"], &[], "Transom keeps uploads in DATA_DIR alone; unset it once you agree to that"),
    refused("ENABLE_KNOWLEDGE_FILE_RETENTION", OFF, &[], "a file that is removed from its last collection is deleted unless the call says delete_file=false; unset it once your clients say so"),
];

/// Adds a problem for each that is set to more than nothing.
pub(crate) fn refuse(reader: &mut Reader) {
    for refused in REFUSED.iter().filter(|refused| !is_honoured(refused.name)) {
        let Some(value) = reader.text_of(refused.name).map(str::to_ascii_lowercase) else { continue };
        let matches =
            |(name, wanted): &(&str, &str)| reader.text_of(name).is_some_and(|set| *wanted == "*" || set.eq_ignore_ascii_case(wanted));
        let value: String = value.split_whitespace().collect();
        if refused.harmless.contains(&value.as_str()) || refused.unless.iter().any(matches) {
            continue;
        }
        let sentence = format!("{} has no effect here, and must not be set in vain: {}.", refused.name, refused.instead);
        reader.problem(refused.name, sentence);
    }
}
