// An answer as elements. A model's words are text: they become paragraphs, code, emphasis and citations, and never markup,
// because only text and elements of this module are put together here.

import { Passage } from './pages/search.js';
import { Dialog, html, useState } from './ui.js';
import { t } from './words.js';

export function Answer({ text, sources, busy }) {
  const [open, setOpen] = useState();
  const files = numbered(sources);
  const cite = (number) => () => setOpen(files[number - 1]);
  return html`
    <div class="said">
      ${blocks(text).map((block, place, all) => {
        const caret = busy && place === all.length - 1 && html`<span class="caret"></span>`;
        return block.code === undefined
          ? html`<p key=${place}>${inline(block.text, files, cite)}${caret}</p>`
          : html`<div class="code" key=${place}><pre tabindex="0" role="region" aria-label=${block.language || t('code')}><code>${block.code}</code></pre></div>`;
      })}
      ${busy && !text && html`<p class="soft" role="status">${t('waiting')}<span class="caret"></span></p>`}
    </div>
    ${files.length > 0 && html`<div class="stack tight">
      <h2>${t('sources')}</h2>
      <ol class="sources">
        ${files.map((file) => html`<li key=${file.number}>
          <button class="cite" aria-label=${t('cite', { n: file.number, name: file.name })} onClick=${() => setOpen(file)}>${file.number}</button>
          <span>${file.name}${file.pages && html` <span class="soft">· ${file.pages}</span>`}</span>
        </li>`)}
      </ol>
    </div>`}
    ${open && html`<${Dialog} title=${`[${open.number}] ${open.name}`} onClose=${() => setOpen()}>
      <div>${open.passages.map((passage, place) => html`<${Passage} key=${place} passage=${passage} link=${t('cite.open')} />`)}</div>
      <p class="soft small">${t('cite.what')}</p>
    </${Dialog}>`}`;
}

/** Files in the order in which they first appear, which is how the model was told to number them. */
function numbered(sources) {
  const files = new Map();
  for (const source of sources) {
    source.document?.forEach((text, place) => {
      const about = source.metadata?.[place] ?? {};
      const id = about.file_id ?? source.source?.id ?? about.source ?? source.source?.name;
      if (!files.has(id)) files.set(id, { number: files.size + 1, name: about.name ?? source.source?.name ?? about.source ?? '', passages: [] });
      files.get(id).passages.push({ text, about, score: source.distances?.[place] });
    });
  }
  return [...files.values()].map((file) => {
    const pages = [...new Set(file.passages.map(({ about }) => about.page_label).filter(Boolean))];
    return { ...file, pages: pages.length ? t('page', { n: pages.join(', ') }) : '' };
  });
}

/** Code between fences, and the rest. A fence that is still open while the answer comes goes to the end. */
function blocks(text) {
  const found = [];
  const fence = /^[ \t]*(```+|~~~+)([^\n`]*)\n([\s\S]*?)(?:^[ \t]*\1[ \t]*$|$(?![\s\S]))/gm;
  let end = 0;
  const prose = (part) => found.push(...part.split(/\n{2,}/).map((one) => one.trim()).filter(Boolean).map((one) => ({ text: one })));
  for (const match of text.matchAll(fence)) {
    prose(text.slice(end, match.index));
    found.push({ code: match[3].replace(/\n$/, ''), language: match[2].trim() });
    end = match.index + match[0].length;
  }
  prose(text.slice(end));
  return found;
}

/** Emphasis, code and citations in a paragraph. `[2]` is a citation where there is a second source, and text where there is none. */
function inline(text, files, cite) {
  const heading = text.match(/^#{1,6} +(.*)$/);
  if (heading) return html`<strong>${inline(heading[1], files, cite)}</strong>`;
  return text.split(/(`[^`\n]+`|\*\*[^*\n]+\*\*|\[\d+(?:\s*,\s*\d+)*\])/).map((part) => {
    if (/^`.+`$/.test(part)) return html`<code>${part.slice(1, -1)}</code>`;
    if (/^\*\*.+\*\*$/.test(part)) return html`<strong>${part.slice(2, -2)}</strong>`;
    const numbers = part.match(/^\[([\d,\s]+)\]$/)?.[1].split(',').map(Number) ?? [];
    if (!numbers.length || !numbers.every((number) => files[number - 1])) return part;
    return numbers.map((number) => html`<button class="cite" aria-label=${t('cite', { n: number, name: files[number - 1].name })} onClick=${cite(number)}>${number}</button>`);
  });
}
