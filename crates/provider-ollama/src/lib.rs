//! Ollama upstreams behind the ports of transom-llm, and the transparent proxy to them.
