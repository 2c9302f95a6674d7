"""An upstream that always says the same: OpenAI's API below /v1, Ollama's below /api. The port is the argument."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

OPENAI, OLLAMA, EMBEDDER = "gpt-4-turbo", "llama3.1:latest", "nomic-embed-text:latest"
ANSWER = "The warranty ends after two years."


def tag(name):
    details = {"parent_model": "", "format": "gguf", "family": "llama", "families": ["llama"], "parameter_size": "1B", "quantization_level": "Q4_0"}
    return {"name": name, "model": name, "modified_at": "2026-01-01T00:00:00Z", "size": 1, "digest": "0" * 64, "details": details}


def texts(body):
    given = body.get("input", body.get("prompt"))
    return given if isinstance(given, list) else [given]


def openai_chat(body):
    message = {"role": "assistant", "content": ANSWER}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": body.get("model"), "choices": [choice]}


def openai_embeddings(body):
    data = [{"object": "embedding", "index": index, "embedding": [1.0] * 8} for index, _ in enumerate(texts(body))]
    return {"object": "list", "model": body.get("model"), "data": data}


ANSWERS = {
    "/v1/models": lambda body: {"object": "list", "data": [{"id": OPENAI, "object": "model", "created": 1, "owned_by": "upstream"}]},
    "/v1/chat/completions": openai_chat,
    "/v1/embeddings": openai_embeddings,
    "/api/tags": lambda body: {"models": [tag(OLLAMA), tag(EMBEDDER)]},
    "/api/ps": lambda body: {"models": [tag(OLLAMA)]},
    "/api/version": lambda body: {"version": "0.12.6"},
    "/api/embed": lambda body: {"model": body.get("model"), "embeddings": [[1.0] * 8 for _ in texts(body)]},
    "/api/embeddings": lambda body: {"embedding": [1.0] * 8},
}


class Upstream(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        sent = self.body()
        try:
            body = json.loads(sent or b"{}")
        except ValueError:
            body = {}
        body = body if isinstance(body, dict) else {}
        path = self.path.split("?")[0]
        if path in ANSWERS:
            self.say("application/json", [ANSWERS[path](body)])
        elif path == "/api/chat" or path == "/api/generate":
            said = {"message": {"role": "assistant", "content": ANSWER}} if path == "/api/chat" else {"response": ANSWER}
            said = {"model": body.get("model"), "created_at": "2026-01-01T00:00:00Z", **said, "done": True, "done_reason": "stop"}
            self.say("application/json" if body.get("stream") is False else "application/x-ndjson", [said])
        else:
            self.say("application/json", [{"status": "success"}])

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer

    def body(self):
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def say(self, media, lines):
        text = "".join(json.dumps(line) + "\n" for line in lines).encode()
        self.send_response(200)
        self.send_header("content-type", media)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Upstream).serve_forever()
