//! What goes wrong in a worker, and whom it hurts: one call, for one sentence.

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{House, ask, beside, fails, says, text_of, until, whole};
use futures_util::StreamExt;
use futures_util::future::join_all;
use serde_json::json;
use transom_llm::{ChatAnswer, Function, FunctionRuntime};

const FAILING: &str = r#"
import asyncio, os, sys, time

class Pipe:
    def pipes(self): return [{"id": "a", "name": "a"}]
    async def pipe(self, body):
        kind = body["kind"]
        if kind == "pid": return str(os.getpid())
        if kind == "wait":
            await asyncio.sleep(body.get("seconds", 60))
            return "waited"
        if kind == "crash": os.kill(os.getpid(), 11)
        if kind == "exit": os._exit(7)
        if kind == "sys_exit": sys.exit(3)
        if kind == "spin":
            while True: pass
        if kind == "spin_stubbornly":
            while True:
                try: self.spin()
                except BaseException: pass
        if kind == "spin_in_generator": return self.generator()
        if kind == "hold": time.sleep(60)
        if kind == "huge": return "x" * (100 << 20)
        if kind == "flood": return self.flood()
        if kind == "memory": return str(len(bytearray(8 << 30)))
        if kind == "print": print("x" * (1 << 20)); sys.stdout.flush(); return "printed"
        if kind == "write":
            try:
                with open("big", "wb") as file: file.write(b"x" * (2 << 20))
            except OSError as error: return error.strerror
        if kind == "open":
            try: return str(len([open("/dev/null") for _ in range(1000)]))
            except OSError as error: return error.strerror
        return "fine"
    def spin(self):
        while True: pass
    def generator(self):
        yield "one "
        while True: pass
    def flood(self):
        while True: yield "x" * 10000
"#;

fn house() -> House {
    House::with(|config| {
        config.limits.cpu_seconds = 1;
        config.limits.output_bytes = 1 << 20;
        config.limits.file_bytes = 1 << 20;
        config.limits.open_files = 64;
        config.grace = Duration::from_millis(500);
    })
}

#[tokio::test]
async fn a_crash_fails_its_calls_and_the_next_call_finds_a_new_worker() {
    let house = house();
    let function = house.function(FAILING);
    for (kind, sentence) in
        [("crash", "the function's process crashed (signal 11)"), ("exit", "the function ended its process (exit status 7)")]
    {
        let (other, pid) = beside(&function, 60.0).await;
        assert_eq!(fails(&function, json!({"kind": kind})).await, (502, sentence.to_owned()));
        let other = other.await.expect("it ran").expect_err("it died with it").to_string();
        assert!(other.contains("the function's process crashed") || other.contains("the function ended its process"), "{other}");
        assert_ne!(says(&function, json!({"kind": "pid"})).await, pid);
    }
}

#[tokio::test]
async fn an_endless_loop_fails_its_call_alone() {
    let house = house();
    let function = house.function(FAILING);
    for kind in ["spin", "spin_in_generator"] {
        let (other, pid) = beside(&function, 8.0).await;
        let (status, words) = fails(&function, json!({"kind": kind})).await;
        assert_eq!((status, words.as_str()), (500, "the function used more than 1 s of processor time for one call"), "{kind}");
        assert_eq!(text_of(&other.await.expect("it ran").expect("an answer")), "waited");
        assert_eq!(says(&function, json!({"kind": "pid"})).await, pid);
    }
}

#[tokio::test]
async fn a_loop_that_nothing_interrupts_ends_its_process() {
    let house = house();
    let function = house.function(FAILING);
    let (_, words) = fails(&function, json!({"kind": "spin_stubbornly"})).await;
    assert_eq!(words, "the function used more processor time than it may, and its process was ended");
    assert_eq!(says(&function, json!({"kind": "fine"})).await, "fine");
}

#[tokio::test]
async fn a_call_that_outlasts_the_deadline_fails_alone() {
    let house = House::with(|config| config.deadline = Duration::from_secs(2));
    let function = house.function(FAILING);
    let (_, pid) = beside(&function, 0.1).await;
    let (status, words) = fails(&function, json!({"kind": "wait"})).await;
    assert_eq!((status, words.as_str()), (504, "the function did not end within 2 s"));
    assert_eq!(says(&function, json!({"kind": "pid"})).await, pid);
}

#[tokio::test]
async fn a_worker_that_does_not_answer_is_ended_after_the_deadline() {
    let house = House::with(|config| {
        config.deadline = Duration::from_secs(2);
        config.grace = Duration::from_millis(300);
    });
    let function = house.function(FAILING);
    let pid = says(&function, json!({"kind": "pid"})).await;
    assert_eq!(fails(&function, json!({"kind": "hold"})).await.0, 504);
    until(async || says_or_fails(&function).await.is_some_and(|now| now != pid)).await;
}

async fn says_or_fails(function: &Arc<dyn Function>) -> Option<String> {
    whole(function, ask(json!({"kind": "pid"}), false)).await.ok().map(|answer| text_of(&answer).to_owned())
}

