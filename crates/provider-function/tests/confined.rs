//! Functions that try to reach what is not theirs: every attempt is refused, and what they need goes on working.
//!
//! The functions run as this test's account, which owns everything that they try to reach.
#![cfg(target_os = "linux")]

mod common;

use std::path::Path;
use std::sync::Arc;

use common::{House, fails, says, until};
use serde_json::{Value, json};
use transom_llm::{Function, FunctionRuntime};
use transom_provider_function::PythonRuntime;

/// A pipe that runs the Python it is sent and tells its `result`, or what was raised.
const OBEDIENT: &str = r#"
import ctypes, os, shutil, signal, socket, sqlite3, subprocess, sys, tempfile, time
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    if libc.syscall(number, *arguments) == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
class Pipe:
    def pipe(self, body):
        found = {**globals(), **body.get("given", {}), "result": "done"}
        try:
            exec(body["code"], found)
        except BaseException as error:
            return f"refused: {type(error).__name__}: {error}"
        return str(found["result"])
"#;

async fn run(function: &Arc<dyn Function>, code: &str, given: Value) -> String {
    says(function, json!({"code": code, "given": given})).await
}

async fn refused(function: &Arc<dyn Function>, code: &str, given: Value) {
    let said = run(function, code, given).await;
    assert!(said.starts_with("refused: PermissionError") || said.starts_with("refused: OperationalError"), "{code}: {said}");
}

/// A data folder as a server has it, with the functions' folder inside.
fn installation() -> House {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["uploads", "vectors"] {
        std::fs::create_dir(folder.path().join(name)).expect("a folder");
    }
    for name in ["secret_key", "transom.db", "uploads/document", "vectors/table"] {
        std::fs::write(folder.path().join(name), "s3cret").expect("a file");
    }
    let mut config = common::config(&folder.path().join("functions"));
    config.hidden = vec![folder.path().to_owned()];
    House { folder, runtime: PythonRuntime::new(config) }
}

#[tokio::test]
async fn a_function_cannot_read_change_or_list_the_servers_data() {
    let house = installation();
    let function = house.function(OBEDIENT);
    let data = json!({"data": house.folder.path()});
    for code in [
        "open(f'{data}/secret_key').read()",
        "open(f'{data}/transom.db', 'rb').read()",
        "open(f'{data}/uploads/document').read()",
        "os.listdir(data)",
        "os.listdir(f'{data}/uploads')",
        "sqlite3.connect(f'{data}/transom.db').execute('select 1 from sqlite_master').fetchall()",
        "open(f'{data}/secret_key', 'w')",
        "open(f'{data}/new', 'w')",
        "os.truncate(f'{data}/transom.db', 0)",
        "os.unlink(f'{data}/transom.db')",
        "os.rename(f'{data}/secret_key', 'mine')",
        "os.link(f'{data}/secret_key', 'mine')",
        "os.symlink(f'{data}/secret_key', 'link'); open('link').read()",
        "call(90, f'{data}/secret_key'.encode(), 0o777)",
        "os.chmod(f'{data}/secret_key', 0o777)",
        "os.chown(f'{data}/secret_key', 1, 1)",
        "os.setxattr(f'{data}/secret_key', 'user.x', b'x')",
        "subprocess.run(['cat', f'{data}/secret_key'], check=True, stderr=subprocess.PIPE); result = 'read'",
    ] {
        if code.starts_with("call(90") && !cfg!(target_arch = "x86_64") {
            continue;
        }
        let said = run(&function, code, data.clone()).await;
        assert!(said.starts_with("refused: ") && !said.contains("s3cret"), "{code}: {said}");
    }
    for name in ["secret_key", "transom.db"] {
        assert_eq!(std::fs::read_to_string(house.folder.path().join(name)).expect("still there"), "s3cret");
    }
}

