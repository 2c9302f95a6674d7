// Files on their way in, and the collections they are in.

import { at, events, get, post, remove } from '../api.js';
import { Confirm, Dialog, Empty, Failure, Field, Icon, Page, Waiting, announce, html, useDoing, useEffect, useLoad, useRef, useState } from '../ui.js';
import { forget, upload, watchUploads } from '../uploads.js';
import { date, number, size, t } from '../words.js';
import { Search } from './search.js';

const isFinal = (status) => status === 'completed' || status === 'failed';
const statusOf = (file) => file.data?.status ?? (file.meta?.collection_name ? 'completed' : 'pending');

/** How many files' steps are followed as they happen; the next are followed when these are done. */
const FOLLOWED = 2;

export function Documents({ query }) {
  const collection = query.collection;
  const shelves = useLoad(() => pages('/api/v1/knowledge/?page='));
  const [uploads, setUploads] = useState([]);
  useEffect(() => watchUploads(setUploads), []);
  const shelf = shelves.data?.find(({ id }) => id === collection);
  return html`<${Page} title=${t('part.documents')} lead=${t('documents.lead')}>
    <${Failure} error=${shelves.error} />
    <div class="shelves">
      <${Shelves} ...${{ shelves, collection }} />
      <${Files} key=${collection ?? ''} ...${{ shelves, shelf, collection, uploads }} />
    </div>
  </${Page}>`;
}

/** Every page of a list. */
async function pages(path) {
  const all = [];
  for (let page = 1; ; page += 1) {
    const { items, total } = await get(path + page);
    all.push(...items);
    if (!items.length || all.length >= total) return all;
  }
}

const MOVED = 'application/x-transom-files';

function Shelves({ shelves, collection }) {
  const [over, setOver] = useState();
  const [naming, setNaming] = useState(false);
  const put = async (event, shelf) => {
    event.preventDefault();
    setOver();
    const ids = JSON.parse(event.dataTransfer.getData(MOVED) || '[]');
    if (!ids.length) return upload(event.dataTransfer.files, (file) => into(shelf.id, [file.id]).then(shelves.again));
    await into(shelf.id, ids);
    announce(t('shelf.added', { name: shelf.name }));
    return shelves.again();
  };
  return html`<nav class="shelf" aria-label=${t('shelves')}>
    <ul>
      <li><a href="#/documents" aria-current=${collection ? null : 'true'}><${Icon} name="file" /><span>${t('shelf.all')}</span></a></li>
      ${shelves.data?.map((shelf) => html`<li key=${shelf.id}>
        <a href=${`#/documents?collection=${shelf.id}`} aria-current=${shelf.id === collection ? 'true' : null}
          class=${over === shelf.id ? 'over' : ''}
          onDragOver=${(event) => { if (shelf.write_access) { event.preventDefault(); setOver(shelf.id); } }}
          onDragLeave=${() => setOver()} onDrop=${(event) => put(event, shelf)}>
          <${Icon} name="shelf" /><span title=${shelf.name}>${shelf.name}</span><small>${number(shelf.file_count ?? 0)}</small>
        </a>
      </li>`)}
    </ul>
    <button class="plain" onClick=${() => setNaming(true)}><${Icon} name="plus" />${t('shelf.new')}</button>
    ${naming && html`<${Naming} onClose=${() => setNaming(false)} onDone=${(made) => { shelves.again(); location.hash = `#/documents?collection=${made.id}`; }} />`}
  </nav>`;
}

const into = (id, files) => post(at`/api/v1/knowledge/${id}/files/batch/add`, files.map((file_id) => ({ file_id })));

/** Makes a collection, or gives one another name and description. */
function Naming({ shelf, onClose, onDone }) {
  const doing = useDoing();
  const save = (event) => {
    event.preventDefault();
    const { name, description } = Object.fromEntries(new FormData(event.target));
    doing.run(async () => {
      onDone(await post(shelf ? at`/api/v1/knowledge/${shelf.id}/update` : '/api/v1/knowledge/create', { name, description }));
      onClose();
    });
  };
  const title = shelf ? t('shelf.rename') : t('shelf.new');
  return html`<${Dialog} small title=${title} onClose=${onClose}>
    <form class="stack" onSubmit=${save}>
      <${Field} label=${t('name')} name="name" required defaultValue=${shelf?.name ?? ''} />
      <${Field} label=${t('shelf.description')} name="description" defaultValue=${shelf?.description ?? ''} />
      <${Failure} error=${doing.error} />
      <div class="actions"><button class="main" disabled=${doing.busy}>${t('save')}</button></div>
    </form>
  </${Dialog}>`;
}

