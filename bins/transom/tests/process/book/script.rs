//! A chapter as a shell script.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;

use super::chapter::{Chapter, Fence, Role};
use super::fits;

/// Where the book says that the server is.
const HERE: &str = "http://localhost:3000";
/// What the book says for the reader's own key.
const KEY: &str = "YOUR_API_KEY";

/// How long a chapter may take. The first one with functions waits for their packages to be installed.
const PATIENCE: Duration = Duration::from_secs(600);

/// What every script begins with: the first command that fails ends it and is named, and a call that is refused fails,
/// or is to be refused.
const BEFORE: &str = r#"
unset BASH_ENV
set -euo pipefail
trap 'echo "$CHAPTER, line $LINENO: $BASH_COMMAND" >&2' ERR
curl() {
  local said status=0
  said=$(mktemp)
  command curl --silent --show-error --fail-with-body --noproxy '*' --max-time 600 "$@" 2> "$said" || status=$?
  # Answers have no end of line, and the next one is not to be read as part of this.
  [ -p /dev/stdout ] || echo
  if [ -n "$REFUSED" ]; then
    grep -q "returned error: $REFUSED" "$said" && return 0
    echo "this was to be refused with $REFUSED, and ended with $status" >&2
    return 1
  fi
  cat "$said" >&2
  return $status
}
"#;

/// Runs the commands of a chapter in a folder of their own; gives back what is wrong.
pub async fn run(chapter: &Chapter, base: &str, key: &str, data: &Path) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let work = Work::new(chapter, &folder, |text| text.replace(HERE, base).replace(KEY, key));
    let commands = work.command(&chapter.name, data).output();
    let output = timeout(PATIENCE, commands).await.unwrap_or_else(|_| panic!("{}: the commands do not end", chapter.name)).unwrap();
    let mut findings = Vec::new();
    if !output.status.success() {
        let answered: Vec<String> = chapter.fences.iter().map(|fence| work.answer(fence)).collect();
        let last = answered.iter().rev().find(|answer| !answer.is_empty()).map(String::as_str).unwrap_or_default();
        findings.push(format!("{}\n  the last answer:\n    {}", String::from_utf8_lossy(&output.stderr).trim_end(), last.trim_end()));
        return findings;
    }
    let mut commands = None;
    for fence in &chapter.fences {
        let wrong = match (&fence.role, commands) {
            (Role::Commands { .. }, _) => {
                commands = Some(fence);
                continue;
            }
            (Role::Json, Some(commands)) => fits::json(&fence.text, &work.answer(commands)).err(),
            (Role::Text, Some(commands)) => {
                fits::text(&fence.text, &work.answer(commands)).err().map(|()| "the answer is another".to_owned())
            }
            _ => None,
        };
        if let (Some(wrong), Some(commands)) = (wrong, commands) {
            let answer = work.answer(commands);
            findings.push(format!("{}, line {}: {wrong}\n  it was:\n{answer}", chapter.name, fence.line));
        }
    }
    findings
}

/// The folder that commands run in, with what they need.
struct Work {
    here: PathBuf,
    answers: PathBuf,
    script: PathBuf,
    before: PathBuf,
    programs: PathBuf,
}

impl Work {
    fn new(chapter: &Chapter, folder: &TempDir, place: impl Fn(&str) -> String) -> Self {
        let at = |name: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir(&path).unwrap();
            path
        };
        let (here, answers, programs) = (at("here"), at("answers"), at("programs"));
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_transom"), programs.join("transom")).unwrap();
        for fence in &chapter.fences {
            if let Role::File(name) = &fence.role {
                std::fs::write(here.join(name), place(&fence.text)).unwrap();
            }
        }
        let name = chapter.name.replace('/', "-");
        let work = Self { script: folder.path().join(format!("{name}.sh")), before: folder.path().join("before"), here, answers, programs };
        std::fs::write(&work.before, BEFORE).unwrap();
        std::fs::write(&work.script, place(&work.lines(chapter))).unwrap();
        work
    }

    /// The script. Its commands stand on the lines that they have in the chapter, so that what the shell says of lines is right.
    fn lines(&self, chapter: &Chapter) -> String {
        let mut lines = vec![String::new(); chapter.lines];
        for fence in &chapter.fences {
            let Role::Commands { refused } = fence.role else { continue };
            let refused = refused.map(|status| status.to_string()).unwrap_or_default();
            lines[fence.line - 1] = format!("exec > '{}'; REFUSED={refused}", self.answers.join(fence.line.to_string()).display());
            for (index, line) in fence.text.lines().enumerate() {
                lines[fence.line + index] = line.to_owned();
            }
        }
        lines.join("\n") + "\n"
    }

    fn command(&self, chapter: &str, data: &Path) -> Command {
        let others = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(std::iter::once(self.programs.clone()).chain(std::env::split_paths(&others))).unwrap();
        let mut command = Command::new("bash");
        command.arg(&self.script).current_dir(&self.here).env_clear().kill_on_drop(true);
        command.env("BASH_ENV", &self.before).env("CHAPTER", chapter).env("PATH", path);
        command.env("HOME", &self.here).env("LC_ALL", "C.UTF-8").env("DATA_DIR", data).env("NO_PROXY", "*");
        command.stdin(Stdio::null());
        command
    }

    /// What the commands of a fence answered.
    fn answer(&self, fence: &Fence) -> String {
        std::fs::read_to_string(self.answers.join(fence.line.to_string())).unwrap_or_default()
    }
}
