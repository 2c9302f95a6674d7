// What pages are made of.

import { html, useEffect, useRef, useState } from './vendor/preact-htm.js';
import { t } from './words.js';

export { html, useEffect, useRef, useState };

const SHAPES = {
  ask: 'M4 5h16v11H9l-5 4z',
  file: 'M6 3h8l4 4v14H6zM14 3v4h4',
  shelf: 'M4 6h6l2 2h8v11H4z',
  model: 'M12 3 4 7.500v9L12 21l8-4.500v-9zM4 7.500l8 4.500 8-4.500M12 12v9',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.500 20c1-4 4-5.500 7.500-5.500s6.500 1.500 7.500 5.500',
  people: 'M9 11.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM2.500 19c.8-3.300 3.300-4.700 6.500-4.700s5.700 1.400 6.500 4.700M16 5a3.300 3.300 0 0 1 0 6.300M18 14.800c1.900.6 3 2 3.500 4.200',
  health: 'M3 12h4l2.500-6 4.500 12 2.500-6H21',
  search: 'M10.500 17a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13zM15.500 15.500 20 20',
  close: 'M6 6l12 12M18 6 6 18',
  plus: 'M12 5v14M5 12h14',
  upload: 'M12 16V4M7 9l5-5 5 5M4 16v4h16v-4',
  menu: 'M4 7h16M4 12h16M4 17h16',
  clip: 'M19 11.500 12 18.500a4.600 4.600 0 0 1-6.500-6.500l7.500-7.500a3 3 0 0 1 4.300 4.300l-7.300 7.200a1.500 1.500 0 0 1-2.100-2.100l6.600-6.600',
  out: 'M10 4H5v16h5M14 8l4 4-4 4M18 12H9',
};

export const Icon = ({ name }) => html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${SHAPES[name]} /></svg>`;

/** What the server is called. */
export const brand = { name: 'Transom' };

/** What a load gave, why it failed, and how to do it again. A load that is no longer wanted is dropped. */
export function useLoad(load, wanted = []) {
  const [state, setState] = useState({});
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let here = true;
    const keep = (next) => here && setState(next);
    load().then((data) => keep({ data }), (error) => keep((before) => ({ ...before, error })));
    return () => { here = false; };
  }, [...wanted, turn]);
  return { ...state, again: () => setTurn((now) => now + 1), set: (data) => setState({ data }) };
}

/** Runs something that a person asked for: one at a time, with what came of it. */
export function useDoing() {
  const [state, setState] = useState({});
  const run = async (work, done) => {
    setState({ busy: true });
    try {
      const result = await work();
      setState({ done });
      if (done) announce(done);
      return result;
    } catch (error) {
      setState({ error });
      return undefined;
    }
  };
  return { ...state, run, clear: () => setState({}) };
}

/** Says something to who listens instead of looking. */
export function announce(words) {
  const region = document.getElementById('announcements');
  if (!region) return;
  region.textContent = '';
  // A region that holds the same words again is read again only where it was empty between.
  setTimeout(() => { region.textContent = words; }, 50);
}

export const Failure = ({ error }) => (error ? html`<p class="notice bad" role="alert">${error.message}</p>` : null);
export const Outcome = ({ doing }) =>
  doing.error ? html`<${Failure} error=${doing.error} />` : doing.done ? html`<p class="notice good">${doing.done}</p>` : null;

/** A page's title, what it is for, and what can be done at once. Its title has the focus after one came here. */
export function Page({ title, lead, back, actions, children }) {
  const heading = useRef();
  useEffect(() => { document.title = `${title} · ${brand.name}`; }, [title]);
  return html`<div class="page">
    ${back && html`<a class="back" href=${back[0]}>← ${back[1]}</a>`}
    <header class="head">
      <div><h1 tabindex="-1" ref=${heading}>${title}</h1>${lead && html`<p class="lead">${lead}</p>`}</div>
      ${actions && html`<div class="row">${actions}</div>`}
    </header>
    ${children}
  </div>`;
}

export const Card = ({ title, note, actions, children }) => html`<section class="card">
  ${title && html`<header><h2>${title}</h2>${actions}${note && html`<p class="soft small">${note}</p>`}</header>`}
  ${children}
</section>`;

/** A labelled field; `of` is the element: input, select or textarea. */
export function Field({ label, hint, of = 'input', children, ...rest }) {
  return html`<label><span>${label}</span><${of} ...${rest}>${children}</${of}>${hint && html`<span class="hint">${hint}</span>`}</label>`;
}

export const Empty = ({ icon, children }) => html`<div class="empty"><${Icon} name=${icon} />${children}</div>`;
export const Waiting = () => html`<p class="soft" role="status">${t('waiting')}</p>`;

export const Switch = ({ on, label, ...rest }) =>
  html`<button type="button" class="switch" role="switch" aria-checked=${String(Boolean(on))} aria-label=${label} ...${rest}><i></i></button>`;

/** A dialog over the page, which keeps the focus in it; Escape and the button close it. */
export function Dialog({ title, small, onClose, children }) {
  const box = useRef();
  useEffect(() => {
    const dialog = box.current;
    const before = document.activeElement;
    dialog.showModal();
    return () => {
      dialog.close();
      before?.focus?.();
    };
  }, []);
  const cancel = (event) => {
    event.preventDefault();
    onClose();
  };
  return html`<dialog ref=${box} class=${small ? 'small' : ''} aria-label=${title} onCancel=${cancel}>
    <div>
      <header class="row apart">
        <h2 class="grow">${title}</h2>
        <button type="button" class="plain icon-only" aria-label=${t('close')} onClick=${onClose}><${Icon} name="close" /></button>
      </header>
      ${children}
    </div>
  </dialog>`;
}

/** Asks before something that cannot be taken back. */
export function Confirm({ title, children, action, onDo, onClose }) {
  const doing = useDoing();
  const go = () => doing.run(async () => {
    await onDo();
    onClose();
  });
  return html`<${Dialog} small title=${title} onClose=${onClose}>
    <p>${children}</p>
    <${Failure} error=${doing.error} />
    <div class="actions">
      <button type="button" onClick=${onClose}>${t('cancel')}</button>
      <button type="button" class="danger" disabled=${doing.busy} onClick=${go}>${action}</button>
    </div>
  </${Dialog}>`;
}

/** Copies a text and says so. `navigator.clipboard` is there only on https and localhost; elsewhere a selection does it. */
export function Copy({ text, label = t('copy'), ...rest }) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    const timer = done && setTimeout(() => setDone(false), 2000);
    return () => clearTimeout(timer);
  }, [done]);
  const copy = async () => {
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else selectAndCopy(text);
    setDone(true);
    announce(t('copied'));
  };
  return html`<button type="button" onClick=${copy} ...${rest}>${done ? t('copied') : label}</button>`;
}

function selectAndCopy(text) {
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'away';
  document.body.append(field);
  field.select();
  document.execCommand('copy');
  field.remove();
}

/** Code to copy. `copied` goes to the clipboard where that is not what is shown. */
export const Code = ({ text, copied = text, label }) => html`<div class="code">
  <pre tabindex="0" role="region" aria-label=${label}><code>${text}</code></pre>
  <${Copy} text=${copied} />
</div>`;