function Files({ shelves, shelf, collection, uploads }) {
  const [page, setPage] = useState(1);
  const [steps, setSteps] = useState({});
  const [chosen, setChosen] = useState(new Set());
  const [asking, setAsking] = useState();
  const [found, setFound] = useState(false);
  const path = collection ? at`/api/v1/knowledge/${collection}/files?limit=30&page=` : '/api/v1/files/?content=false&page=';
  const list = useLoad(async () => {
    const parts = await Promise.all(Array.from({ length: page }, (_, place) => get(path + (place + 1))));
    return { items: parts.flatMap(({ items }) => items), total: parts[0].total };
  }, [page]);
  const files = list.data?.items ?? [];
  useSteps(files, steps, setSteps);
  const arrived = async (file) => {
    if (collection) {
      await into(collection, [file.id]);
      shelves.again();
    }
    list.again();
  };
  const stateOf = (file) => steps[file.id] ?? { status: statusOf(file), error: file.data?.error };
  const selection = files.filter(({ id }) => chosen.has(id));
  const writes = !collection || shelf?.write_access;
  const tell = (words) => {
    setChosen(new Set());
    list.again();
    shelves.again();
    announce(words);
  };
  const toggle = (id) => setChosen((before) => {
    const after = new Set(before);
    if (!after.delete(id)) after.add(id);
    return after;
  });
  const drag = (event, file) => {
    const ids = chosen.has(file.id) ? [...chosen] : [file.id];
    event.dataTransfer.setData(MOVED, JSON.stringify(ids));
    event.dataTransfer.effectAllowed = 'copy';
  };
  const ready = (all) => all.filter((file) => stateOf(file).status === 'completed').map(({ id }) => `file-${id}`);
  // The list shows its first pages; a question to all documents goes to all of them.
  const names = async () => {
    if (selection.length) return selection.map(({ id }) => `file-${id}`);
    return collection ? [collection] : ready(await pages(path));
  };
  const askable = Boolean(collection) || ready(files).length > 0;
  const under = uploads.filter(({ state }) => state !== 'done');
  return html`<section class="stack" aria-label=${shelf?.name ?? t('shelf.all')}>
    ${shelf && html`<header class="row apart">
      <div class="stack tight grow"><h2>${shelf.name}</h2>${shelf.description && html`<p class="soft">${shelf.description}</p>`}</div>
      <div class="row">
        <a class="button" href=${`#/ask?collection=${shelf.id}`}><${Icon} name="ask" />${t('ask.about')}</a>
        ${writes && html`<button class="plain" onClick=${() => setAsking('rename')}>${t('shelf.rename')}</button>
        <button class="plain danger" onClick=${() => setAsking('shelf')}>${t('shelf.delete')}</button>`}
      </div>
    </header>`}
    ${writes && html`<${Drop} onFiles=${(all) => upload(all, arrived)} />`}
    ${under.length > 0 && html`<${Uploads} uploads=${under} />`}
    ${(askable || found) && html`<${Search} names=${names} some=${selection.length} onFound=${setFound} />`}
    <${Failure} error=${list.error} />
    ${!found && html`
      ${selection.length > 0 && html`<div class="row" role="group" aria-label=${t('chosen', { n: number(selection.length) })}>
        <span>${t('chosen', { n: number(selection.length) })}</span>
        <button onClick=${() => setAsking('add')}><${Icon} name="shelf" />${t('shelf.add')}</button>
        ${collection && writes && html`<button onClick=${() => setAsking('take')}>${t('shelf.remove')}</button>`}
        <button class="danger" onClick=${() => setAsking('delete')}>${t('delete')}</button>
        <button class="plain" onClick=${() => setChosen(new Set())}>${t('chosen.none')}</button>
      </div>`}
      ${!list.data && !list.error && html`<${Waiting} />`}
      ${list.data && !files.length && !under.length && html`<${Empty} icon="file"><p>${collection ? t('shelf.empty') : t('documents.empty')}</p></${Empty}>`}
      ${files.length > 0 && html`<ul class="rows files" aria-label=${t('files')}>
        ${files.map((file) => html`<${Row} key=${file.id} ...${{ file, state: stateOf(file), on: chosen.has(file.id), toggle, drag }} />`)}
      </ul>`}
      ${files.length < (list.data?.total ?? 0) && html`<div class="row">
        <button onClick=${() => setPage(page + 1)}>${t('more')}</button>
        <span class="soft small">${t('some_of', { n: number(files.length), total: number(list.data.total) })}</span>
      </div>`}`}
    ${asking === 'rename' && html`<${Naming} shelf=${shelf} onClose=${() => setAsking()} onDone=${shelves.again} />`}
    ${asking === 'shelf' && html`<${Confirm} title=${t('shelf.delete')} action=${t('shelf.delete')} onClose=${() => setAsking()}
      onDo=${async () => { await remove(at`/api/v1/knowledge/${collection}/delete`); shelves.again(); location.hash = '#/documents'; }}>
      ${t('shelf.delete.means', { name: shelf.name })}
    </${Confirm}>`}
    ${asking === 'delete' && html`<${Confirm} title=${t('delete')} action=${t('delete')} onClose=${() => setAsking()}
      onDo=${async () => { for (const { id } of selection) await remove(at`/api/v1/files/${id}`); tell(t('deleted')); }}>
      ${t('delete.means', { n: number(selection.length) })}
    </${Confirm}>`}
    ${asking === 'take' && html`<${Confirm} title=${t('shelf.remove')} action=${t('shelf.remove')} onClose=${() => setAsking()}
      onDo=${async () => { for (const { id } of selection) await post(at`/api/v1/knowledge/${collection}/file/remove?delete_file=false`, { file_id: id }); tell(t('saved')); }}>
      ${t('shelf.remove.means', { n: number(selection.length) })}
    </${Confirm}>`}
    ${asking === 'add' && html`<${Adding} shelves=${shelves} files=${selection} onClose=${() => setAsking()} onDone=${tell} />`}
  </section>`;
}

