//! The program as somebody runs it.

use std::path::Path;
use std::process::{Command, Output};

/// A PDF of several pages, one line of text on each.
fn pdf(lines: &[&str]) -> Vec<u8> {
    let mut out = b"%PDF-1.4\n".to_vec();
    let kids: Vec<String> = (0..lines.len()).map(|page| format!("{} 0 R", 4 + 2 * page)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), lines.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ];
    for (page, line) in lines.iter().enumerate() {
        let content = format!("BT /F1 12 Tf 72 720 Td ({line}) Tj ET");
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> /Contents {} 0 R >>",
            5 + 2 * page
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
    }
    let mut offsets = Vec::new();
    for (number, object) in (1..).zip(&objects) {
        offsets.push(out.len());
        out.extend(format!("{number} 0 obj\n{object}\nendobj\n").bytes());
    }
    let start = out.len();
    out.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
    for offset in offsets {
        out.extend(format!("{offset:010} 00000 n \n").bytes());
    }
    out.extend(format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1).bytes());
    out
}

fn ask(folder: &Path, question: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_folder-answers")).arg(folder).arg(question).output().expect("it starts")
}

#[test]
fn a_question_is_answered_with_file_page_and_score() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("birds")).expect("a folder");
    let pages = ["The heron stands still in shallow water and waits for fish.", "The swift sleeps on the wing and lands only to breed."];
    std::fs::write(folder.path().join("birds/manual.pdf"), pdf(&pages)).expect("a file");
    std::fs::write(folder.path().join("bread.md"), "# Bread\n\nKnead the dough for ten minutes, then let it rest.").expect("a file");
    std::fs::write(folder.path().join("empty.bin"), [0u8, 159, 146, 150]).expect("a file");

    let answered = ask(folder.path(), "Where does a swift sleep?");
    let (words, complaints) = (String::from_utf8_lossy(&answered.stdout), String::from_utf8_lossy(&answered.stderr));
    assert!(answered.status.success(), "{complaints}");
    let mut lines = words.lines();
    let first = lines.next().unwrap_or_default();
    let (place, score) = first.rsplit_once(" (").unwrap_or_default();
    assert!(place.ends_with("birds/manual.pdf, page 2"), "{words}");
    assert!(score.trim_end_matches(')').parse().is_ok_and(|score: f32| score > 0.5 && score <= 1.0), "{words}");
    assert!(lines.next().unwrap_or_default().contains("sleeps on the wing"), "{words}");
    assert!(complaints.contains("empty.bin is left out"), "{complaints}");
}

#[test]
fn a_folder_that_is_not_there_is_said_to_be() {
    let asked = ask(Path::new("/nowhere/at/all"), "anything");
    assert!(!asked.status.success());
    assert!(String::from_utf8_lossy(&asked.stderr).contains("/nowhere/at/all"));
}
