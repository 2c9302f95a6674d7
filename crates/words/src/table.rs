//! What is done to the words of each language.

use std::collections::HashSet;
use std::sync::OnceLock;

use rust_stemmers::Algorithm;
use whatlang::Lang;

use crate::fold::fold;
use crate::language::Language;

/// One language.
pub(crate) struct Row {
    lang: Lang,
    /// Its list of words that are in nearly every text, by the code that the lists have.
    stop: Option<&'static str>,
    /// What takes the endings off.
    pub(crate) stem: Option<Algorithm>,
    /// Letters with marks that are letters of their own to who searches in this language.
    pub(crate) own: &'static str,
    stop_words: OnceLock<HashSet<String>>,
}

impl Row {
    /// The row of a language; for one that has none, and for unknown ones, a row that takes nothing away.
    pub(crate) fn of(language: Option<Language>) -> &'static Self {
        language.and_then(|language| TABLE.iter().find(|row| row.lang == language.0)).unwrap_or(&UNKNOWN)
    }

    /// Whether `word`, folded, is in nearly every text.
    pub(crate) fn is_common(&self, word: &str) -> bool {
        self.stop_words.get_or_init(|| self.read_stop_words()).contains(word)
    }

    fn read_stop_words(&self) -> HashSet<String> {
        let words = self.stop.and_then(stop_words::lookup).unwrap_or_default();
        // Texts are cut at apostrophes, so the words on their sides are listed by themselves.
        words
            .iter()
            .flat_map(|word| word.split(['\'', '’']))
            .filter(|word| !word.is_empty())
            .map(|word| fold(&word.to_lowercase(), self.own))
            .collect()
    }
}

static UNKNOWN: Row = Row { lang: Lang::Epo, stop: None, stem: None, own: "", stop_words: OnceLock::new() };

const fn row(lang: Lang, stop: &'static str, stem: Option<Algorithm>, own: &'static str) -> Row {
    Row { lang, stop: Some(stop), stem, own, stop_words: OnceLock::new() }
}

static TABLE: [Row; 52] = [
    row(Lang::Afr, "af", None, ""),
    row(Lang::Ara, "ar", Some(Algorithm::Arabic), ""),
    row(Lang::Aze, "az", None, "əışçğöü"),
    row(Lang::Bel, "be", None, ""),
    row(Lang::Ben, "bn", None, ""),
    row(Lang::Bul, "bg", None, ""),
    row(Lang::Cat, "ca", None, ""),
    row(Lang::Ces, "cs", None, ""),
    row(Lang::Cmn, "zh", None, ""),
    row(Lang::Dan, "da", Some(Algorithm::Danish), "æøå"),
    row(Lang::Deu, "de", Some(Algorithm::German), ""),
    row(Lang::Ell, "el", Some(Algorithm::Greek), ""),
    row(Lang::Eng, "en", Some(Algorithm::English), ""),
    row(Lang::Epo, "eo", None, ""),
    row(Lang::Est, "et", None, "äöüõ"),
    row(Lang::Fin, "fi", Some(Algorithm::Finnish), "äöå"),
    row(Lang::Fra, "fr", Some(Algorithm::French), ""),
    row(Lang::Guj, "gu", None, ""),
    row(Lang::Heb, "he", None, ""),
    row(Lang::Hin, "hi", None, ""),
    row(Lang::Hrv, "hr", None, ""),
    row(Lang::Hun, "hu", Some(Algorithm::Hungarian), ""),
    row(Lang::Hye, "hy", None, ""),
    row(Lang::Ind, "id", None, ""),
    row(Lang::Ita, "it", Some(Algorithm::Italian), ""),
    row(Lang::Jpn, "ja", None, ""),
    row(Lang::Kor, "ko", None, ""),
    row(Lang::Lat, "la", None, ""),
    row(Lang::Lav, "lv", None, ""),
    row(Lang::Lit, "lt", None, ""),
    row(Lang::Mar, "mr", None, ""),
    row(Lang::Nep, "ne", None, ""),
    row(Lang::Nld, "nl", Some(Algorithm::Dutch), ""),
    row(Lang::Nob, "no", Some(Algorithm::Norwegian), "æøå"),
    row(Lang::Pes, "fa", None, ""),
    row(Lang::Pol, "pl", None, ""),
    row(Lang::Por, "pt", Some(Algorithm::Portuguese), ""),
    row(Lang::Ron, "ro", Some(Algorithm::Romanian), ""),
    row(Lang::Rus, "ru", Some(Algorithm::Russian), ""),
    row(Lang::Slk, "sk", None, ""),
    row(Lang::Slv, "sl", None, ""),
    row(Lang::Spa, "es", Some(Algorithm::Spanish), "ñ"),
    row(Lang::Swe, "sv", Some(Algorithm::Swedish), "åäö"),
    row(Lang::Tam, "ta", Some(Algorithm::Tamil), ""),
    row(Lang::Tgl, "tl", None, ""),
    row(Lang::Tha, "th", None, ""),
    row(Lang::Tur, "tr", Some(Algorithm::Turkish), "ışçğöü"),
    row(Lang::Ukr, "uk", None, ""),
    row(Lang::Urd, "ur", None, ""),
    row(Lang::Uzb, "uz", None, ""),
    row(Lang::Vie, "vi", None, ""),
    row(Lang::Zul, "zu", None, ""),
];