#[tokio::test]
async fn a_function_cannot_look_into_other_processes() {
    let house = House::new();
    let function = house.function(OBEDIENT);
    for parent in [std::process::id(), 1] {
        for file in ["environ", "mem", "maps", "cmdline", "status", "fd", "cwd/x"] {
            let open = if file == "fd" { "os.listdir" } else { "open" };
            refused(&function, &format!("{open}(f'/proc/{{parent}}/{file}')"), json!({"parent": parent})).await;
        }
    }
    refused(&function, "os.listdir('/proc')", json!({})).await;
    let parent = json!({"parent": std::process::id()});
    let ptrace = if cfg!(target_arch = "x86_64") { 101 } else { 117 };
    refused(&function, &format!("call({ptrace}, 16, parent, 0, 0)"), parent.clone()).await;
    refused(&function, "fd = os.pidfd_open(parent)\ncall(438, fd, 1, 0)", parent.clone()).await;
    refused(&function, "import resource\nresource.prlimit(parent, resource.RLIMIT_NOFILE, (3, 3))", parent.clone()).await;
    refused(&function, "os.setpriority(os.PRIO_PROCESS, parent, 19)", parent.clone()).await;
    // Its own are its own.
    assert!(run(&function, "result = open('/proc/self/environ').read()", json!({})).await.contains("TMPDIR="));
}

#[tokio::test]
async fn a_function_cannot_signal_the_server() {
    let house = House::new();
    let function = house.function(OBEDIENT);
    if transom_confine::Protection::of_this_system().landlock < 6 {
        return;
    }
    refused(&function, "os.kill(parent, 0)", json!({"parent": std::process::id()})).await;
    refused(&function, "os.kill(os.getppid(), 0)", json!({})).await;
}

#[tokio::test]
async fn a_function_writes_nowhere_but_into_its_own_folders() {
    let house = House::new();
    let function = house.function(OBEDIENT);
    let worker = house.folder.path().join("worker/transom_worker.py");
    for place in
        ["/tmp/transom-was-here", "/usr/transom-was-here", "/etc/transom-was-here", "/dev/shm/transom-was-here", "/root/transom-was-here"]
    {
        refused(&function, "open(place, 'w')", json!({"place": place})).await;
        assert!(!Path::new(place).exists(), "{place}");
    }
    refused(&function, "open(place, 'a')", json!({"place": worker})).await;
    refused(&function, "import pydantic; open(pydantic.__file__, 'a')", json!({})).await;
    // Neither into another function's.
    let other = house.runtime.function("other", OBEDIENT);
    assert_eq!(run(&other, "open('own', 'w').write('x')", json!({})).await, "done");
    let own = house.folder.path().join("functions/other/work/own");
    assert!(own.exists());
    refused(&function, "open(place)", json!({"place": own})).await;
}

#[tokio::test]
async fn a_function_reads_no_secret_of_the_machine() {
    let house = House::new();
    let function = house.function(OBEDIENT);
    for code in ["open('/etc/shadow')", "os.listdir('/root')", "os.listdir('/home')", "os.listdir('/etc')", "os.listdir('/var/lib')"] {
        refused(&function, code, json!({})).await;
    }
}

#[tokio::test]
async fn a_function_gains_no_privilege_even_where_the_server_is_root() {
    let house = House::new();
    let function = house.function(OBEDIENT);
    let status = run(&function, "result = open('/proc/self/status').read()", json!({})).await;
    for line in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
        // Who was nobody in particular keeps a bounding set, and can gain nothing from it.
        let of_root = rustix::process::getuid().is_root() || line != "CapBnd:";
        let found = status.lines().find_map(|found| found.strip_prefix(line)).expect("a set").trim();
        assert!(!of_root || found.bytes().all(|digit| digit == b'0'), "{line} {found}");
    }
    assert!(status.contains("NoNewPrivs:\t1") && status.contains("Seccomp:\t2"), "{status}");
    for code in [
        "os.setuid(1)",
        "os.setgid(1)",
        "os.setgroups([1])",
        "os.chroot('.')",
        "call(272 if os.uname().machine == 'x86_64' else 97, 0x10000000)",
    ] {
        refused(&function, code, json!({})).await;
    }
    refused(&function, "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)", json!({})).await;
    // Programs that it starts are held to the same.
    let code = "result = subprocess.run(['grep', 'CapEff', '/proc/self/status'], capture_output=True, text=True); result = result.stdout + result.stderr";
    let said = run(&function, code, json!({})).await;
    assert!(said.contains("0000000000000000") || said.contains("Permission denied"), "{said}");
}

