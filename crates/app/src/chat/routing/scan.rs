//! Looks into a value for members that route the call, without keeping any of it.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::parameters::{CLIENTS_OWN, NEVER};
use super::{CONTENT, Found, MOST_MODELS, OUTERMOST_ROUTES, plain, routes};

/// What the value that is looked into is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// An object whose members become members of the request.
    Merged,
    /// The same of parameters: those that clients keep for themselves stay here.
    Parameters,
    /// The value of a parameter. A text of it may be JSON, which is read before it is sent.
    Parameter,
    /// A list of tools.
    Tools,
    /// The value of `provider`.
    Provider,
    /// Anything else.
    Nested,
}

impl Place {
    /// A member of the request.
    pub fn of(plain: &str) -> Self {
        match plain {
            "tools" => Self::Tools,
            "extrabody" => Self::Merged,
            _ => Self::Nested,
        }
    }

    /// A member of an object in this place.
    fn inside(self, name: &str, plain: &str) -> Self {
        match (self, name) {
            (Self::Parameters, "custom_params") => self,
            (Self::Merged | Self::Parameters, _) if plain == "provider" => Self::Provider,
            (Self::Merged | Self::Parameters, _) if matches!(plain, "tools" | "extrabody") => Self::of(plain),
            (Self::Parameters, _) => Self::Parameter,
            _ => Self::Nested,
        }
    }

    /// Whether a member of an object in this place is not sent, or is what is said.
    fn passes_over(self, name: &str) -> bool {
        match self {
            Self::Parameters => {
                let stays = CLIENTS_OWN.contains(&name) || NEVER.iter().any(|never| never.eq_ignore_ascii_case(name));
                name != "custom_params" && (stays || CONTENT.contains(&name))
            }
            Self::Merged => CONTENT.contains(&name),
            _ => false,
        }
    }

    fn is_outermost(self) -> bool {
        matches!(self, Self::Merged | Self::Parameters)
    }
}

pub(super) fn scan(json: &[u8], place: Place, found: &mut Vec<Found>) -> Result<(), serde_json::Error> {
    let mut parser = serde_json::Deserializer::from_slice(json);
    Within { place, found }.deserialize(&mut parser)?;
    parser.end()
}

/// Looks for routing in one value, without keeping any of it.
struct Within<'f> {
    place: Place,
    found: &'f mut Vec<Found>,
}

impl<'de> DeserializeSeed<'de> for Within<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Within<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        if self.place == Place::Provider {
            self.found.push(Found { name: "provider".to_owned(), model: None });
        }
        // Parameters of clients hold JSON as text, which is read before it is sent.
        let inside = match self.place {
            Place::Parameter => Place::Nested,
            Place::Merged | Place::Tools => self.place,
            _ => return Ok(()),
        };
        if text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(text).is_ok() {
            return scan(text.as_bytes(), inside, self.found).map_err(E::custom);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Within { place: self.place, found: self.found })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        match self.place {
            Place::Tools => tool(map, self.found),
            place => object(map, place, self.found),
        }
    }
}

fn object<'de, A: MapAccess<'de>>(mut map: A, place: Place, found: &mut Vec<Found>) -> Result<(), A::Error> {
    while let Some(name) = map.next_key::<String>()? {
        if place.passes_over(&name) {
            map.next_value::<IgnoredAny>()?;
            continue;
        }
        let plain = plain(&name).into_owned();
        if routes(&plain) || (place.is_outermost() && OUTERMOST_ROUTES.contains(&plain.as_str())) {
            found.extend(route(name, map.next_value::<Box<RawValue>>()?.get().as_bytes()));
        } else {
            map.next_value_seed(Within { place: place.inside(&name, &plain), found })?;
        }
        if found.len() > MOST_MODELS {
            return Err(A::Error::custom("it names too many models"));
        }
    }
    Ok(())
}

/// A member that routes, with the model that it names; nothing where its value names nothing.
fn route(name: String, raw: &[u8]) -> Option<Found> {
    if matches!(raw, b"null" | b"true" | b"false") {
        return None;
    }
    let model = if name == "model" { serde_json::from_slice(raw).ok() } else { None };
    Some(Found { name, model })
}

/// A tool: a function's schema is its author's, and may describe a field `model`; what else stands in a tool is for the upstream to read.
fn tool<'de, A: MapAccess<'de>>(mut map: A, found: &mut Vec<Found>) -> Result<(), A::Error> {
    let (mut is_function, mut in_parameters) = (true, Vec::new());
    while let Some(name) = map.next_key::<String>()? {
        match name.as_str() {
            "function" | "custom" | "input_schema" | "output_schema" | "input_examples" | "description" | "name" => {
                map.next_value::<IgnoredAny>()?;
            }
            // Named twice, the tool counts as what it is not: upstreams differ in which of them they read.
            "type" => {
                let kind = map.next_value::<Value>()?;
                is_function &= kind.is_null() || kind == "function";
            }
            "parameters" => map.next_value_seed(Within { place: Place::Nested, found: &mut in_parameters })?,
            _ if routes(&plain(&name)) => found.extend(route(name, map.next_value::<Box<RawValue>>()?.get().as_bytes())),
            _ => map.next_value_seed(Within { place: Place::Nested, found })?,
        }
    }
    if !is_function {
        found.append(&mut in_parameters);
    }
    Ok(())
}
