//! Session tokens: JWT, signed with HS256 and nothing else.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use transom_domain::{Timestamp, UserId};

use crate::{AuthError, Lifetime};

/// What a session token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Whose it is.
    pub id: UserId,
    /// Its own id, by which it can be revoked.
    pub jti: String,
    /// When it was issued.
    pub iat: Timestamp,
    /// When it ends; absent for never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<Timestamp>,
    /// The account's session generation at that time: a later one ends the token.
    #[serde(rename = "gen")]
    pub generation: i64,
}

/// A token that was just made.
#[derive(Clone, Debug)]
pub struct IssuedToken {
    /// The token.
    pub text: String,
    /// When it ends; `None` for never.
    pub expires_at: Option<Timestamp>,
}

/// Signs and reads session tokens.
pub struct Tokens {
    signing: EncodingKey,
    reading: DecodingKey,
    validation: Validation,
}

impl Tokens {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        // A token may live for ever; one that has an end is held to it.
        validation.required_spec_claims.clear();
        Self { signing: EncodingKey::from_secret(key), reading: DecodingKey::from_secret(key), validation }
    }

    /// Makes a token.
    pub fn issue(&self, user: &UserId, generation: i64, now: Timestamp, lifetime: Lifetime) -> Result<IssuedToken, AuthError> {
        let expires_at = lifetime.end(now);
        let claims = Claims { id: user.clone(), jti: uuid::Uuid::new_v4().to_string(), iat: now, exp: expires_at, generation };
        let text = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
            .map_err(|error| AuthError::Crypto(error.to_string()))?;
        Ok(IssuedToken { text, expires_at })
    }

    /// What a token says, after its signature and its end were checked.
    pub fn read(&self, text: &str) -> Result<Claims, AuthError> {
        jsonwebtoken::decode(text, &self.reading, &self.validation).map(|token| token.claims).map_err(|_| AuthError::Token)
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    use super::*;

    fn tokens() -> Tokens {
        Tokens::new(&[7; 32])
    }

    fn ada() -> UserId {
        UserId::from("ada")
    }

    fn part(value: &serde_json::Value) -> String {
        URL_SAFE_NO_PAD.encode(value.to_string())
    }

    #[test]
    fn what_was_issued_is_read_back() {
        let now = transom_domain::now();
        let issued = tokens().issue(&ada(), 3, now, Lifetime::Seconds(60)).expect("a token");
        let claims = tokens().read(&issued.text).expect("claims");
        assert_eq!((claims.id, claims.generation, claims.exp, claims.iat), (ada(), 3, Some(now + 60), now));
        assert!(uuid::Uuid::parse_str(&claims.jti).is_ok());
    }

    #[test]
    fn a_token_may_have_no_end() {
        let issued = tokens().issue(&ada(), 0, transom_domain::now(), Lifetime::Never).expect("a token");
        assert_eq!(issued.expires_at, None);
        assert_eq!(tokens().read(&issued.text).expect("claims").exp, None);
    }

    #[test]
    fn a_token_past_its_end_is_refused() {
        let issued = tokens().issue(&ada(), 0, transom_domain::now() - 61, Lifetime::Seconds(60)).expect("a token");
        assert!(tokens().read(&issued.text).is_err());
    }

    #[test]
    fn another_key_or_a_changed_token_is_refused() {
        let issued = tokens().issue(&ada(), 0, transom_domain::now(), Lifetime::Never).expect("a token");
        assert!(Tokens::new(&[8; 32]).read(&issued.text).is_err());
        let parts: Vec<&str> = issued.text.split('.').collect();
        let other = part(&json!({"id": "eve", "jti": "x", "iat": 0, "gen": 0}));
        assert!(tokens().read(&format!("{}.{other}.{}", parts[0], parts[2])).is_err());
    }

    #[test]
    fn no_algorithm_but_hs256_is_read() {
        let claims = json!({"id": "ada", "jti": "x", "iat": 0, "gen": 0});
        let unsigned = format!("{}.{}.", part(&json!({"alg": "none", "typ": "JWT"})), part(&claims));
        assert!(tokens().read(&unsigned).is_err());
        for algorithm in [Algorithm::HS384, Algorithm::HS512] {
            let text = jsonwebtoken::encode(&Header::new(algorithm), &claims, &EncodingKey::from_secret(&[7; 32])).expect("a token");
            assert!(tokens().read(&text).is_err(), "{algorithm:?}");
        }
    }

    #[test]
    fn an_end_that_is_no_number_is_refused() {
        let claims = json!({"id": "ada", "jti": "x", "iat": 0, "gen": 0, "exp": "tomorrow"});
        let text = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(&[7; 32])).expect("a token");
        assert!(tokens().read(&text).is_err());
    }
}