#[tokio::test]
async fn a_function_reaches_the_network_and_no_socket_of_this_machine() {
    let house = House::new();
    let function = house.function(OBEDIENT);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = json!({"port": listener.local_addr().expect("an address").port()});
    assert_eq!(run(&function, "socket.create_connection(('127.0.0.1', port)).close()", port).await, "done");
    assert!(run(&function, "result = socket.getaddrinfo('localhost', 80)", json!({})).await.contains("127.0.0.1"));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("engine.sock");
    let _engine = std::os::unix::net::UnixListener::bind(&path).expect("a socket");
    refused(&function, "socket.socket(socket.AF_UNIX).connect(path)", json!({"path": path})).await;
    refused(&function, "socket.socketpair(type=socket.SOCK_DGRAM)", json!({})).await;
    // What asyncio and subprocesses need is there.
    assert_eq!(run(&function, "a, b = socket.socketpair()\na.send(b'x')\nresult = b.recv(1)", json!({})).await, "b'x'");
}

#[tokio::test]
async fn a_function_that_starts_more_processes_than_it_may_is_ended_with_all_of_them() {
    let house = House::with(|config| config.limits.processes = 8);
    let function = house.function(OBEDIENT);
    // Each child becomes an orphan at once, and writes down that it lives.
    let code = r#"
for number in range(40):
    if os.fork() == 0:
        if os.fork() == 0:
            open(f"child-{os.getpid()}", "w").close()
            time.sleep(600)
        os._exit(0)
    os.wait()
time.sleep(600)
"#;
    let (status, words) = fails(&function, json!({"code": code})).await;
    assert_eq!((status, words.as_str()), (502, "the function started more than 8 processes and was ended"));
    none_lives(&house, "child-").await;
    assert_eq!(run(&function, "pass", json!({})).await, "done");
}

#[tokio::test]
async fn a_fork_bomb_is_ended() {
    let house = House::new();
    let function = house.function(OBEDIENT);
    // Bounded, so that a machine where it is not ended survives the test.
    let code = "for _ in range(9): os.fork()\nopen(f'child-{os.getpid()}', 'w').close()\ntime.sleep(600)";
    assert_eq!(fails(&function, json!({"code": code})).await.1, "the function started more than 64 processes and was ended");
    none_lives(&house, "child-").await;
    assert_eq!(run(&function, "pass", json!({})).await, "done");
}

#[tokio::test]
async fn processes_of_a_function_hold_no_more_memory_together_than_one() {
    let house = House::with(|config| config.limits.memory_bytes = 1 << 30);
    let function = house.function(OBEDIENT);
    let code = r#"
for _ in range(4):
    if os.fork() == 0:
        held = bytearray(300 << 20)
        held[::4096] = b"x" * len(held[::4096])
        time.sleep(600)
time.sleep(600)
"#;
    let words = fails(&function, json!({"code": code})).await.1;
    assert_eq!(words, "the function's processes held more than 1024 MiB of memory together and were ended");
}

#[tokio::test]
async fn nothing_that_a_function_started_outlives_its_worker() {
    let house = House::new();
    let function = house.function(OBEDIENT);
    for code in ["os.setsid()", "os.setpgid(0, 0)", "subprocess.Popen(['sleep', '600'], start_new_session=True)"] {
        refused(
            &function,
            &format!(
                "if os.fork() == 0:\n  try: {code}\n  except OSError: os._exit(1)\n  os._exit(0)\nif os.wait()[1]: raise PermissionError"
            ),
            json!({}),
        )
        .await;
    }
    refused(&function, "libc.prctl(36, 0, 0, 0, 0) and call(157 if os.uname().machine == 'x86_64' else 167, 36, 0, 0, 0, 0)", json!({}))
        .await;
    let orphan = "if os.fork() == 0:\n  if os.fork() == 0:\n    open(f'child-{os.getpid()}', 'w').close(); time.sleep(600)\n  os._exit(0)\nos.wait()";
    assert_eq!(run(&function, orphan, json!({})).await, "done");
    let work = house.folder.path().join("functions/f/work");
    until(async || children(&work, "child-").len() == 1).await;
    drop(function);
    none_lives(&house, "child-").await;
}

