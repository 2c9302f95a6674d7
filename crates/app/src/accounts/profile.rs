//! What an account changes of itself: its profile, and the settings of its clients.

use serde_json::{Map, Value};
use transom_domain::{Caller, User};
use transom_store::ProfilePatch;

use super::{Accounts, found, rules};
use crate::Error;

const LONGEST_BIO: usize = 10_000;
const LONGEST_GENDER: usize = 255;

/// Members of `ui` that belong to the panel of interface settings, which needs `settings.interface`.
const INTERFACE: [&str; 61] = [
    "autoTags",
    "autoFollowUps",
    "highContrastMode",
    "detectArtifacts",
    "responseAutoCopy",
    "showUsername",
    "showUpdateToast",
    "showChangelog",
    "showEmojiInCall",
    "voiceInterruption",
    "displayMultiModelResponsesInTabs",
    "chatFadeStreamingText",
    "richTextInput",
    "showFormattingToolbar",
    "insertPromptAsRichText",
    "promptAutocomplete",
    "insertSuggestionPrompt",
    "keepFollowUpPrompts",
    "insertFollowUpPrompt",
    "regenerateMenu",
    "enableMessageQueue",
    "largeTextAsFile",
    "copyFormatted",
    "collapseCodeBlocks",
    "renderMarkdownInUserMessages",
    "renderMarkdownInAssistantMessages",
    "expandDetails",
    "chatHoverPreview",
    "renderMarkdownInPreviews",
    "chatBubble",
    "widescreenMode",
    "splitLargeChunks",
    "scrollOnBranchChange",
    "scrollOnResponseGeneration",
    "showFilesOnTerminalSelect",
    "temporaryChatByDefault",
    "userLocation",
    "showChatTitleInTab",
    "iframeSandboxAllowScripts",
    "iframeSandboxAllowSameOrigin",
    "iframeSandboxAllowForms",
    "iframeSandboxAllowDownloads",
    "terminalPreviewAllowSameOrigin",
    "stylizedPdfExport",
    "hapticFeedback",
    "ctrlEnterToSend",
    "showFloatingActionButtons",
    "imageCompression",
    "imageCompressionInChannels",
    "landingPageMode",
    "chatDirection",
    "terminalFileDisplay",
    "defaultUploadContext",
    "webSearch",
    "models",
    "backgroundImageUrl",
    "fontFamily",
    "textScale",
    "title",
    "imageCompressionSize",
    "floatingActionButtons",
];

/// What an account says of itself. What is left out stays, null takes it away.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// What it is called.
    pub name: String,
    /// A path or a `data:` URL.
    pub picture: String,
    /// A text about itself.
    pub bio: Option<Option<String>>,
    /// Its gender, in its own words.
    pub gender: Option<Option<String>>,
    /// A date, YYYY-MM-DD.
    pub date_of_birth: Option<Option<String>>,
}

impl Accounts {
    /// Changes the caller's profile. Nothing of it is remembered with the caller's sessions.
    pub async fn update_profile(&self, caller: &Caller, profile: Profile) -> Result<User, Error> {
        let patch = ProfilePatch {
            name: Some(rules::name(&profile.name)?),
            profile_image_url: Some(rules::picture(&profile.picture)?),
            bio: bounded("bio", profile.bio, LONGEST_BIO)?,
            gender: bounded("gender", profile.gender, LONGEST_GENDER)?,
            date_of_birth: match profile.date_of_birth {
                Some(Some(date)) if !is_date(&date) => {
                    return Err(Error::Malformed("`date_of_birth` is a date such as 1990-12-31".to_owned()));
                }
                other => other,
            },
        };
        found(self.store.update_profile(&caller.id, patch).await?)
    }

    /// Lays settings of the caller's clients over those that are kept. What the caller has no permission for is left as it is; the answer
    /// says what is kept. Clients send all that they know of, so a member of that kind is no reason to refuse the others.
    pub async fn update_settings(&self, caller: &Caller, mut settings: Map<String, Value>) -> Result<User, Error> {
        if settings.get("ui").is_some_and(|ui| !ui.is_object() && !ui.is_null()) {
            return Err(Error::Malformed("`ui` is an object".to_owned()));
        }
        leave_out_what_is_not_permitted(caller, &mut settings);
        found(self.store.merge_settings(&caller.id, settings).await?)
    }
}

fn leave_out_what_is_not_permitted(caller: &Caller, settings: &mut Map<String, Value>) {
    let controls = caller.may("chat.controls");
    if !(controls && caller.may("chat.valves")) {
        // The caller's own settings of functions are kept there.
        settings.remove("functions");
        settings.remove("tools");
    }
    let webhooks = caller.may("features.webhooks");
    if !webhooks {
        settings.remove("notifications");
    }
    let Some(Value::Object(ui)) = settings.get_mut("ui") else { return };
    if !caller.may("settings.interface") {
        ui.retain(|name, _| !INTERFACE.contains(&name.as_str()));
    }
    if !(controls && caller.may("chat.system_prompt")) {
        ui.remove("system");
    }
    if !(controls && caller.may("chat.params")) {
        ui.remove("params");
    }
    if !caller.may("features.direct_tool_servers") {
        ui.remove("toolServers");
    }
    if let (false, Some(Value::Object(notifications))) = (webhooks, ui.get_mut("notifications")) {
        notifications.remove("webhook_url");
    }
}

fn bounded(name: &str, text: Option<Option<String>>, longest: usize) -> Result<Option<Option<String>>, Error> {
    match &text {
        Some(Some(text)) if text.len() > longest => Err(Error::Invalid(format!("`{name}` is longer than {longest} bytes"))),
        _ => Ok(text),
    }
}

/// A day of the calendar, as ISO 8601 writes it.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let number = |text: &str, digits: usize| {
        (text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse::<u32>().ok()).flatten()
    };
    let (Some(year), Some(month), Some(day)) = (number(year, 4), number(month, 2), number(day, 2)) else { return false };
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 => 28 + u32::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    year > 0 && (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_a_day_of_the_calendar() {
        for good in ["1990-12-31", "2000-02-29", "2024-02-29"] {
            assert!(is_date(good), "{good}");
        }
        for bad in ["", "1990-13-01", "1990-00-01", "1900-02-29", "1990-1-1", "1990-12-32", "31.12.1990", "1990-12-31T00:00", "0000-01-01"]
        {
            assert!(!is_date(bad), "{bad}");
        }
    }
}
