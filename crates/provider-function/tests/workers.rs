//! Workers' lives: when they start, what they are given, when they end.

mod common;

use std::time::Duration;

use common::{House, beside, config, says, text_of, until};
use serde_json::json;
use transom_llm::{FunctionError, FunctionRuntime};
use transom_provider_function::PythonRuntime;

const PIPE: &str = r#"
import asyncio, os
class Pipe:
    async def pipe(self, body):
        if body.get("kind") == "wait":
            await asyncio.sleep(body["seconds"])
            return "waited"
        return "fine" if body.get("kind") == "fine" else str(os.getpid())
"#;

#[tokio::test]
async fn an_idle_worker_is_stopped_and_started_again_when_needed() {
    let house = House::with(|config| config.idle = Duration::from_millis(300));
    let function = house.function(PIPE);
    let pid = says(&function, json!({})).await;
    let gone = |pid: String| async move { !std::path::Path::new("/proc").join(pid).exists() };
    until(|| gone(pid.clone())).await;
    assert_ne!(says(&function, json!({})).await, pid);
}

#[tokio::test]
async fn a_client_that_leaves_while_the_code_loads_does_not_end_the_loading() {
    let house = House::new();
    says(&house.function(PIPE), json!({})).await;
    let function = house.runtime.function(
        "slow",
        "import os, time\nopen('loads', 'a').write('x')\ntime.sleep(1)\nclass Pipe:\n    def pipe(self, body): return open('loads').read()\n",
    );
    let loads = house.folder.path().join("functions/slow/work/loads");
    let waiting = function.clone();
    let call = tokio::spawn(async move { waiting.about().await });
    until(async || loads.exists()).await;
    call.abort();
    assert_eq!(says(&function, json!({})).await, "x");
}

#[tokio::test]
async fn a_function_that_is_dropped_or_switched_off_leaves_no_process() {
    let house = House::new();
    let gone = |pid: String| async move { !std::path::Path::new("/proc").join(pid).exists() };
    let dropped = house.function(PIPE);
    let pid = says(&dropped, json!({})).await;
    drop(dropped);
    until(|| gone(pid.clone())).await;
    let stopped = house.function(PIPE);
    let (other, pid) = beside(&stopped, 60.0).await;
    stopped.stop();
    assert!(other.await.expect("it ran").expect_err("it was ended").to_string().contains("the function was switched off"));
    until(|| gone(pid.clone())).await;
}

#[tokio::test]
async fn a_function_that_is_replaced_ends_the_calls_that_it_has() {
    let house = House::new();
    let function = house.function(PIPE);
    let (other, _) = beside(&function, 1.0).await;
    drop(function);
    assert_eq!(text_of(&other.await.expect("it ran").expect("an answer")), "waited");
}

#[tokio::test]
async fn what_a_function_started_ends_with_its_worker() {
    let house = House::new();
    let source = r#"
import subprocess
class Pipe:
    def pipe(self, body): return str(subprocess.Popen(["sleep", "600"]).pid)
"#;
    let function = house.function(source);
    let pid = says(&function, json!({})).await;
    assert!(std::path::Path::new("/proc").join(&pid).exists());
    drop(function);
    let state = || std::fs::read_to_string(format!("/proc/{pid}/stat")).map(|stat| stat.contains(") Z")).unwrap_or(true);
    until(async || state()).await;
}

#[tokio::test]
async fn no_variable_of_the_server_is_in_a_workers_environment() {
    let house = House::with(|config| {
        for (name, value) in [("WEBUI_SECRET_KEY", "s3cret"), ("DATABASE_URL", "postgres://s3cret"), ("OPENAI_API_KEY", "s3cret")] {
            config.variables.push((name.into(), value.into()));
        }
    });
    let function = house.function(
        r#"
import os
class Pipe:
    def pipe(self, body): return open("/proc/self/environ").read().replace("\0", "\n") + repr(dict(os.environ))
"#,
    );
    let seen = says(&function, json!({})).await;
    assert!(seen.contains("PATH=") && !seen.contains("s3cret"), "{seen}");
}

#[tokio::test]
async fn an_environment_that_is_there_needs_no_network() {
    let house = House::new();
    says(&house.function(PIPE), json!({"kind": "fine"})).await;
    // Another server, whose package index is nowhere.
    let second = House::with(|config| config.variables.push(("PIP_INDEX_URL".into(), "http://127.0.0.1:9/".into())));
    assert_eq!(says(&second.function(PIPE), json!({"kind": "fine"})).await, "fine");
}

#[tokio::test]
async fn requirements_are_installed_only_where_that_is_allowed() {
    let packages = tempfile::tempdir().expect("a folder");
    let wheel = packages.path().join("tiny-1.0-py3-none-any.whl");
    let make = r#"
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    wheel.writestr("tiny.py", "WORD = 'tiny'\n")
    wheel.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
    wheel.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    wheel.writestr("tiny-1.0.dist-info/RECORD", "")
"#;
    let made = tokio::process::Command::new("python3").arg("-c").arg(make).arg(&wheel).status().await.expect("it runs");
    assert!(made.success());
    let requirements = format!("requirements: httpx, {}", wheel.display());
    let source = format!("\"\"\"\n{requirements}\n\"\"\"\nimport tiny\nclass Pipe:\n    def pipe(self, body): return tiny.WORD\n");
    let forbidden = House::new().function(&source).about().await.expect_err("it is not there").to_string();
    assert!(forbidden.contains("No module named 'tiny'; the function's requirements are installed only where"), "{forbidden}");
    let allowed = House::with(|config| config.requirements = true);
    assert_eq!(says(&allowed.function(&source), json!({})).await, "tiny");
    let offline = "\"\"\"\nrequirements: /no/such/package.whl\n\"\"\"\nclass Pipe:\n    def pipe(self, body): return ''\n";
    let failed = allowed.runtime.function("g", offline).about().await.expect_err("it cannot be installed").to_string();
    assert!(failed.starts_with("the packages that Python functions need cannot be installed"), "{failed}");
}

#[tokio::test]
async fn without_python_a_sentence_says_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let unavailable = async |interpreter: &std::path::Path| {
        let mut config = config(folder.path());
        config.interpreter = Some(interpreter.to_owned());
        match PythonRuntime::new(config).function("f", PIPE).about().await {
            Err(FunctionError::Unavailable(sentence)) => sentence,
            other => panic!("it cannot run: {other:?}"),
        }
    };
    let none = unavailable("/no/such/python3".as_ref()).await;
    assert_eq!(
        none,
        "Python functions need Python 3.10 or newer, and this machine has none: install python3 or name one with TRANSOM_PYTHON"
    );
    let old = folder.path().join("old");
    std::fs::write(&old, "#!/bin/sh\necho 3 8 /usr/bin/python3.8\n").expect("written");
    std::fs::set_permissions(&old, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("executable");
    assert!(unavailable(&old).await.contains("this machine has 3.8"));
}
