//! Variables that have no effect: they are said, or they stop the start where somebody may rely on them.
#![allow(clippy::unwrap_used)]

use transom_config::*;

fn read(pairs: &[(&str, &str)]) -> Result<Config, Problems> {
    Config::from_vars(pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())))
}

/// The one sentence that stops the start.
fn refusal(pairs: &[(&str, &str)]) -> String {
    let mut problems = read(pairs).unwrap_err().0;
    assert_eq!(problems.len(), 1, "{problems:?}");
    let problem = problems.remove(0);
    assert!(problem.sentence.starts_with(&problem.variable) && problem.sentence.ends_with('.'), "{problem:?}");
    problem.sentence
}

#[test]
fn variables_of_the_reference_that_mean_nothing_here_are_said_in_one_notice() {
    let config = read(&[("WHISPER_MODEL", "base"), ("ENABLE_WEB_SEARCH", "true"), ("PORT", "8080"), ("HOME", "/root")]).unwrap();
    assert_eq!(config.notices, [Notice::Unused(vec!["ENABLE_WEB_SEARCH".into(), "WHISPER_MODEL".into()])]);
}

#[test]
fn every_variable_of_the_reference_is_honoured_said_or_refused() {
    for name in reference_variables() {
        let honoured = VARIABLES.iter().any(|variable| variable.name == name) || name.starts_with(USER_PERMISSIONS);
        // A value that asks for something and that no variable's kind takes for granted.
        let told = match read(&[(name, "set")]) {
            Ok(config) => honoured || config.notices == [Notice::Unused(vec![name.to_owned()])],
            Err(problems) => problems.0.iter().any(|problem| problem.variable.contains(name) || honoured),
        };
        assert!(told, "{name} is ignored in silence");
    }
}

#[test]
fn no_variable_is_both_honoured_and_said_to_have_no_effect() {
    let everything = VARIABLES.iter().map(|variable| (variable.name.to_owned(), variable.default.to_owned()));
    assert_eq!(Config::from_vars(everything).unwrap().notices, []);
}

#[test]
fn unknown_variables_of_ours_and_near_misses_are_said_with_the_name_that_may_be_meant() {
    let config = read(&[("TRANSOM_JOB", "3"), ("OPENAI_BASE_URL", "http://one"), ("PATH", "/bin"), ("HOSTNAME", "a")]).unwrap();
    let unknown = |name: &str, nearest| Notice::Unknown { name: name.into(), nearest };
    assert_eq!(config.notices, [unknown("OPENAI_BASE_URL", "OPENAI_API_BASE_URL"), unknown("TRANSOM_JOB", "TRANSOM_JOBS")]);
}

#[test]
fn what_kubernetes_sets_for_a_service_called_transom_is_nothing_to_say() {
    let links = [
        ("TRANSOM_SERVICE_HOST", "10.0.0.7"),
        ("TRANSOM_SERVICE_PORT_HTTP", "3000"),
        ("TRANSOM_PORT", "tcp://10.0.0.7:3000"),
        ("TRANSOM_PORT_3000_TCP_ADDR", "10.0.0.7"),
    ];
    assert_eq!(read(&links).unwrap().notices, []);
}

#[test]
fn a_misspelt_setting_of_access_stops_the_start() {
    for (name, meant) in [
        ("ENABLE_SINGUP", "ENABLE_SIGNUP"),
        ("ENABLE_API_KEYS_ENDPOINT_RESTRICTION", "ENABLE_API_KEYS_ENDPOINT_RESTRICTIONS"),
        ("WEBUI_SESION_COOKIE_SECURE", "WEBUI_SESSION_COOKIE_SECURE"),
        ("USER_PERMISSION_CHAT_DELETE", "USER_PERMISSIONS_"),
    ] {
        let sentence = refusal(&[(name, "false")]);
        assert!(sentence.starts_with(name) && sentence.contains(meant), "{sentence}");
    }
    let other = read(&[("DEFAULT_ROLE", "arn:aws:iam::1:role/x")]).unwrap();
    assert!(matches!(other.notices[..], [Notice::Unknown { .. }]), "another program may have that one");
}

