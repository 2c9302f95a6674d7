// One file: what is known of it, and the text that was read from it.

import { SERVER, at, events, get, post, remove } from '../api.js';
import { Card, Confirm, Failure, Icon, Page, Waiting, html, useDoing, useEffect, useLoad, useRef, useState } from '../ui.js';
import { date, size, t } from '../words.js';
import { State } from './documents.js';

/** Characters that are shown at first; a book in one piece would make the page slow. */
const PART = 200_000;

export function Text({ query }) {
  const { file: id } = query;
  const file = useLoad(() => get(at`/api/v1/files/${id}`), [id]);
  const [asking, setAsking] = useState(false);
  const [state, setState] = useState();
  const doing = useDoing();
  const status = file.data?.data?.status;
  useEffect(() => {
    if (!status || status === 'completed' || status === 'failed') return undefined;
    const leaving = new AbortController();
    const follow = async () => {
      for await (const step of events('GET', at`/api/v1/files/${id}/process/status?stream=true`, undefined, leaving.signal)) setState(step);
      setState();
      file.again();
    };
    follow().catch(() => {});
    return () => leaving.abort();
  }, [id, status]);
  const again = () => doing.run(async () => {
    await post('/api/v1/retrieval/process/file', { file_id: id });
    file.again();
  });
  const known = file.data;
  const meta = known?.meta ?? {};
  const content = known?.data?.content ?? '';
  const name = meta.name ?? known?.filename ?? t('part.text');
  const actions = known && html`
    ${status === 'completed' && html`<a class="button main" href=${`#/ask?file=${id}`}><${Icon} name="ask" />${t('ask.about')}</a>`}
    <a class="button" href=${SERVER + at`/api/v1/files/${id}/content?attachment=true`} download=${name}>${t('text.download')}</a>
    <button class="danger plain" onClick=${() => setAsking(true)}>${t('delete')}</button>`;
  return html`<${Page} title=${name} back=${['#/documents', t('part.documents')]} actions=${actions}>
    <${Failure} error=${file.error ?? doing.error} />
    ${!known && !file.error && html`<${Waiting} />`}
    ${known && html`
      <${Card}>
        <dl class="facts">
          <dt>${t('text.state')}</dt><dd><${State} state=${state ?? { status: status ?? 'pending' }} /></dd>
          ${status === 'failed' && html`<dt>${t('text.why')}</dt><dd class="bad">${known.data.error}</dd>`}
          <dt>${t('text.type')}</dt><dd>${meta.content_type}</dd>
          <dt>${t('text.size')}</dt><dd>${size(meta.size ?? 0)}</dd>
          <dt>${t('text.uploaded')}</dt><dd>${date(known.created_at)}</dd>
          <dt>${t('text.id')}</dt><dd class="mono">${id}</dd>
        </dl>
        ${status === 'failed' && html`<div class="row"><button disabled=${doing.busy} onClick=${again}>${t('text.again')}</button></div>`}
      </${Card}>
      ${status === 'completed' && html`<${Card} title=${t('text.read')} note=${t('text.read.what')}>
        ${content ? html`<${Read} text=${content} at=${query.at} length=${query.length} />` : html`<p class="soft">${t('text.empty')}</p>`}
      </${Card}>`}`}
    ${asking && html`<${Confirm} title=${t('delete')} action=${t('delete')} onClose=${() => setAsking(false)}
      onDo=${async () => { await remove(at`/api/v1/files/${id}`); location.hash = '#/documents'; }}>${t('delete.means', { n: 1 })}</${Confirm}>`}
  </${Page}>`;
}

/** The text, with the passage that was cited marked and in sight. Places are counted in characters, as the API does. */
function Read({ text, at, length }) {
  const marked = useRef();
  const [all, setAll] = useState(false);
  useEffect(() => { marked.current?.scrollIntoView({ block: 'center' }); }, [at]);
  const start = at === undefined ? -1 : place(text, Number(at));
  const end = start < 0 ? -1 : start + place(text.slice(start), Number(length));
  const shown = all ? text : text.slice(0, Math.max(PART, end));
  return html`<pre class="text" tabindex="0" role="region" aria-label=${t('text.read')}>${start < 0
    ? shown
    : html`${shown.slice(0, start)}<mark ref=${marked}>${shown.slice(start, end)}</mark>${shown.slice(end)}`}</pre>
  ${shown.length < text.length && html`<div class="row"><button onClick=${() => setAll(true)}>${t('more')}</button></div>`}`;
}

/** The place of a character in a string, whose own places are counted in halves of some characters. */
function place(text, characters) {
  let index = 0;
  for (const character of text) {
    if (characters <= 0) break;
    characters -= 1;
    index += character.length;
  }
  return index;
}
