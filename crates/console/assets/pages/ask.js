// One question to one model, with documents attached; the answer as it comes, and what it rests on.

import { SERVER, at, events, get } from '../api.js';
import { Answer } from '../answer.js';
import { Code, Dialog, Empty, Failure, Icon, Page, Waiting, announce, html, useEffect, useLoad, useRef, useState } from '../ui.js';
import { curl } from '../snippets.js';
import { t } from '../words.js';

const KEPT = 'transom.model';

export function Ask({ config, query }) {
  const models = useLoad(() => get('/api/models'));
  const [model, setModel] = useState(query.model ?? localStorage.getItem(KEPT) ?? '');
  const [text, setText] = useState('');
  const [attached, setAttached] = useState([]);
  const [picking, setPicking] = useState(false);
  const [turn, setTurn] = useState();
  const stop = useRef();

  useEffect(() => { attachNamed(query, setAttached); }, [query.file, query.collection]);
  useEffect(() => () => stop.current?.abort(), []);

  const offered = (models.data?.data ?? []).filter(({ id }) => !/embed/i.test(id));
  const wanted = [model, ...(config.default_models ?? '').split(',')].find((id) => offered.some((one) => one.id === id));
  const chosen = wanted ?? offered[0]?.id ?? '';
  const body = (question) => ({
    model: chosen,
    stream: true,
    messages: [{ role: 'user', content: question }],
    ...(attached.length && { files: attached.map(({ type, id }) => ({ type, id })) }),
  });

  const ask = async () => {
    if (!text.trim() || !chosen || turn?.busy) return;
    const leaving = new AbortController();
    stop.current = leaving;
    const request = body(text.trim());
    let now = { request, question: text.trim(), text: '', thought: '', sources: [], busy: true };
    const show = (more) => {
      now = { ...now, ...more };
      setTurn(now);
    };
    show({});
    announce(t('ask.begun'));
    try {
      for await (const event of events('POST', '/api/chat/completions', request, leaving.signal)) show(taken(now, event));
      show({ busy: false });
      announce(t('ask.done'));
    } catch (error) {
      show({ busy: false, ...(error.name === 'AbortError' ? { stopped: true } : { error }) });
    }
  };
  const keys = (event) => {
    // Enter that chooses a word of an input method is not the question's end.
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
      event.preventDefault();
      ask();
    }
  };
  const choose = (id) => {
    setModel(id);
    localStorage.setItem(KEPT, id);
  };
  return html`<${Page} title=${t('part.ask')} lead=${t('ask.lead')}>
    <${Failure} error=${models.error} />
    <form class="composer" onSubmit=${(event) => { event.preventDefault(); ask(); }}>
      <textarea aria-label=${t('ask.question')} placeholder=${t('ask.question')} rows="3" value=${text}
        onInput=${(event) => setText(event.target.value)} onKeyDown=${keys}></textarea>
      ${attached.length > 0 && html`<ul class="chips" aria-label=${t('ask.attached')}>
        ${attached.map((one) => html`<li class="chip" key=${one.id}>
          <${Icon} name=${one.type === 'file' ? 'file' : 'shelf'} /><span>${one.name}</span>
          <button type="button" aria-label=${t('ask.detach', { name: one.name })}
            onClick=${() => setAttached(attached.filter(({ id }) => id !== one.id))}><${Icon} name="close" /></button>
        </li>`)}
      </ul>`}
      <div class="row slim">
        <button type="button" class="plain" onClick=${() => setPicking(true)}><${Icon} name="clip" />${t('ask.attach')}</button>
        <select class="end" aria-label=${t('model')} onChange=${(event) => choose(event.target.value)}>
          ${offered.map(({ id, name }) => html`<option key=${id} value=${id} selected=${id === chosen}>${name}</option>`)}
          ${!offered.length && html`<option value="">${t('models.none')}</option>`}
        </select>
        ${turn?.busy
          ? html`<button type="button" onClick=${() => stop.current.abort()}>${t('ask.stop')}</button>`
          : html`<button class="main" disabled=${!text.trim() || !chosen}>${t('ask.do')}</button>`}
      </div>
    </form>
    ${models.data && !offered.length && html`<p class="notice warn">${t('ask.no_models')}</p>`}
    ${turn ? html`<${Turn} turn=${turn} />` : html`<${Empty} icon="ask"><p>${t('ask.empty')}</p></${Empty}>`}
    ${picking && html`<${Picker} attached=${attached} onClose=${() => setPicking(false)} onPick=${setAttached} />`}
  </${Page}>`;
}

