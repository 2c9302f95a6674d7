//! A chapter's fences.

/// A page with its commands.
pub struct Chapter {
    /// Its path below the book's source.
    pub name: String,
    /// How many lines it has.
    pub lines: usize,
    /// Its fences that matter here, in their order.
    pub fences: Vec<Fence>,
}

/// A fenced block.
pub struct Fence {
    /// The line that opens it, from 1.
    pub line: usize,
    /// What is in it.
    pub text: String,
    /// What it is for.
    pub role: Role,
}

/// What a fence is for.
#[derive(Debug, PartialEq)]
pub enum Role {
    /// Commands; those that are to be refused, with the status.
    Commands { refused: Option<u16> },
    /// What the commands before it answer, as JSON.
    Json,
    /// What the commands before it answer, as text.
    Text,
    /// A file that commands read.
    File(String),
}

/// What a comment says of the fence after it.
#[derive(Default)]
struct Remark {
    not_run: bool,
    refused: Option<u16>,
    file: Option<String>,
}

impl Chapter {
    /// Reads a page; a sentence where a comment cannot be understood.
    pub fn read(name: String, page: &str) -> Result<Self, String> {
        let mut fences = Vec::new();
        let mut remark = Remark::default();
        // Whether what is shown next is what commands answered.
        let mut answered = false;
        let mut lines = page.lines().enumerate().map(|(index, line)| (index + 1, line));
        while let Some((line, content)) = lines.next() {
            if let Some(language) = content.strip_prefix("```") {
                let inside = lines.by_ref().map(|(_, line)| line).take_while(|line| !line.starts_with("```"));
                let text: String = inside.flat_map(|line| [line, "\n"]).collect();
                let remark = std::mem::take(&mut remark);
                let role = match (remark.file, language) {
                    _ if remark.not_run => None,
                    (Some(file), _) => Some(Role::File(file)),
                    (None, "bash") => Some(Role::Commands { refused: remark.refused }),
                    (None, "json") if answered => Some(Role::Json),
                    (None, "text") if answered => Some(Role::Text),
                    // What nothing starts would be believed without having been run.
                    (None, "python") => return Err(format!("{name}, line {line}: say which file this program is, or why it is not run")),
                    (None, "sh" | "shell" | "console") => {
                        return Err(format!("{name}, line {line}: commands are `bash`, and run; or say why they are not"));
                    }
                    _ => None,
                };
                answered = matches!(role, Some(Role::Commands { .. }));
                fences.extend(role.map(|role| Fence { line, text, role }));
            } else if let Some(comment) = content.strip_prefix("<!-- ") {
                remark.read(comment).map_err(|what| format!("{name}, line {line}: {what}"))?;
            } else if content.starts_with('#') {
                answered = false;
            }
        }
        Ok(Self { name, lines: page.lines().count(), fences })
    }

    /// Whether there is something to run.
    pub fn has_commands(&self) -> bool {
        self.fences.iter().any(|fence| matches!(fence.role, Role::Commands { .. }))
    }

    /// Whether its commands expect a key that is there already.
    pub fn names_a_key(&self) -> bool {
        self.fences.iter().any(|fence| fence.text.contains("YOUR_API_KEY"))
    }
}

impl Remark {
    fn read(&mut self, comment: &str) -> Result<(), String> {
        let Some((what, value)) = comment.trim_end_matches("-->").split_once(": ") else { return Ok(()) };
        let value = value.trim();
        match what {
            "not run" if value.is_empty() => return Err("say why it is not run".to_owned()),
            "not run" => self.not_run = true,
            "refused" => self.refused = Some(value.parse().map_err(|_| format!("{value} is no status"))?),
            "file" => self.file = Some(value.to_owned()),
            _ => {}
        }
        Ok(())
    }
}

#[test]
fn fences_are_told_apart_by_their_language_and_the_comment_before_them() {
    let page = "# T\n```bash\ncurl a\n```\nIt says:\n```json\n{}\n```\n<!-- not run: docker -->\n```bash\ndocker\n```\n\
        ```json\n[]\n```\n<!-- file: a.py -->\n```python\nx\n```\n<!-- refused: 404 -->\n```bash\ncurl b\n```\n";
    let chapter = Chapter::read("t.md".to_owned(), page).unwrap();
    let roles: Vec<(usize, &Role, &str)> = chapter.fences.iter().map(|fence| (fence.line, &fence.role, fence.text.as_str())).collect();
    let expected = [
        (2, &Role::Commands { refused: None }, "curl a\n"),
        (6, &Role::Json, "{}\n"),
        (17, &Role::File("a.py".to_owned()), "x\n"),
        (21, &Role::Commands { refused: Some(404) }, "curl b\n"),
    ];
    assert_eq!(roles, expected);
    for language in ["python", "sh"] {
        let page = format!("\n```{language}\nx\n```\n");
        assert!(Chapter::read("t.md".to_owned(), &page).is_err_and(|finding| finding.contains("line 2")));
    }
}
