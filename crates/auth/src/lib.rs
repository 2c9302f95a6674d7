//! Passwords, session tokens, API keys and their secrets.