/** Follows the steps of files that are not done, the oldest first. */
function useSteps(files, steps, setSteps) {
  const followed = useRef(new Map());
  const keep = (id, state) => setSteps((before) => ({ ...before, [id]: state }));
  useEffect(() => {
    const open = files.filter((file) => !isFinal(steps[file.id]?.status ?? statusOf(file))).reverse();
    for (const { id, filename } of open) {
      if (followed.current.size >= FOLLOWED) return;
      if (followed.current.has(id)) continue;
      const leaving = new AbortController();
      followed.current.set(id, leaving);
      follow(id, leaving.signal, (state) => keep(id, state)).then((status) => {
        followed.current.delete(id);
        if (status === 'completed') announce(t('file.completed', { name: filename }));
        if (status === 'failed') announce(t('file.failed', { name: filename }));
        // Drawn again even where nothing changed, so that the next one is followed.
        setSteps((before) => ({ ...before }));
      });
    }
  });
  useEffect(() => () => { for (const leaving of followed.current.values()) leaving.abort(); }, []);
}

async function follow(id, signal, keep) {
  let last;
  try {
    for await (const state of events('GET', at`/api/v1/files/${id}/process/status?stream=true`, undefined, signal)) {
      last = state;
      keep(state);
    }
  } catch (error) {
    if (signal.aborted) return undefined;
    last = { status: 'failed', error: error.message };
    keep(last);
  }
  return last?.status;
}

