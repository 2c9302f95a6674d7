//! Asks the linker for packed relative relocations. The program is moved to a random address when it starts, and each of some
//! 450,000 pointers in it is put right then; written as a list of 24 bytes each, that is 11 MB to be read and to stay in memory.
//! Packed, it is a few hundred kilobytes.
//!
//! glibc reads them from 2.36 on, so they are asked for where the program is built for the system that builds it and that one can.
#![allow(clippy::disallowed_methods, reason = "cargo tells a build script by its environment what it builds for")]

use std::env;
use std::process::Command;

/// The first glibc that reads them.
const GLIBC: (u32, u32) = (2, 36);

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |variable: &str, value: &str| env::var(variable).is_ok_and(|found| found == value);
    let native = env::var("TARGET").is_ok_and(|target| is("HOST", &target));
    if native && is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") && glibc().is_some_and(|found| found >= GLIBC) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// Version of the C library of this system.
fn glibc() -> Option<(u32, u32)> {
    let output = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (major, minor) = text.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
}
