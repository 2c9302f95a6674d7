// One's own account: name, password, the API key, and programs that use it.

import { SERVER, get, post, remove } from '../api.js';
import { Card, Code, Confirm, Copy, Failure, Field, Outcome, Page, Waiting, html, useDoing, useLoad, useState } from '../ui.js';
import { SNIPPETS, TASKS } from '../snippets.js';
import { t } from '../words.js';

export function Account({ config, user, setUser }) {
  const key = useLoad(async () => {
    try {
      return (await get('/api/v1/auths/api_key')).api_key;
    } catch (error) {
      if (error.status === 404) return '';
      throw error;
    }
  });
  return html`<${Page} title=${t('part.account')} lead=${t('account.lead')}>
    <${Key} held=${key} allowed=${config.features.enable_api_keys} />
    <${Programs} secret=${key.data} />
    <div class="columns">
      <${Profile} ...${{ user, setUser }} />
      <${Password} />
    </div>
  </${Page}>`;
}

const hidden = (secret) => `${secret.slice(0, 3)}${'•'.repeat(24)}${secret.slice(-4)}`;

function Key({ held, allowed }) {
  const [shown, setShown] = useState(false);
  const [asking, setAsking] = useState();
  const making = useDoing();
  const make = async () => {
    const { api_key } = await post('/api/v1/auths/api_key');
    held.set(api_key);
    setShown(true);
  };
  const drop = async () => {
    await remove('/api/v1/auths/api_key');
    held.set('');
  };
  const secret = held.data;
  return html`<${Card} title=${t('key')}>
    <p class="soft">${t('key.what')}</p>
    ${secret === undefined && !held.error && html`<${Waiting} />`}
    <${Failure} error=${held.error} />
    ${secret === '' && html`<div class="row">
      <button class="main" disabled=${making.busy || allowed === false} onClick=${() => making.run(make, t('key.made'))}>${t('key.make')}</button>
      <span class="soft">${allowed === false ? t('key.off') : t('key.none')}</span>
    </div>`}
    ${secret && html`
      <div class="row">
        <input class="mono grow" readonly aria-label=${t('key')} value=${shown ? secret : hidden(secret)} />
        <button aria-pressed=${String(shown)} onClick=${() => setShown(!shown)}>${shown ? t('key.hide') : t('key.show')}</button>
        <${Copy} class="main" text=${secret} label=${t('key.copy')} />
      </div>
      <div class="row">
        <button class="plain" onClick=${() => setAsking('replace')}>${t('key.replace')}</button>
        <button class="plain danger" onClick=${() => setAsking('delete')}>${t('key.delete')}</button>
      </div>`}
    <${Outcome} doing=${making} />
    ${asking === 'replace' && html`<${Confirm} title=${t('key.replace')} action=${t('key.replace')} onDo=${make} onClose=${() => setAsking()}>
      ${t('key.replace.means')}
    </${Confirm}>`}
    ${asking === 'delete' && html`<${Confirm} title=${t('key.delete')} action=${t('key.delete')} onDo=${drop} onClose=${() => setAsking()}>
      ${t('key.delete.means')}
    </${Confirm}>`}
  </${Card}>`;
}

/** Programs with this server's address and the key in them. The key is hidden on the page and whole in what is copied. */
function Programs({ secret }) {
  const models = useLoad(() => get('/api/models'));
  const [language, setLanguage] = useState('curl');
  const [task, setTask] = useState('ask');
  const [model, setModel] = useState('');
  const offered = models.data?.data ?? [];
  const chosen = model || offered[0]?.id || 'MODEL';
  const program = (key) => SNIPPETS[language][task]({ server: SERVER, key, model: chosen });
  const key = secret || 'YOUR_API_KEY';
  const move = (event) => {
    const names = Object.keys(SNIPPETS);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = names[(names.indexOf(language) + step + names.length) % names.length];
    setLanguage(next);
    event.currentTarget.querySelector(`[data-name=${next}]`).focus();
  };
  return html`<${Card} title=${t('programs')}>
    <p class="soft">${secret ? t('programs.what') : t('programs.no_key')}</p>
    <div class="columns slim">
      <${Field} of="select" label=${t('programs.task')} onChange=${(event) => setTask(event.target.value)}>
        ${TASKS.map((name) => html`<option key=${name} value=${name} selected=${name === task}>${t(`task.${name}`)}</option>`)}
      </${Field}>
      <${Field} of="select" label=${t('model')} onChange=${(event) => setModel(event.target.value)}>
        ${offered.map(({ id, name }) => html`<option key=${id} value=${id} selected=${id === chosen}>${name}</option>`)}
        ${!offered.length && html`<option value="">${t('models.none')}</option>`}
      </${Field}>
    </div>
    <div class="tabs" role="tablist" aria-label=${t('programs')} onKeyDown=${move}>
      ${Object.entries(SNIPPETS).map(([name, { title }]) => html`<button key=${name} role="tab" id=${`tab-${name}`} data-name=${name}
        aria-selected=${String(name === language)} aria-controls="program" tabindex=${name === language ? 0 : -1} onClick=${() => setLanguage(name)}>
        ${title}
      </button>`)}
    </div>
    <div role="tabpanel" id="program" aria-labelledby=${`tab-${language}`}>
      <${Code} label=${SNIPPETS[language].title} text=${program(secret ? hidden(secret) : key)} copied=${program(key)} />
    </div>
  </${Card}>`;
}

function Profile({ user, setUser }) {
  const saving = useDoing();
  const save = (event) => {
    event.preventDefault();
    const name = new FormData(event.target).get('name');
    saving.run(async () => {
      const saved = await post('/api/v1/auths/update/profile', { name, profile_image_url: user.profile_image_url });
      setUser({ ...user, ...saved });
    }, t('saved'));
  };
  return html`<${Card} title=${t('profile')}>
    <form class="stack" onSubmit=${save}>
      <${Field} label=${t('name')} name="name" autocomplete="name" required defaultValue=${user.name} />
      <dl class="facts"><dt>${t('email')}</dt><dd>${user.email}</dd><dt>${t('role')}</dt><dd>${t(`role.${user.role}`)}</dd></dl>
      <${Outcome} doing=${saving} />
      <div class="row"><button disabled=${saving.busy}>${t('save')}</button></div>
    </form>
  </${Card}>`;
}

function Password() {
  const saving = useDoing();
  const save = (event) => {
    event.preventDefault();
    const form = event.target;
    const { password, new_password } = Object.fromEntries(new FormData(form));
    saving.run(async () => {
      await post('/api/v1/auths/update/password', { password, new_password });
      form.reset();
    }, t('password.changed'));
  };
  return html`<${Card} title=${t('password')}>
    <form class="stack" onSubmit=${save}>
      <${Field} label=${t('password.now')} name="password" type="password" autocomplete="current-password" required />
      <${Field} label=${t('password.new')} name="new_password" type="password" autocomplete="new-password" required hint=${t('password.hint')} />
      <${Outcome} doing=${saving} />
      <div class="row"><button disabled=${saving.busy}>${t('password.change')}</button></div>
    </form>
  </${Card}>`;
}
