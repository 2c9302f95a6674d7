// Programs that call this server: as a person copies them, with the server's address, a key and a model in them.

/** What the programs do. */
export const TASKS = ['ask', 'cited'];

const json = (value) => JSON.stringify(value);
/** A word of a POSIX shell. */
const word = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/** The curl call for a request. */
export function curl({ server, key, body, path = '/api/chat/completions' }) {
  return `curl -N ${word(server + path)} \\
  -H ${word(`Authorization: Bearer ${key}`)} \\
  -H 'Content-Type: application/json' \\
  -d ${word(JSON.stringify(body, null, 2))}`;
}

const question = (content) => [{ role: 'user', content }];

/** By language, then by task. */
export const SNIPPETS = {
  curl: {
    title: 'curl',
    ask: ({ server, key, model }) => curl({ server, key, body: { model, stream: true, messages: question('Why is the sky blue?') } }),
    cited: ({ server, key, model }) => `file=$(curl -s ${word(`${server}/api/v1/files/?process_in_background=false`)} \\
  -H ${word(`Authorization: Bearer ${key}`)} -F file=@manual.pdf | jq -r .id)

curl -N ${word(`${server}/api/chat/completions`)} \\
  -H ${word(`Authorization: Bearer ${key}`)} \\
  -H 'Content-Type: application/json' \\
  -d "{
    \\"model\\": ${json(json(model)).slice(1, -1)}, \\"stream\\": true,
    \\"messages\\": [{\\"role\\": \\"user\\", \\"content\\": \\"How do I change the filter?\\"}],
    \\"files\\": [{\\"type\\": \\"file\\", \\"id\\": \\"$file\\"}]}"`,
  },
  python: {
    title: 'Python',
    ask: ({ server, key, model }) => `import requests

answer = requests.post(
    ${json(`${server}/api/chat/completions`)},
    headers={"Authorization": ${json(`Bearer ${key}`)}},
    json={
        "model": ${json(model)},
        "messages": [{"role": "user", "content": "Why is the sky blue?"}],
    },
)
answer.raise_for_status()
print(answer.json()["choices"][0]["message"]["content"])`,
    cited: ({ server, key, model }) => `import requests

server = ${json(server)}
session = requests.Session()
session.headers["Authorization"] = ${json(`Bearer ${key}`)}

with open("manual.pdf", "rb") as document:
    file = session.post(
        f"{server}/api/v1/files/",
        params={"process_in_background": "false"},
        files={"file": document},
    ).json()

answer = session.post(
    f"{server}/api/chat/completions",
    json={
        "model": ${json(model)},
        "messages": [{"role": "user", "content": "How do I change the filter?"}],
        "files": [{"type": "file", "id": file["id"]}],
    },
).json()
print(answer["choices"][0]["message"]["content"])
for source in answer["sources"]:
    for about in source["metadata"]:
        print(about["name"], about.get("page_label", ""))`,
  },
  openai: {
    title: 'OpenAI SDK',
    ask: ({ server, key, model }) => `from openai import OpenAI

client = OpenAI(base_url=${json(`${server}/api`)}, api_key=${json(key)})

stream = client.chat.completions.create(
    model=${json(model)},
    messages=[{"role": "user", "content": "Why is the sky blue?"}],
    stream=True,
)
for event in stream:
    if event.choices:
        print(event.choices[0].delta.content or "", end="")`,
    cited: ({ server, key, model }) => `from openai import OpenAI

client = OpenAI(base_url=${json(`${server}/api`)}, api_key=${json(key)})

# The id of a file or collection is in its address under Documents.
answer = client.chat.completions.create(
    model=${json(model)},
    messages=[{"role": "user", "content": "How do I change the filter?"}],
    extra_body={"files": [{"type": "collection", "id": "COLLECTION_ID"}]},
)
print(answer.choices[0].message.content)
print(answer.sources)`,
  },
};