function Row({ file, state, on, toggle, drag }) {
  const name = file.meta?.name ?? file.filename;
  const about = [file.meta?.size !== undefined && file.meta?.size !== null && size(file.meta.size), date(file.created_at)].filter(Boolean).join(' · ');
  return html`<li draggable="true" onDragStart=${(event) => drag(event, file)}>
    <input type="checkbox" checked=${on} aria-label=${t('choose', { name })} onChange=${() => toggle(file.id)} />
    <div class="name">
      <a href=${`#/text?file=${file.id}`} title=${name}>${name}</a>
      <span class="soft">${about}</span>
      ${state.status === 'failed' && html`<span class="bad small">${state.error}</span>`}
    </div>
    <${State} state=${state} />
  </li>`;
}

export function State({ state }) {
  const { status, stage, share, chunks } = state;
  if (status === 'completed') return html`<div class="state"><span class="tag good">${t('status.completed')}</span></div>`;
  if (status === 'failed') return html`<div class="state"><span class="tag bad">${t('status.failed')}</span></div>`;
  const words = stage ? t(`stage.${stage}`) : t(`status.${status}`);
  const counted = stage === 'embedding' && chunks ? ` ${number(chunks.done)}/${number(chunks.total)}` : '';
  return html`<div class="state">
    <span>${words}${counted}</span>
    <${Bar} share=${share ?? 0} label=${words} />
  </div>`;
}

/** A share of a whole. Its length is set as a property: the page's policy allows no style in markup. */
export const Bar = ({ share, label }) => html`<div class="bar" role="progressbar" aria-label=${label} aria-valuemin="0" aria-valuemax="100"
  aria-valuenow=${Math.round(share * 100)}><span style=${{ inlineSize: `${Math.round(share * 100)}%` }}></span></div>`;

function Drop({ onFiles }) {
  const [over, setOver] = useState(false);
  const field = useRef();
  const take = (event) => {
    event.preventDefault();
    setOver(false);
    if (event.dataTransfer.files.length) onFiles(event.dataTransfer.files);
  };
  const given = (event) => {
    onFiles(event.target.files);
    event.target.value = '';
  };
  return html`<div class=${over ? 'drop over' : 'drop'} onDragOver=${(event) => { event.preventDefault(); setOver(true); }}
    onDragLeave=${() => setOver(false)} onDrop=${take}>
    <button class="main" onClick=${() => field.current.click()}><${Icon} name="upload" />${t('upload')}</button>
    <span>${t('upload.drop')}</span>
    <input type="file" multiple hidden ref=${field} onChange=${given} />
  </div>`;
}

const Uploads = ({ uploads }) => html`<ul class="rows files" aria-label=${t('uploads')}>
  ${uploads.map(({ id, name, size: bytes, share, state, error }) => html`<li key=${id}>
    <div class="name">
      <span class="file">${name}</span>
      ${error ? html`<span class="bad small" role="alert">${error}</span>` : html`<span class="soft">${size(bytes)}</span>`}
    </div>
    <div class="state">
      ${state === 'failed'
        ? html`<button class="plain" aria-label=${t('upload.forget', { name })} onClick=${() => forget(id)}>${t('close')}</button>`
        : html`<span>${t(`upload.${state}`)}</span><${Bar} share=${share} label=${t(`upload.${state}`)} />`}
    </div>
  </li>`)}
</ul>`;

function Adding({ shelves, files, onClose, onDone }) {
  const doing = useDoing();
  const mine = shelves.data?.filter(({ write_access }) => write_access) ?? [];
  const add = (event) => {
    event.preventDefault();
    const id = new FormData(event.target).get('collection');
    doing.run(async () => {
      await into(id, files.map((file) => file.id));
      onDone(t('shelf.added', { name: mine.find((shelf) => shelf.id === id).name }));
      onClose();
    });
  };
  return html`<${Dialog} small title=${t('shelf.add')} onClose=${onClose}>
    ${mine.length === 0 && html`<p class="soft">${t('shelf.no_shelves')}</p>`}
    <form class="stack" onSubmit=${add}>
      <fieldset class="choices">
        <legend class="away">${t('shelves')}</legend>
        ${mine.map(({ id, name }, place) => html`<label class="check" key=${id}>
          <input type="radio" name="collection" value=${id} required defaultChecked=${place === 0} /><span>${name}</span>
        </label>`)}
      </fieldset>
      <${Failure} error=${doing.error} />
      <div class="actions"><button class="main" disabled=${doing.busy || !mine.length}>${t('add')}</button></div>
    </form>
  </${Dialog}>`;
}
