//! OpenAI-compatible upstreams behind the ports of transom-llm.