/** What an event adds to what is shown: sources, words, thoughts, a word about the work, or the failure that ends it. */
function taken(turn, event) {
  if (event.error) throw new Error(event.error.message ?? event.error.detail ?? String(event.error));
  const more = {};
  if (event.sources) more.sources = [...turn.sources, ...event.sources];
  const about = event.event;
  if (about?.type === 'status') more.status = about.data?.done ? undefined : about.data?.description;
  if (['source', 'citation'].includes(about?.type) && about.data?.document) more.sources = [...turn.sources, about.data];
  const delta = event.choices?.[0]?.delta ?? {};
  if (delta.content) more.text = turn.text + delta.content;
  const thought = delta.reasoning_content ?? delta.reasoning;
  if (thought) more.thought = turn.thought + thought;
  return more;
}

async function attachNamed({ file, collection }, setAttached) {
  if (!file && !collection) return;
  const type = file ? 'file' : 'collection';
  const id = file ?? collection;
  const known = await get(file ? at`/api/v1/files/${id}` : at`/api/v1/knowledge/${id}`).catch(() => undefined);
  if (!known) return;
  setAttached((before) => [...before.filter((one) => one.id !== id), { type, id, name: known.name ?? known.meta?.name ?? known.filename }]);
}

function Turn({ turn }) {
  return html`<section class="answer" aria-label=${t('ask.answer')} aria-busy=${String(Boolean(turn.busy))}>
    <p class="asked">${turn.question}</p>
    ${turn.status && html`<p class="soft" role="status">${turn.status}</p>`}
    ${turn.thought && html`<details><summary>${t('ask.thought')}</summary><p class="quote soft">${turn.thought}</p></details>`}
    <${Answer} text=${turn.text} sources=${turn.sources} busy=${turn.busy} />
    <${Failure} error=${turn.error} />
    ${turn.stopped && html`<p class="soft">${t('ask.stopped')}</p>`}
    <details>
      <summary>${t('ask.request')}</summary>
      <div class="stack tight">
        <p class="soft small">${t('ask.request.what')}</p>
        <${Code} label=${t('ask.request')} text=${curl({ server: SERVER, key: 'YOUR_API_KEY', body: turn.request })} />
      </div>
    </details>
  </section>`;
}

/** Chooses collections and files. */
function Picker({ attached, onClose, onPick }) {
  const [chosen, setChosen] = useState(attached);
  const [filter, setFilter] = useState('');
  const found = useLoad(async () => {
    const [shelves, files] = await Promise.all([
      get(`/api/v1/knowledge/?page=1${filter ? `&query=${encodeURIComponent(filter)}` : ''}`),
      get(`/api/v1/files/search?content=false&limit=100&filename=${encodeURIComponent(`*${filter}*`)}`).catch((error) => {
        if (error.status === 404) return [];
        throw error;
      }),
    ]);
    return [
      ...shelves.items.map(({ id, name }) => ({ type: 'collection', id, name })),
      ...files.filter((file) => file.data?.status === 'completed').map(({ id, filename, meta }) => ({ type: 'file', id, name: meta?.name ?? filename })),
    ];
  }, [filter]);
  const toggle = (one) => setChosen(chosen.some(({ id }) => id === one.id) ? chosen.filter(({ id }) => id !== one.id) : [...chosen, one]);
  const take = () => {
    onPick(chosen);
    onClose();
  };
  return html`<${Dialog} title=${t('ask.attach')} onClose=${onClose}>
    <input type="search" aria-label=${t('filter')} placeholder=${t('filter')} value=${filter} onInput=${(event) => setFilter(event.target.value)} />
    <${Failure} error=${found.error} />
    ${!found.data && !found.error && html`<${Waiting} />`}
    ${found.data?.length === 0 && html`<p class="soft">${filter ? t('filter.nothing') : t('ask.no_documents')} <a href="#/documents" onClick=${onClose}>${t('part.documents')}</a></p>`}
    <ul class="choices">
      ${found.data?.map((one) => html`<li key=${one.id}><label class="check">
        <input type="checkbox" checked=${chosen.some(({ id }) => id === one.id)} onChange=${() => toggle(one)} />
        <${Icon} name=${one.type === 'file' ? 'file' : 'shelf'} /><span>${one.name}</span>
      </label></li>`)}
    </ul>
    <div class="actions"><button class="main" onClick=${take}>${t('ask.take')}</button></div>
  </${Dialog}>`;
}
