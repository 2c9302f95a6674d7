// What a question finds, as a model would be given it.

import { post } from '../api.js';
import { Failure, Icon, announce, html, useDoing, useState } from '../ui.js';
import { number, t } from '../words.js';
import { Bar } from './documents.js';

/** How many passages are shown. */
const SHOWN = 8;

/** How many names one request may hold; more are asked in several. */
const NAMES = 100;

/** The passages nearest to a question, the best first. */
async function nearest(names, query) {
  const found = [];
  for (let start = 0; start < names.length; start += NAMES) {
    const collection_names = names.slice(start, start + NAMES);
    const { documents, metadatas, distances } = await post('/api/v1/retrieval/query/collection', { collection_names, query, k: SHOWN });
    found.push(...(documents[0] ?? []).map((text, place) => ({ text, about: metadatas[0][place] ?? {}, score: distances[0]?.[place] })));
  }
  // One answer is in order already, and its order counts more than single scores.
  return names.length > NAMES ? found.sort((a, b) => (b.score ?? 0) - (a.score ?? 0)).slice(0, SHOWN) : found;
}

/** A question to collections, and to single files as `file-ID`: `names` gives those names when the question is asked. */
export function Search({ names, some, onFound }) {
  const [text, setText] = useState('');
  const [found, setFound] = useState();
  const doing = useDoing();
  const ask = (event) => {
    event.preventDefault();
    doing.run(async () => {
      const passages = await nearest(await names(), text);
      setFound(passages);
      onFound(true);
      announce(t('search.found', { n: number(passages.length) }));
    });
  };
  const leave = () => {
    setFound();
    setText('');
    doing.clear();
    onFound(false);
  };
  return html`<div class="stack">
    <form class="row" role="search" onSubmit=${ask}>
      <input class="grow" type="search" aria-label=${t('search.question')} required value=${text} onInput=${(event) => setText(event.target.value)}
        placeholder=${some ? t('search.chosen') : t('search.question')} />
      <button disabled=${doing.busy}><${Icon} name="search" />${t('search')}</button>
    </form>
    <${Failure} error=${doing.error} />
    ${found && html`<div class="row apart">
      <h3>${t('search.found', { n: number(found.length) })}</h3>
      <button class="plain" onClick=${leave}>${t('search.leave')}</button>
    </div>
    <div>${found.map((passage, place) => html`<${Passage} key=${place} passage=${passage} />`)}</div>`}
  </div>`;
}

/** A passage with the file it is of, its page, and how near it is to the question. `link` is said where the file's name is known already. */
export function Passage({ passage, link }) {
  const { text, about, score } = passage;
  const at = Number.isInteger(about.start_index) ? `&at=${about.start_index}&length=${[...text].length}` : '';
  const page = about.page_label ?? (Number.isInteger(about.page) ? about.page + 1 : undefined);
  return html`<article class="passage">
    <div class="row apart">
      <span class="row">
        ${about.file_id ? html`<a href=${`#/text?file=${about.file_id}${at}`}>${link ?? about.name ?? about.source}</a>` : html`<b>${about.name ?? about.source}</b>`}
        ${page !== undefined && html`<span class="tag">${t('page', { n: page })}</span>`}
      </span>
      ${typeof score === 'number' && html`<span class="score small soft">
        <${Bar} share=${Math.min(1, Math.max(0, score))} label=${t('score')} />${number(score, { maximumFractionDigits: 2, minimumFractionDigits: 2 })}
      </span>`}
    </div>
    <p>${text}</p>
  </article>`;
}
