// The models that one may use and where they come from; for administrators also who may use which, and functions.

import { at, get, post } from '../api.js';
import { Card, Dialog, Empty, Failure, Icon, Page, Switch, Waiting, announce, html, useDoing, useLoad, useState } from '../ui.js';
import { number, t } from '../words.js';

export function Models({ admin }) {
  const [fresh, setFresh] = useState(false);
  const models = useLoad(() => get(`/api/models${fresh ? '?refresh=true' : ''}`), [fresh]);
  const status = useLoad(async () => (admin ? get('/api/v1/transom/status') : undefined), [models.data]);
  const functions = useLoad(async () => (admin ? get('/api/v1/functions/') : []));
  const [filter, setFilter] = useState('');
  const [sharing, setSharing] = useState();
  const all = models.data?.data ?? [];
  const shown = all.filter(({ id, name }) => `${id} ${name}`.toLowerCase().includes(filter.toLowerCase()));
  const refresh = () => {
    setFresh(true);
    models.again();
  };
  const actions = html`<button onClick=${refresh}>${t('models.refresh')}</button>`;
  return html`<${Page} title=${t('part.models')} lead=${t('models.lead')} actions=${actions}>
    ${admin && html`<${Connections} status=${status} />`}
    <${Card} title=${t('part.models')} note=${all.length > 0 && number(all.length)}>
      <${Failure} error=${models.error} />
      ${!models.data && !models.error && html`<${Waiting} />`}
      ${models.data && !all.length && html`<${Empty} icon="model"><p>${admin ? t('models.none.admin') : t('models.none.user')}</p></${Empty}>`}
      ${all.length > 8 && html`<input type="search" aria-label=${t('filter')} placeholder=${t('filter')} value=${filter} onInput=${(event) => setFilter(event.target.value)} />`}
      ${all.length > 0 && html`<ul class="rows slim" aria-label=${t('part.models')}>
        ${shown.map((model) => html`<li key=${model.id}>
          <div class="name"><span>${model.name}</span><span class="soft">
            ${provider(model, status.data)}${model.id !== model.name && html` · <span class="mono">${model.id}</span>`}
          </span></div>
          ${admin && html`<button aria-label=${`${t('models.access', { name: model.name })}: ${access(model)}`} onClick=${() => setSharing(model)}><${Icon} name="people" />${access(model)}</button>`}
          <a class="button" href=${`#/ask?model=${encodeURIComponent(model.id)}`} aria-label=${`${t('part.ask')}: ${model.name}`}>${t('part.ask')}</a>
        </li>`)}
      </ul>`}
      ${all.length > 0 && !shown.length && html`<p class="soft">${t('filter.nothing')}</p>`}
    </${Card}>
    ${admin && html`<${Functions} functions=${functions} changed=${models.again} />`}
    ${sharing && html`<${Access} model=${sharing} onClose=${() => setSharing()} onDone=${models.again} />`}
  </${Page}>`;
}

const host = (address) => {
  try {
    return new URL(address).host;
  } catch {
    return address;
  }
};

/** Who answers for a model, with the address where the reader may know it. */
function provider(model, status) {
  const kind = model.pipe ? 'function' : ['ollama', 'openai'].find((api) => model[api]) ?? 'own';
  if (model.preset) return t('provider.preset', { base: model.info?.base_model_id ?? '' });
  const indices = model.ollama?.urls ?? (model.urlIdx === undefined ? [] : [model.urlIdx]);
  const ofKind = status?.connections.filter((one) => one.kind === kind) ?? [];
  // Where there is one of its kind, its kind says enough.
  const at = ofKind.length > 1 ? ofKind.filter(({ index }) => indices.includes(index)) : [];
  return [t(`provider.${kind}`), ...at.map(({ address }) => host(address))].join(' · ');
}

export function Connections({ status }) {
  const shown = status.data?.connections ?? [];
  return html`<${Card} title=${t('connections')}>
    <${Failure} error=${status.error} />
    ${status.data && !shown.length && html`<p class="soft">${t('connections.none')}</p>`}
    ${shown.length > 0 && html`<ul class="rows" aria-label=${t('connections')}>
      ${shown.map(({ kind, index, address, answers, failure, models }) => html`<li key=${kind + index}>
        <div class="name">
          <span>${t(`provider.${kind}`)}</span><span class="soft mono">${address}</span>
          ${failure && html`<span class="bad small">${failure}</span>`}
        </div>
        <span class="soft small">${t('connections.models', { n: number(models) })}</span>
        <span class=${answers ? 'tag good' : 'tag bad'}>${answers ? t('connections.answers') : t('connections.silent')}</span>
      </li>`)}
    </ul>`}
  </${Card}>`;
}

const EVERYONE = { principal_type: 'user', principal_id: '*', permission: 'read' };
const grantsOf = (model) => model.info?.access_grants ?? [];
const isOpen = (grants) => grants.some(({ principal_type, principal_id }) => principal_type === 'user' && principal_id === '*');

function access(model) {
  const grants = grantsOf(model);
  if (isOpen(grants)) return t('access.everyone');
  return grants.length ? t('access.some', { n: number(grants.length) }) : t('access.admins');
}

/** Who may use a model: administrators alone, everybody, or chosen groups and people. */
function Access({ model, onClose, onDone }) {
  const before = grantsOf(model);
  const [kind, setKind] = useState(isOpen(before) ? 'everyone' : before.length ? 'some' : 'admins');
  const [chosen, setChosen] = useState(new Set(before.map(({ principal_type, principal_id }) => `${principal_type}:${principal_id}`)));
  const who = useLoad(async () => {
    const [groups, { users }] = await Promise.all([get('/api/v1/groups/'), get('/api/v1/users/all')]);
    return [
      ...groups.map(({ id, name }) => ({ key: `group:${id}`, name, about: t('access.group') })),
      ...users.filter(({ role }) => role === 'user').map(({ id, name, email }) => ({ key: `user:${id}`, name, about: email })),
    ];
  });
  const doing = useDoing();
  const toggle = (key) => {
    const after = new Set(chosen);
    if (!after.delete(key)) after.add(key);
    setChosen(after);
  };
  const save = (event) => {
    event.preventDefault();
    const some = [...chosen].filter((key) => key !== 'user:*').map((key) => {
      const [principal_type, ...id] = key.split(':');
      return { principal_type, principal_id: id.join(':'), permission: 'read' };
    });
    // What somebody may change is nobody's question here, and stays.
    const kept = before.filter(({ permission }) => permission === 'write').map(({ principal_type, principal_id, permission }) => ({ principal_type, principal_id, permission }));
    const access_grants = [...kept, ...{ admins: [], everyone: [EVERYONE], some }[kind]];
    doing.run(async () => {
      await post('/api/v1/models/model/access/update', { id: model.id, name: model.name, access_grants });
      announce(t('saved'));
      onDone();
      onClose();
    });
  };
  const choice = (name) => html`<label class="check"><input type="radio" name="kind" value=${name} checked=${kind === name} onChange=${() => setKind(name)} /><span>${t(`access.${name}.long`)}</span></label>`;
  return html`<${Dialog} title=${t('models.access', { name: model.name })} onClose=${onClose}>
    <form class="stack" onSubmit=${save}>
      <fieldset class="stack tight"><legend class="away">${t('models.access', { name: model.name })}</legend>${['admins', 'everyone', 'some'].map(choice)}</fieldset>
      ${kind === 'some' && html`<ul class="choices">
        ${who.data?.map(({ key, name, about }) => html`<li key=${key}><label class="check">
          <input type="checkbox" checked=${chosen.has(key)} onChange=${() => toggle(key)} /><span>${name} <span class="soft small">${about}</span></span>
        </label></li>`)}
        ${who.data?.length === 0 && html`<li class="soft">${t('access.nobody')}</li>`}
      </ul>`}
      <${Failure} error=${doing.error ?? who.error} />
      <div class="actions"><button class="main" disabled=${doing.busy}>${t('save')}</button></div>
    </form>
  </${Dialog}>`;
}

function Functions({ functions, changed }) {
  const doing = useDoing();
  const toggle = (one) => doing.run(async () => {
    await post(at`/api/v1/functions/id/${one.id}/toggle`);
    announce(t('saved'));
    functions.again();
    changed();
  });
  const all = functions.data ?? [];
  return html`<${Card} title=${t('functions')}>
    <${Failure} error=${functions.error ?? doing.error} />
    ${functions.data && !all.length && html`<p class="soft">${t('functions.none')}</p>`}
    ${all.length > 0 && html`<ul class="rows" aria-label=${t('functions')}>
      ${all.map((one) => html`<li key=${one.id}>
        <div class="name"><span>${one.name}</span><span class="soft">${one.meta?.description || one.id}</span></div>
        <span class="tag">${t(`function.${one.type}`)}</span>
        <${Switch} on=${one.is_active} label=${t('functions.switch', { name: one.name })} disabled=${doing.busy} onClick=${() => toggle(one)} />
      </li>`)}
    </ul>`}
  </${Card}>`;
}
