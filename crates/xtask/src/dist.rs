//! Builds the one file that users get: `dist/camlock`, statically linked, for this machine's architecture.
//!
//! It links glibc statically rather than musl: that needs no second C toolchain for SQLite, and keeps the allocator
//! that the figures were measured with.

use crate::workspace::{cargo, root, run, target_folder};
use anyhow::{Context, ensure};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// A program header that names a dynamic loader; a static program has none.
const PT_INTERP: u32 = 3;

pub fn run_dist() -> anyhow::Result<()> {
    ensure!(cfg!(target_os = "linux"), "dist builds for Linux, on Linux");
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let rustflags = format!("CARGO_TARGET_{}_RUSTFLAGS", target.to_uppercase().replace('-', "_"));
    run(cargo(&["build", "--quiet", "--release", "--package", "camlock", "--target", &target])
        .env(rustflags, "-C target-feature=+crt-static"))?;

    let built = target_folder().join(&target).join("release/camlock");
    let program = std::fs::read(&built).with_context(|| built.display().to_string())?;
    let interpreted = program_header_kinds(&program).context("cargo built something that is no 64-bit ELF file")?;
    ensure!(!interpreted.contains(&PT_INTERP), "{} asks for a dynamic loader", built.display());

    let folder = root().join("dist");
    // The volume of the container image begins as an empty folder.
    std::fs::create_dir_all(folder.join("data"))?;
    std::fs::copy(&built, folder.join("camlock"))?;
    let mut digest = String::new();
    for byte in Sha256::digest(&program) {
        write!(digest, "{byte:02x}")?;
    }
    println!("dist/camlock {target} static {} bytes sha256:{digest}", program.len());
    Ok(())
}

/// The types of the program headers of a little-endian 64-bit ELF file; `None` if it is not one.
fn program_header_kinds(program: &[u8]) -> Option<Vec<u32>> {
    if program.get(..6)? != b"\x7fELF\x02\x01" {
        return None;
    }
    let number = |at: usize, bytes: usize| {
        let field = program.get(at..at.checked_add(bytes)?)?;
        Some(field.iter().rev().fold(0usize, |value, byte| (value << 8) | usize::from(*byte)))
    };
    let (start, size, count) = (number(32, 8)?, number(54, 2)?, number(56, 2)?);
    (0..count).map(|index| number(start.checked_add(index * size)?, 4)?.try_into().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn program_headers_of_this_test_are_read() {
        let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let kinds = program_header_kinds(&program).unwrap();
        assert!(kinds.contains(&1), "PT_LOAD is missing in {kinds:?}");
    }

    #[test]
    fn other_files_are_refused() {
        assert_eq!(program_header_kinds(b"#!/bin/sh"), None);
        assert_eq!(program_header_kinds(b"\x7fELF\x02\x01"), None);
    }
}
