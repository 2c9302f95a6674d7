//! The words of a text as a word index wants them: split, folded and stemmed by the language they are in.
//!
//! [`Language::of`] says which language a text is in, an [`Analyser`] for that language gives its terms, and
//! [`question_terms`] gives those of a question to texts of several languages.
//!
//! ```
//! use transom_words::{Analyser, Language, question_terms};
//!
//! let text = "The maintainer's scripts are what is run when a package is installed. Which of them there are, and what each of them \
//!             has to do, is said in debian/rules and in the manual of dh_installdeb.";
//! let english = Language::of(text);
//! assert_eq!(english.map(Language::code), Some("eng"));
//! let terms = Analyser::new(english).terms(text);
//! assert!(terms.contains(&"script".to_owned()) && terms.contains(&"debian/rules".to_owned()));
//! assert!(!terms.contains(&"are".to_owned()));
//! assert_eq!(question_terms("Which script installs it?", english, &[]), ["script", "instal"]);
//! ```
//!
//! What becomes of a text:
//!
//! * It is normalised (NFKC) and lower-cased as its language does it.
//! * Words lose their endings (Snowball's stemmers) and then their accents, where people who search in that language leave them out;
//!   words that are in nearly every text are dropped.
//! * Names of files, versions and identifiers (`debian/rules`, `v1.2.3`, `dh_make`, `getUserName`) are one term as a whole, and their parts
//!   are terms beside it.
//! * Chinese, Japanese and Korean, where words are not told apart by spaces, become overlapping pairs of characters; Thai, Lao, Khmer and
//!   Burmese are cut by a model of each.
//!
//! The same text gives the same terms in a document and in a question, which is all that an index needs.
//! No term holds white space, so that a line of terms can be stored as one text.
//!
//! Nothing here fails: a text in no language that is known is split and folded, and nothing more.
//!
//! This crate knows neither stores nor documents.

mod analyser;
mod fold;
mod language;
mod split;
mod table;

pub use analyser::{Analyser, question_terms};
pub use language::Language;
