//! The page for people: a console in the browser, which uses the public API alone.
