//! What tests share: a scripted upstream, fixtures, a clock that stands still.