#[test]
fn a_variable_that_restricts_access_elsewhere_stops_the_start_with_a_way_out() {
    for (name, value) in [
        ("WEBUI_AUTH", "False"),
        ("WEBUI_AUTH_TRUSTED_EMAIL_HEADER", "X-User"),
        ("WEBUI_AUTH_TRUSTED_ROLE_HEADER", "X-Role"),
        ("ENABLE_LOGIN_FORM", "false"),
        ("ENABLE_PASSWORD_AUTH", "False"),
        ("ENABLE_MFA", "true"),
        ("OAUTH_ALLOWED_DOMAINS", "example.com"),
        ("BYPASS_ADMIN_ACCESS_CONTROL", "false"),
        ("SAFE_MODE", "true"),
        ("WEB_FETCH_FILTER_LIST", "!intranet.example.com"),
        ("AUDIT_LOG_LEVEL", "METADATA"),
        ("ENABLE_API_KEY_ENDPOINT_RESTRICTIONS", "true"),
        ("WEBUI_AUTH_COOKIE_SECURE", "true"),
        ("STORAGE_PROVIDER", "s3"),
        ("DATABASE_TYPE", "postgresql"),
        ("ENABLE_PERSISTENT_CONFIG", "false"),
    ] {
        let sentence = refusal(&[(name, value)]);
        assert!(sentence.starts_with(name), "{sentence}");
    }
}

#[test]
fn the_same_variables_stop_nothing_where_they_ask_for_nothing_or_another_setting_does_it() {
    read(&[
        ("WEBUI_AUTH", "True"),
        ("ENABLE_LOGIN_FORM", "True"),
        ("ENABLE_MFA", "False"),
        ("OAUTH_ALLOWED_DOMAINS", "*"),
        ("AUDIT_LOG_LEVEL", "NONE"),
        ("STORAGE_PROVIDER", "local"),
        ("OPENAI_API_CONFIGS", "{}"),
        ("SAFE_MODE", "true"),
        ("ENABLE_PLUGINS", "false"),
        ("WEBUI_AUTH_COOKIE_SECURE", "true"),
        ("WEBUI_SESSION_COOKIE_SECURE", "true"),
        ("DATABASE_TYPE", "postgresql"),
        ("DATABASE_URL", "postgresql://localhost/transom"),
    ])
    .unwrap();
}

#[test]
fn the_rule_for_passwords_is_read_and_a_pattern_that_is_none_stops_the_start() {
    assert!(read(&[]).unwrap().accounts.password_rule.is_none());
    let rule = read(&[("ENABLE_PASSWORD_VALIDATION", "True")]).unwrap().accounts.password_rule.unwrap();
    assert!(rule.pattern.contains("{8,}") && rule.hint.is_none());
    assert!(refusal(&[("PASSWORD_VALIDATION_REGEX_PATTERN", "[a-z")]).starts_with("PASSWORD_VALIDATION_REGEX_PATTERN"));
}

#[test]
fn a_first_administrator_needs_an_address_and_a_password() {
    let admin =
        read(&[("WEBUI_ADMIN_EMAIL", "ann@example.com"), ("WEBUI_ADMIN_PASSWORD", "hidden")]).unwrap().accounts.first_admin.unwrap();
    assert_eq!((admin.email.as_str(), admin.name.as_str()), ("ann@example.com", "Admin"));
    assert!(!format!("{admin:?}").contains("hidden"));
    assert!(refusal(&[("WEBUI_ADMIN_EMAIL", "ann@example.com")]).starts_with("WEBUI_ADMIN_PASSWORD"));
}

#[test]
fn the_new_name_of_the_switch_for_local_addresses_goes_before_the_old_one() {
    let local = |pairs| read(pairs).unwrap().files.local_web;
    assert!(local(&[("ENABLE_LOCAL_WEB_FETCH", "true")]) && local(&[("ENABLE_RAG_LOCAL_WEB_FETCH", "true")]));
    assert!(!local(&[("ENABLE_LOCAL_WEB_FETCH", "false"), ("ENABLE_RAG_LOCAL_WEB_FETCH", "true")]));
}

#[test]
fn it_is_known_which_variables_are_set_and_no_secret_is_kept_with_them() {
    let config = read(&[("PORT", "1"), ("OPENAI_API_KEY", "hidden"), ("HOME", "/root")]).unwrap();
    let set: Vec<(&str, &str)> = config.set.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(set, [("OPENAI_API_KEY", ""), ("PORT", "1")]);
}
