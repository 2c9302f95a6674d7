// The page as a whole: who is signed in, which part is shown, and what to do when the session ends.
//
// Parts are named by the address after #, so that a reload, a link and the back button work without a route of the server.

import { render } from './vendor/preact-htm.js';
import { get, onEnd, post } from './api.js';
import { Gate } from './gate.js';
import { Dialog, Icon, brand, html, useEffect, useRef, useState } from './ui.js';
import { LANGUAGES, language, preferred, speak, t } from './words.js';
import { Account } from './pages/account.js';
import { Ask } from './pages/ask.js';
import { Documents } from './pages/documents.js';
import { Health } from './pages/health.js';
import { Models } from './pages/models.js';
import { Text } from './pages/text.js';
import { Users } from './pages/users.js';

const PARTS = {
  ask: { page: Ask, icon: 'ask' },
  documents: { page: Documents, icon: 'file' },
  text: { page: Text, under: 'documents' },
  models: { page: Models, icon: 'model' },
  account: { page: Account, icon: 'person', settings: true },
  users: { page: Users, icon: 'people', settings: true, admin: true },
  health: { page: Health, icon: 'health', settings: true, admin: true },
};

const WAS_HERE = 'transom.was-here';

/** The part and its parameters, as in `#/text?file=ID`. */
function where() {
  const [, name = '', query = ''] = location.hash.match(/^#\/([a-z]*)\??(.*)$/) ?? [];
  return { name: name in PARTS ? name : 'ask', query: Object.fromEntries(new URLSearchParams(query)) };
}

function App() {
  const [config, setConfig] = useState();
  const [user, setUser] = useState();
  const [gone, setGone] = useState(false);
  const [failure, setFailure] = useState();
  const [place, setPlace] = useState(where());
  const [, drawAgain] = useState();

  const enter = async () => {
    const told = await get('/api/config');
    setConfig(told);
    // Only with a good session does the configuration hold permissions; a waiting account is asked for itself.
    const own = await fetch('api/v1/auths/', { credentials: 'same-origin' });
    setUser(own.ok ? await own.json() : null);
    setGone(false);
    brand.name = told.name;
    // Whether a session was here before can only be remembered: its cookie is not for scripts.
    if (own.ok) sessionStorage.setItem(WAS_HERE, '1');
    return own.ok;
  };

  useEffect(() => {
    enter().catch(setFailure);
    onEnd(() => setGone(true));
    const moved = () => setPlace(where());
    addEventListener('hashchange', moved);
    return () => removeEventListener('hashchange', moved);
  }, []);

  const choose = async (tag) => {
    await speak(tag, true);
    drawAgain(tag);
  };
  const leave = async () => {
    await post('/api/v1/auths/signout');
    sessionStorage.removeItem(WAS_HERE);
    setUser(null);
    setConfig(await get('/api/config'));
  };

  if (failure) return html`<main class="gate"><p class="notice bad" role="alert">${failure.message}</p></main>`;
  if (!config || user === undefined) return null;
  if (!user) return html`<${Gate} config=${config} enter=${enter} ended=${Boolean(sessionStorage.getItem(WAS_HERE))} languages=${html`<${Languages} choose=${choose} />`} />`;
  if (user.role === 'pending') return html`<${Pending} user=${user} again=${enter} leave=${leave} name=${config.name} />`;
  // Somebody else who signs in where a session ended finds pages of their own.
  return html`<${Frame} key=${user.id} ...${{ config, user, setUser, place, choose, leave }}>
    ${gone && html`<${Again} email=${user.email} enter=${enter} leave=${leave} />`}
  </${Frame}>`;
}

function Frame({ config, user, setUser, place, choose, leave, children }) {
  const [open, setOpen] = useState(false);
  const main = useRef();
  const first = useRef(true);
  const admin = user.role === 'admin';
  const part = PARTS[place.name];
  const Shown = part.admin && !admin ? Ask : part.page;
  useEffect(() => {
    setOpen(false);
    // Who moves by keyboard or hears the page goes on at the new part's title.
    if (!first.current) main.current.querySelector('h1')?.focus();
    first.current = false;
  }, [place.name]);
  const names = Object.keys(PARTS).filter((name) => PARTS[name].icon && (admin || !PARTS[name].admin));
  const links = (settings) => html`<ul>
    ${names.filter((name) => Boolean(PARTS[name].settings) === settings).map((name) => html`<li key=${name}>
      <a href=${`#/${name}`} aria-current=${name === place.name || name === part.under ? 'page' : null} onClick=${() => setOpen(false)}>
        <${Icon} name=${PARTS[name].icon} />${t(`part.${name}`)}
      </a>
    </li>`)}
  </ul>`;
  const skip = (event) => {
    event.preventDefault();
    main.current.focus();
  };
  return html`<div class="frame">
    <a class="skip" href="#main" onClick=${skip}>${t('skip')}</a>
    <header class=${open ? 'side open' : 'side'}>
      <div class="bar-top">
        <div class="brand"><img src="console/icon.svg" alt="" />${config.name}</div>
        <button class="menu plain" aria-expanded=${String(open)} onClick=${() => setOpen(!open)}><${Icon} name="menu" />${t('menu')}</button>
      </div>
      <nav aria-label=${t('menu')}>
        ${links(false)}
        <div><h2 id="settings">${t('settings')}</h2>${links(true)}</div>
      </nav>
      <div class="foot">
        <div class="who"><span>${user.name}</span><span class="soft small">${user.email}</span></div>
        <div class="slim"><${Languages} choose=${choose} /></div>
        <button class="plain" onClick=${leave}><${Icon} name="out" />${t('sign_out')}</button>
      </div>
    </header>
    <main id="main" tabindex="-1" ref=${main}>
      <${Shown} key=${place.name} query=${place.query} ...${{ config, user, setUser, admin }} />
    </main>
    <div class="away" role="status" aria-live="polite" id="announcements"></div>
    ${children}
  </div>`;
}

const Languages = ({ choose }) => html`<select aria-label=${t('language')} onChange=${(event) => choose(event.target.value)}>
  ${Object.entries(LANGUAGES).map(([tag, name]) => html`<option key=${tag} value=${tag} lang=${tag} selected=${tag === language()}>${name}</option>`)}
</select>`;

/** Over the page that one was at, which stays as it is: what was typed is not lost. */
const Again = ({ email, enter, leave }) => html`<${Dialog} small title=${t('ended')} onClose=${leave}>
  <p>${t('ended.how')}</p>
  <${Gate.SignIn} email=${email} enter=${enter} />
</${Dialog}>`;

const Pending = ({ user, again, leave, name }) => html`<main class="gate">
  <div class="brand"><img src="console/icon.svg" alt="" />${name}</div>
  <section class="card">
    <h1>${t('pending')}</h1>
    <p>${t('pending.how', { email: user.email })}</p>
    <div class="row"><button class="main" onClick=${again}>${t('again')}</button><button onClick=${leave}>${t('sign_out')}</button></div>
  </section>
</main>`;

await speak(preferred());
render(html`<${App} />`, document.getElementById('app'));
