//! Azure's OpenAI service: the same API under other paths, with a version in the query and the key in a header of its own.

use http::header::HeaderName;
use transom_llm::LlmError;

/// The header that carries a key of Azure's.
pub(crate) const API_KEY: HeaderName = HeaderName::from_static("api-key");

/// The version of Azure's API that is asked for where the settings name none: the last one that is no preview.
pub const AZURE_VERSION: &str = "2024-10-21";

/// The endpoints that Azure has below a deployment; it has all others beside the deployments.
const OF_DEPLOYMENTS: [&str; 8] = [
    "/chat/completions",
    "/completions",
    "/embeddings",
    "/audio/speech",
    "/audio/transcriptions",
    "/audio/translations",
    "/images/generations",
    "/images/edits",
];

/// How Azure's paths are made.
#[derive(Debug)]
pub(crate) struct Azure {
    /// What stands between the base address and the path.
    root: Root,
    version: String,
}

/// What a base address leads to.
#[derive(Debug, PartialEq)]
enum Root {
    /// The resource: `https://NAME.openai.azure.com`.
    Resource,
    /// `…/openai` of it.
    OpenAi,
    /// `…/openai/deployments/NAME`: one deployment.
    Deployment,
    /// `…/openai/v1`: the API as OpenAI has it.
    V1,
}

impl Azure {
    pub fn new(base: &str, version: Option<&str>) -> Self {
        let root = if base.ends_with("/openai/v1") || base.contains("/openai/v1/") {
            Root::V1
        } else if base.contains("/openai/deployments/") {
            Root::Deployment
        } else if base.ends_with("/openai") {
            Root::OpenAi
        } else {
            Root::Resource
        };
        Self { root, version: version.filter(|version| !version.is_empty()).unwrap_or(AZURE_VERSION).to_owned() }
    }

    /// Where Azure has this path, for calls to this model.
    pub fn path(&self, path: &str, model: Option<&str>) -> Result<String, LlmError> {
        if self.root == Root::V1 {
            return Ok(path.to_owned());
        }
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        let mut out = if self.root == Root::Resource { "/openai".to_owned() } else { String::new() };
        if self.root != Root::Deployment && OF_DEPLOYMENTS.contains(&path) {
            let model = model.ok_or_else(|| LlmError::Invalid("a call to Azure must name its model".to_owned()))?;
            out.push_str("/deployments/");
            out.push_str(&segment(model)?);
        }
        out.push_str(path);
        out.push_str("?api-version=");
        out.extend(url::form_urlencoded::byte_serialize(self.version.as_bytes()));
        if let Some(query) = query {
            out.push('&');
            out.push_str(query);
        }
        Ok(out)
    }
}

/// A model's name as one segment of a path.
fn segment(model: &str) -> Result<String, LlmError> {
    if model.is_empty() || model == "." || model == ".." || model.contains(['/', '\\']) {
        return Err(LlmError::Invalid("this is no name of a deployment at Azure".to_owned()));
    }
    // A space is %20 in a path, where a form has +.
    Ok(url::form_urlencoded::byte_serialize(model.as_bytes()).collect::<String>().replace('+', "%20"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_is_part_of_the_path_wherever_the_base_address_ends() {
        let chat = |base: &str| Azure::new(base, Some("v")).path("/chat/completions", Some("gpt 4")).expect("a path");
        assert_eq!(chat("https://x.openai.azure.com"), "/openai/deployments/gpt%204/chat/completions?api-version=v");
        assert_eq!(chat("https://x.openai.azure.com/openai"), "/deployments/gpt%204/chat/completions?api-version=v");
        assert_eq!(chat("https://x.openai.azure.com/openai/deployments/d"), "/chat/completions?api-version=v");
        assert_eq!(chat("https://x.openai.azure.com/openai/v1"), "/chat/completions");
    }

    #[test]
    fn what_belongs_to_no_deployment_stands_beside_them() {
        let azure = Azure::new("https://x.openai.azure.com", None);
        let version = format!("api-version={AZURE_VERSION}");
        assert_eq!(azure.path("/responses", Some("m")).expect("a path"), format!("/openai/responses?{version}"));
        assert_eq!(azure.path("/files?limit=1", None).expect("a path"), format!("/openai/files?{version}&limit=1"));
    }

    #[test]
    fn a_name_that_would_lead_elsewhere_is_refused() {
        let azure = Azure::new("https://x.openai.azure.com", None);
        for name in ["", ".", "..", "a/b", "../x", "a\\b"] {
            assert!(azure.path("/embeddings", Some(name)).is_err(), "{name}");
        }
        assert!(azure.path("/embeddings", None).is_err());
        assert!(azure.path("/embeddings", Some("a?b#c")).expect("a path").contains("/a%3Fb%23c/"));
    }
}