#[tokio::test]
async fn too_much_output_fails_its_call_alone() {
    let house = house();
    let function = house.function(FAILING);
    let (other, pid) = beside(&function, 2.0).await;
    for kind in ["huge", "flood"] {
        let (status, words) = fails(&function, json!({"kind": kind})).await;
        assert_eq!((status, words.as_str()), (500, "the function's answer is larger than 1048576 bytes"), "{kind}");
    }
    assert_eq!(text_of(&other.await.expect("it ran").expect("an answer")), "waited");
    assert_eq!(says(&function, json!({"kind": "pid"})).await, pid);
}

#[tokio::test]
async fn exhausted_memory_fails_its_call_alone() {
    let house = house();
    let function = house.function(FAILING);
    let (other, _) = beside(&function, 1.0).await;
    let (status, words) = fails(&function, json!({"kind": "memory"})).await;
    assert_eq!((status, words.as_str()), (500, "the function needed more memory than the 2048 MiB that it may have"));
    assert_eq!(text_of(&other.await.expect("it ran").expect("an answer")), "waited");
}

#[tokio::test]
async fn files_are_few_and_small_and_in_the_functions_own_folder() {
    let house = house();
    let function = house.function(FAILING);
    assert_eq!(says(&function, json!({"kind": "write"})).await, "File too large");
    assert_eq!(says(&function, json!({"kind": "open"})).await, "Too many open files");
    assert!(house.folder.path().join("functions/f/work/big").exists());
    house.runtime.forget("f").await;
    assert!(!house.folder.path().join("functions/f").exists());
}

#[tokio::test]
async fn what_a_function_prints_is_no_message() {
    let house = house();
    let function = house.function(FAILING);
    assert_eq!(says(&function, json!({"kind": "print"})).await, "printed");
    let (_, words) = fails(&function, json!({"kind": "sys_exit"})).await;
    assert_eq!(words, "3");
    assert_eq!(says(&function, json!({"kind": "fine"})).await, "fine");
}

#[tokio::test]
async fn a_hundred_calls_run_at_once() {
    let house = House::new();
    let function = house.function(
        r#"
import threading
barrier = threading.Barrier(100)
class Pipe:
    def pipe(self, body):
        # Nobody goes on before all have come.
        barrier.wait(60)
        yield f"{body['n']} "
        barrier.wait(60)
        yield "done"
"#,
    );
    let calls = (0..100).map(|n| {
        let function = function.clone();
        async move { says(&function, json!({"n": n})).await }
    });
    for (n, answer) in join_all(calls).await.into_iter().enumerate() {
        assert_eq!(answer, format!("{n} done"));
    }
}

const LEAVING: &str = r#"
import asyncio, pathlib, time
class Pipe:
    def pipe(self, body):
        if body["kind"] == "thread": return self.thread()
        if body["kind"] == "left": return "yes" if pathlib.Path(body["file"]).exists() else "no"
        return self.task()
    def thread(self):
        try:
            while True:
                yield "x"
                time.sleep(0.01)
        finally:
            pathlib.Path("thread").touch()
    async def task(self):
        try:
            yield "x"
            await asyncio.sleep(600)
        finally:
            pathlib.Path("task").touch()
"#;

#[tokio::test]
async fn a_client_that_leaves_cancels_the_pipe() {
    let house = House::new();
    let function = house.function(LEAVING);
    for kind in ["task", "thread"] {
        let ChatAnswer::Sse(mut stream) = function.chat(ask(json!({"kind": kind}), true)).await.expect("a stream") else {
            panic!("a stream was asked for")
        };
        assert!(stream.next().await.is_some_and(|part| part.is_ok()));
        drop(stream);
        until(async || says(&function, json!({"kind": "left", "file": kind})).await == "yes").await;
    }
}

#[tokio::test]
async fn a_client_that_leaves_before_the_answer_cancels_the_pipe() {
    let house = House::new();
    let function = house.function(
        r#"
import asyncio, pathlib
class Pipe:
    async def pipe(self, body):
        if body.get("left"): return "yes" if pathlib.Path("left").exists() else "no"
        pathlib.Path("begun").touch()
        try: await asyncio.sleep(600)
        finally: pathlib.Path("left").touch()
"#,
    );
    assert_eq!(says(&function, json!({"left": true})).await, "no");
    let waiting = function.clone();
    let call = tokio::spawn(async move { whole(&waiting, ask(json!({}), false)).await });
    let begun = house.folder.path().join("functions/f/work/begun");
    until(async || begun.exists()).await;
    call.abort();
    until(async || says(&function, json!({"left": true})).await == "yes").await;
}

#[tokio::test]
async fn a_call_that_cannot_be_interrupted_costs_its_worker_and_nobody_else() {
    let house = House::with(|config| {
        config.deadline = Duration::from_secs(3);
        config.grace = Duration::from_millis(300);
    });
    let function = house.function(
        r#"
import os, time
class Pipe:
    def pipe(self, body):
        if body.get("stuck"): time.sleep(600)
        return str(os.getpid())
"#,
    );
    let pid = says(&function, json!({})).await;
    assert_eq!(fails(&function, json!({"stuck": true})).await.0, 504);
    until(async || says(&function, json!({})).await != pid).await;
    until(async || !std::path::Path::new("/proc").join(&pid).exists()).await;
}
