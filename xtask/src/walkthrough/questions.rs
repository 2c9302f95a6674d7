//! What is asked, and where the answer stands.

/// The manual.
pub const MANUAL: &str = "debmake-doc.en.pdf";

/// A question and the place that its answer must cite.
pub struct Question {
    /// The question.
    pub text: &'static str,
    /// The file that holds the answer.
    pub file: &'static str,
    /// The page, from 1, counted from the front of the file.
    pub page: Option<u32>,
}

/// About the manual, in English.
pub const MANUAL_QUESTIONS: &[Question] = &[
    Question { text: "What should I understand about the social dynamics of Debian?", file: MANUAL, page: Some(13) },
    Question { text: "How do I set the DEBEMAIL and DEBFULLNAME environment variables?", file: MANUAL, page: Some(18) },
    Question {
        text: "Which option must I add to dpkg-buildpackage when the orig.tar.gz file needs to be uploaded for a Debian revision other than 0 or 1?",
        file: MANUAL,
        page: Some(81),
    },
];

/// About the guides, each in its own language.
pub const GUIDE_QUESTIONS: &[Question] = &[
    Question { text: "Comment ajouter un fichier à une collection de connaissances ?", file: "000_11bdf724f4bc344b.txt", page: None },
    Question { text: "如何将文件添加到知识库集合？", file: "001_f5cd4612c328fe1f.txt", page: None },
    Question { text: "Como adiciono um arquivo a uma coleção de conhecimento?", file: "002_6040616f6c3789d5.txt", page: None },
    Question { text: "¿Cómo añado un archivo a una colección de conocimiento?", file: "003_22943a9f11b2a959.txt", page: None },
    Question { text: "지식 컬렉션에 파일을 추가하려면 어떻게 하나요?", file: "004_202c833fca53bf86.txt", page: None },
];