#[tokio::test]
async fn what_functions_commonly_do_with_files_and_programs_works() {
    let house = House::new();
    let function = house.function(OBEDIENT);
    for code in [
        "file = tempfile.NamedTemporaryFile(); file.write(b'x'); file.flush()",
        "folder = tempfile.mkdtemp(); open(f'{folder}/a', 'w').close(); shutil.rmtree(folder)",
        "db = sqlite3.connect('own.db'); db.execute('pragma journal_mode=wal'); db.execute('create table t(a)'); db.commit(); db.close()",
        "open('a', 'w').write('x'); shutil.copy('a', 'b'); os.replace('b', 'c'); assert open('c').read() == 'x'",
        "assert subprocess.run(['sh', '-c', 'echo one; ls /usr/bin >/dev/null'], capture_output=True, check=True).stdout == b'one\\n'",
        "assert subprocess.run([sys.executable, '-c', 'import ssl, json; print(1)'], capture_output=True, check=True).stdout == b'1\\n'",
        "import ssl; assert ssl.create_default_context().get_ca_certs() is not None",
        "import httpx, requests, aiohttp, fastapi, zoneinfo; zoneinfo.ZoneInfo('Europe/Berlin') if os.path.exists('/usr/share/zoneinfo') else None",
        "import asyncio; asyncio.run(asyncio.sleep(0))",
        "import pwd, locale, platform, mimetypes; pwd.getpwuid(os.getuid()); platform.platform(); mimetypes.guess_type('a.pdf')",
        "open('/dev/null', 'w').write('x'); os.urandom(4); open('/dev/urandom', 'rb').read(4)",
    ] {
        assert_eq!(run(&function, code, json!({})).await, "done", "{code}");
    }
}

#[tokio::test]
async fn a_data_folder_below_a_folder_of_programs_is_hidden_all_the_same() {
    let house = installation();
    let programs = house.folder.path().parent().expect("a parent").to_owned();
    let mut config = common::config(&house.folder.path().join("functions"));
    config.hidden = vec![house.folder.path().to_owned()];
    // As where certificates, or Python itself, are in a folder above the server's data.
    config.variables.push(("SSL_CERT_DIR".into(), programs.into()));
    let function = PythonRuntime::new(config).function("f", OBEDIENT);
    assert_eq!(run(&function, "pass", json!({})).await, "done");
    refused(&function, "open(f'{data}/secret_key')", json!({"data": house.folder.path()})).await;
}

#[tokio::test]
async fn a_function_runs_where_the_folder_is_named_from_the_current_one() {
    let current = std::env::current_dir().expect("a folder");
    let folder = tempfile::tempdir_in(&current).expect("a folder");
    let relative = Path::new(folder.path().file_name().expect("a name"));
    let mut config = common::config(relative);
    assert!(config.folder.is_relative());
    config.hidden = vec![relative.to_owned()];
    let function = PythonRuntime::new(config).function("f", OBEDIENT);
    assert_eq!(run(&function, "open('own', 'w').close()", json!({})).await, "done");
    assert!(folder.path().join("functions/f/work/own").exists());
}

#[tokio::test]
async fn a_launcher_that_confines_nobody_starts_no_function() {
    let house = House::with(|config| config.launcher.path = "/bin/true".into());
    let error = house.function(OBEDIENT).about().await.expect_err("it does not run").to_string();
    assert!(error.contains("the function's process did not start"), "{error}");
}

/// The processes that wrote down that they live.
fn children(work: &Path, prefix: &str) -> Vec<u32> {
    let names = std::fs::read_dir(work).expect("the folder").map(|entry| entry.expect("an entry").file_name());
    names.filter_map(|name| name.to_str()?.strip_prefix(prefix)?.parse().ok()).collect()
}

async fn none_lives(house: &House, prefix: &str) {
    let work = house.folder.path().join("functions/f/work");
    let lives = |id: &u32| std::fs::read_to_string(format!("/proc/{id}/stat")).is_ok_and(|stat| !stat.contains(") Z"));
    until(async || !children(&work, prefix).iter().any(lives)).await;
}
