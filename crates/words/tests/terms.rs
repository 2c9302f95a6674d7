//! Terms of texts in many languages.

use proptest::prelude::*;
use transom_words::{Analyser, Language, question_terms};

fn language(code: &str) -> Option<Language> {
    Some(Language::from_code(code).expect("a language"))
}

fn terms(code: &str, text: &str) -> Vec<String> {
    Analyser::new(language(code)).terms(text)
}

/// What a question has in common with a text, both in that language.
fn shared(code: &str, question: &str, text: &str) -> Vec<String> {
    let text = terms(code, text);
    terms(code, question).into_iter().filter(|term| text.contains(term)).collect()
}

#[test]
fn other_forms_of_a_word_are_found() {
    for (code, question, text) in [
        ("eng", "installing", "It installs packages."),
        ("deu", "Wohnungen", "Die Wohnung ist leer."),
        ("fra", "utilisateurs", "L'utilisateur est prévenu."),
        ("spa", "permisos", "Se pide permiso."),
        ("por", "arquivos", "O arquivo foi enviado."),
        ("ita", "gatti", "Il gatto dorme."),
        ("nld", "huizen en boeken", "Het boek ligt thuis."),
        ("rus", "книги", "Эта книга новая."),
        ("swe", "bilarna", "Min bil är röd."),
        ("fin", "talossa", "Talo on punainen."),
        ("hun", "házakat", "A házak szépek."),
        ("tur", "kitaplar", "Kitap masada."),
        ("ara", "كتابان", "كتاب جديد"),
    ] {
        assert!(!shared(code, question, text).is_empty(), "{code}: {:?} {:?}", terms(code, question), terms(code, text));
    }
}

#[test]
fn accents_that_people_leave_out_make_no_difference() {
    for (code, typed, written) in [
        ("fra", "telechargement", "Téléchargement"),
        ("fra", "oeuvre", "œuvre"),
        ("spa", "configuracion", "Configuración"),
        ("por", "autenticacao", "autenticação"),
        ("deu", "uber strasse", "Über Straße"),
        ("ces", "cestina", "Čeština"),
        ("pol", "lodz", "Łódź"),
        ("rus", "еще", "ещё"),
        ("ell", "αθηνα", "Αθήνα"),
        ("vie", "viet nam", "Việt Nam"),
        ("ara", "احمد", "أَحْمَد"),
        ("heb", "שלום", "שָׁלוֹם"),
    ] {
        let written = terms(code, written);
        assert!(terms(code, typed).iter().all(|term| written.contains(term)), "{code}: {:?} {written:?}", terms(code, typed));
    }
}

#[test]
fn marks_that_make_another_letter_stay() {
    for (code, one, other) in [
        ("spa", "ano", "año"),
        ("swe", "bada", "båda"),
        ("dan", "bager", "bæger"),
        ("fin", "talli", "tälli"),
        ("tur", "sik", "şık"),
        ("rus", "мои", "мой"),
        ("hin", "कल", "काल"),
        ("jpn", "カス", "ガス"),
    ] {
        assert_ne!(terms(code, one), terms(code, other), "{code}");
    }
}

#[test]
fn common_words_are_no_terms() {
    for (code, text) in [
        ("eng", "What is it that they have?"),
        ("deu", "Was ist das und wie kann man es?"),
        ("fra", "Ils ont été avec nous et pour eux."),
        ("spa", "¿Qué es lo que está en la?"),
        ("rus", "что и как"),
    ] {
        assert_eq!(terms(code, text), Vec::<String>::new(), "{code}");
    }
}

#[test]
fn names_of_files_and_identifiers_are_found_whole_and_in_parts() {
    for (text, found) in [
        ("see debian/rules.", "debian/rules"),
        ("run dh_make first", "dh_make"),
        ("since v1.2.3", "v1.2.3"),
        ("call getUserName()", "getusername"),
        ("call getUserName()", "user"),
        ("edit /etc/apt/sources.list now", "sources.list"),
        ("std::vec::Vec", "vec"),
        ("mail someone@example.com!", "someone@example.com"),
        ("with --no-index,", "no-index"),
        ("Ｆｕｌｌｗｉｄｔｈ　１２３", "fullwidth"),
        ("the e\u{fb03}cient one", "efficient"),
        ("Pake\u{ad}te", "pakete"),
    ] {
        let unstemmed = Analyser::new(None).terms(text);
        assert!(unstemmed.contains(&found.to_owned()), "{text}: {unstemmed:?}");
        for code in ["eng", "deu", "jpn"] {
            let whole = found.contains(['/', '_', '.', '-', '@']);
            assert!(!whole || terms(code, text).contains(&found.to_owned()), "{code} {text}: {:?}", terms(code, text));
        }
    }
}

