# The verbs people use. What they do is in xtask: `cargo xtask help`.

# Lists the verbs
default:
    @just --list

# Builds the server and runs it on http://localhost:3000
serve *args:
    cargo xtask serve {{args}}

# Runs every test
test *args:
    cargo xtask test {{args}}

# Everything that a change must pass
ci:
    cargo xtask ci

# Checks dependencies, manifests and front pages
tidy:
    cargo xtask tidy

# Runs the contract suite
contract *args:
    cargo xtask contract {{args}}

# Tries every operation of the API's description
description *args:
    cargo xtask description {{args}}

# Attacks the server as nobody, as an account and as an administrator
attack *args:
    cargo xtask attack {{args}}

# Kills the server again and again while files come and go
crash *args:
    cargo xtask crash {{args}}

# Measures what the server adds to a call, and writes docs/src/performance.md
bench *args:
    cargo xtask bench {{args}}

# Counts the instructions of the hot path's pieces
instructions *args:
    cargo xtask instructions {{args}}

# Does the main job against a real model
walkthrough *args:
    cargo xtask walkthrough {{args}}

# Formats the code
format:
    cargo fmt --all

# Builds the book
book:
    mdbook build docs
