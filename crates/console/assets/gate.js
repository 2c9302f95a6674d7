// Before one is signed in: the first account, signing in, and signing up where that is open.

import { post } from './api.js';
import { Failure, Field, html, useEffect, useRef, useState } from './ui.js';
import { t } from './words.js';

export function Gate({ config, enter, ended, languages }) {
  const first = Boolean(config.onboarding);
  const [joining, setJoining] = useState(false);
  useEffect(() => { document.title = config.name; }, [config.name]);
  const kind = first ? 'first' : joining ? 'join' : 'sign_in';
  return html`<main class="gate">
    <div class="brand"><img src="console/icon.svg" alt="" />${config.name}</div>
    <section class="card">
      <div class="stack tight">
        <h1>${t(`gate.${kind}`)}</h1>
        ${first && html`<p class="soft">${t('gate.first.how')}</p>`}
      </div>
      ${ended && !first && html`<p class="notice" role="status">${t('ended')}. ${t('ended.how')}</p>`}
      ${kind === 'sign_in' ? html`<${SignIn} enter=${enter} />` : html`<${SignUp} enter=${enter} action=${t(`gate.${kind}.do`)} />`}
      ${!first && config.features.enable_signup && html`<p>
        <button class="link" onClick=${() => setJoining(!joining)}>${joining ? t('gate.have') : t('gate.have_not')}</button>
      </p>`}
    </section>
    ${languages}
  </main>`;
}

/** Signs in by a call, and tells apart a refusal and a browser that does not keep the session. */
function useEntering(enter) {
  const [state, setState] = useState({});
  const go = async (path, body) => {
    setState({ busy: true });
    try {
      await post(path, body);
      if (await enter()) return;
      throw new Error(t('gate.no_cookie'));
    } catch (error) {
      setState({ error });
    }
  };
  return { ...state, go };
}

const value = (event) => Object.fromEntries(new FormData(event.target));

function SignIn({ email = '', enter }) {
  const entering = useEntering(enter);
  const form = useRef();
  useEffect(() => form.current.querySelector(email ? '[name=password]' : '[name=email]').focus(), []);
  const send = (event) => {
    event.preventDefault();
    entering.go('/api/v1/auths/signin', value(event));
  };
  return html`<form class="stack" ref=${form} onSubmit=${send}>
    <${Field} label=${t('email')} name="email" type="email" autocomplete="username" required defaultValue=${email} />
    <${Field} label=${t('password')} name="password" type="password" autocomplete="current-password" required />
    <${Failure} error=${entering.error} />
    <button class="main" disabled=${entering.busy}>${t('gate.sign_in.do')}</button>
  </form>`;
}

function SignUp({ enter, action }) {
  const entering = useEntering(enter);
  const form = useRef();
  useEffect(() => form.current.querySelector('[name=name]').focus(), []);
  const send = (event) => {
    event.preventDefault();
    entering.go('/api/v1/auths/signup', value(event));
  };
  return html`<form class="stack" ref=${form} onSubmit=${send}>
    <${Field} label=${t('name')} name="name" autocomplete="name" required />
    <${Field} label=${t('email')} name="email" type="email" autocomplete="username" required />
    <${Field} label=${t('password')} name="password" type="password" autocomplete="new-password" required hint=${t('password.hint')} />
    <${Failure} error=${entering.error} />
    <button class="main" disabled=${entering.busy}>${action}</button>
  </form>`;
}

Gate.SignIn = SignIn;