#[test]
fn chinese_japanese_and_korean_are_pairs_of_characters() {
    assert_eq!(terms("cmn", "软件包"), ["软件", "件包"]);
    assert_eq!(terms("jpn", "猫"), ["猫"]);
    assert_eq!(terms("jpn", "Debian メンテナー"), ["debian", "メン", "ンテ", "テナ", "ナー"]);
    assert_eq!(terms("kor", "파일을"), ["파일", "일을"]);
    assert_eq!(Analyser::new(None).terms("ﾊﾟｯｹｰｼﾞ"), Analyser::new(None).terms("パッケージ"));
}

#[test]
fn words_are_found_where_none_are_told_apart_by_spaces() {
    for (code, question, text) in
        [("tha", "ภาษา", "ผมพูดภาษาไทยได้"), ("khm", "ភាសាខ្មែរ", "ខ្ញុំនិយាយភាសាខ្មែរ"), ("mya", "မြန်မာ", "ကျွန်တော်မြန်မာစကားပြောတယ်")]
    {
        assert!(!shared(code, question, text).is_empty(), "{code}: {:?}", terms(code, text));
    }
    assert!(Analyser::new(None).terms("ສະບາຍດີຊາວໂລກ").len() > 1);
}

#[test]
fn a_question_is_analysed_as_each_text_was_without_its_own_common_words() {
    let (german, english) = (language("deu"), language("eng"));
    let languages = [german.expect("German"), english.expect("English")];
    let found = question_terms("Wie kann man die Pakete installieren?", german, &languages);
    assert!(
        found.contains(&"paket".to_owned()) && found.contains(&"installi".to_owned()) && found.contains(&"installieren".to_owned()),
        "{found:?}"
    );
    assert!(!found.contains(&"man".to_owned()) && !found.contains(&"die".to_owned()), "{found:?}");
}

#[test]
fn a_text_says_its_language_and_a_question_one_of_few() {
    for (code, text) in [
        ("eng", "The maintainer reads the manual before the package is built, and writes down what has changed since the last time."),
        (
            "deu",
            "Der Betreuer liest das Handbuch, bevor das Paket gebaut wird, und schreibt auf, was sich seit dem letzten Mal geändert hat.",
        ),
        ("fra", "Le responsable lit le manuel avant que le paquet soit construit, et il écrit ce qui a changé depuis la dernière fois."),
        ("jpn", "dpkg-buildpackage を実行する前にマニュアルを読んでください。"),
        ("cmn", "在构建软件包之前请先阅读手册，然后运行 dpkg-buildpackage。"),
        ("kor", "패키지를 만들기 전에 설명서를 읽으십시오."),
        ("tha", "โปรดอ่านคู่มือก่อนที่จะสร้างแพ็กเกจ"),
        ("ell", "Διαβάστε το εγχειρίδιο πριν φτιάξετε το πακέτο."),
    ] {
        assert_eq!(Language::of(text).map(Language::code), Some(code));
    }
    for unclear in ["", "42", "ls -la /tmp", "x = y + 1;"] {
        assert_eq!(Language::of(unclear), None, "{unclear}");
    }
    let few = ["deu", "eng"].map(|code| language(code).expect("known"));
    for (code, question) in [("deu", "Wie groß darf der Name sein?"), ("eng", "How long may a name be?"), ("jpn", "名前の長さは？")]
    {
        assert_eq!(Language::of_question(question, &few).map(Language::code), Some(code));
    }
}

#[test]
fn one_page_of_code_does_not_hide_the_language_of_a_long_text() {
    let prose = "Der Betreuer liest das Handbuch, bevor das Paket gebaut wird, und schreibt auf, was sich geändert hat. ".repeat(60);
    let code = "fn main() { let x = vec![1, 2, 3]; println!(\"{x:?}\"); }\n".repeat(60);
    assert_eq!(Language::of(&format!("{prose}{code}{prose}")).map(Language::code), Some("deu"));
}

proptest! {
    #[test]
    fn terms_are_never_empty_and_hold_no_white_space(text in any::<String>(), code in prop::sample::select(vec!["eng", "deu", "tur", "ara", "jpn", "tha", "hin"])) {
        for term in terms(code, &text) {
            prop_assert!(!term.is_empty() && !term.contains(char::is_whitespace), "{term:?}");
        }
    }

    #[test]
    fn a_part_of_a_text_has_no_terms_that_the_text_has_not(words in prop::collection::vec("[a-zäöüß]{1,9}", 1..8), from in 0usize..8) {
        let all = terms("deu", &words.join(" "));
        for term in terms("deu", &words[from.min(words.len())..].join(" ")) {
            prop_assert!(all.contains(&term));
        }
    }

    #[test]
    fn composed_and_decomposed_texts_have_the_same_terms(text in "[a-zéàüñçåőşж\u{0301}\u{0308} ]{0,40}") {
        use unicode_normalization::UnicodeNormalization;
        let (composed, decomposed): (String, String) = (text.nfc().collect(), text.nfd().collect());
        prop_assert_eq!(terms("fra", &composed), terms("fra", &decomposed));
    }

    #[test]
    fn a_language_is_told_of_any_text_without_harm(text in any::<String>()) {
        let _ = Language::of(&text);
        let _ = Language::of_question(&text, &[]);
    }
}
