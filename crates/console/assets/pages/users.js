// Accounts, for administrators.

import { at, get, post, remove } from '../api.js';
import { Card, Confirm, Dialog, Failure, Field, Icon, Page, Waiting, announce, html, useDoing, useLoad, useState } from '../ui.js';
import { date, number, t } from '../words.js';

const ROLES = ['admin', 'user', 'pending'];

const roles = (chosen) => ROLES.map((role) => html`<option key=${role} value=${role} selected=${role === chosen}>${t(`role.${role}`)}</option>`);

export function Users({ user: own }) {
  const [search, setSearch] = useState('');
  const [page, setPage] = useState(1);
  const [adding, setAdding] = useState(false);
  const [deleting, setDeleting] = useState();
  const [promoting, setPromoting] = useState();
  // Drawn anew where a choice is cancelled, so that the list shows the role that the account still has.
  const [turn, setTurn] = useState(0);
  const doing = useDoing();
  const list = useLoad(async () => {
    const query = search ? `&query=${encodeURIComponent(search)}` : '';
    const parts = await Promise.all(Array.from({ length: page }, (_, place) => get(`/api/v1/users/?order_by=name&direction=asc&page=${place + 1}${query}`)));
    return { users: parts.flatMap(({ users }) => users), total: parts[0].total };
  }, [search, page]);
  const users = list.data?.users ?? [];
  const saveRole = async ({ id, name, email, profile_image_url }, role) => {
    await post(at`/api/v1/users/${id}/update`, { role, name, email, profile_image_url });
    list.again();
    announce(t('saved'));
  };
  // An administrator can do everything at once, so that role alone is asked about.
  const setRole = (user, role) => (role === 'admin' ? setPromoting(user) : doing.run(() => saveRole(user, role)));
  const actions = html`<button class="main" onClick=${() => setAdding(true)}><${Icon} name="plus" />${t('users.add')}</button>`;
  return html`<${Page} title=${t('part.users')} lead=${t('users.lead')} actions=${actions}>
    <${Card}>
      <input type="search" aria-label=${t('users.search')} placeholder=${t('users.search')} value=${search}
        onInput=${(event) => { setPage(1); setSearch(event.target.value); }} />
      <${Failure} error=${list.error ?? doing.error} />
      ${!list.data && !list.error && html`<${Waiting} />`}
      ${list.data && !users.length && html`<p class="soft">${t('filter.nothing')}</p>`}
      ${users.length > 0 && html`<ul class="rows" aria-label=${t('part.users')}>
        ${users.map((user) => html`<li key=${user.id} class="slim">
          <div class="name"><span>${user.name}</span><span class="soft">${user.email}</span></div>
          <span class="soft small">${t('users.seen', { date: date(user.last_active_at) })}</span>
          ${user.id === own.id
            ? html`<span class="tag accent">${t('users.you')} · ${t(`role.${user.role}`)}</span>`
            : html`<span class="row">
              <select key=${turn} aria-label=${t('users.role', { name: user.name })} disabled=${doing.busy} onChange=${(event) => setRole(user, event.target.value)}>${roles(user.role)}</select>
            </span>
            <button class="plain danger" aria-label=${t('users.delete', { name: user.name })} onClick=${() => setDeleting(user)}>${t('delete')}</button>`}
        </li>`)}
      </ul>`}
      ${users.length < (list.data?.total ?? 0) && html`<div class="row">
        <button onClick=${() => setPage(page + 1)}>${t('more')}</button>
        <span class="soft small">${t('some_of', { n: number(users.length), total: number(list.data.total) })}</span>
      </div>`}
    </${Card}>
    ${adding && html`<${Adding} onClose=${() => setAdding(false)} onDone=${list.again} />`}
    ${promoting && html`<${Confirm} title=${t('users.promote', { name: promoting.name })} action=${t('users.promote.do')}
      onClose=${() => { setPromoting(); setTurn((now) => now + 1); }} onDo=${() => saveRole(promoting, 'admin')}>${t('users.promote.means')}</${Confirm}>`}
    ${deleting && html`<${Confirm} title=${t('users.delete', { name: deleting.name })} action=${t('delete')} onClose=${() => setDeleting()}
      onDo=${async () => { await remove(at`/api/v1/users/${deleting.id}`); list.again(); }}>${t('users.delete.means')}</${Confirm}>`}
  </${Page}>`;
}

function Adding({ onClose, onDone }) {
  const doing = useDoing();
  const add = (event) => {
    event.preventDefault();
    const account = Object.fromEntries(new FormData(event.target));
    doing.run(async () => {
      await post('/api/v1/auths/add', account);
      announce(t('saved'));
      onDone();
      onClose();
    });
  };
  return html`<${Dialog} small title=${t('users.add')} onClose=${onClose}>
    <form class="stack" onSubmit=${add}>
      <${Field} label=${t('name')} name="name" autocomplete="off" required />
      <${Field} label=${t('email')} name="email" type="email" autocomplete="off" required />
      <${Field} label=${t('password')} name="password" type="password" autocomplete="new-password" required hint=${t('users.password')} />
      <${Field} of="select" label=${t('role')} name="role">${roles('user')}</${Field}>
      <${Failure} error=${doing.error} />
      <div class="actions"><button class="main" disabled=${doing.busy}>${t('users.add')}</button></div>
    </form>
  </${Dialog}>`;
}
