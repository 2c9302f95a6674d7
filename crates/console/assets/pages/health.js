// How the server is, for administrators.

import { get } from '../api.js';
import { Card, Failure, Page, Waiting, html, useEffect, useLoad } from '../ui.js';
import { number, size, span, t } from '../words.js';
import { Connections } from './models.js';

/** Milliseconds between two looks, while the page is seen. */
const EVERY = 5000;

export function Health() {
  const status = useLoad(() => get('/api/v1/transom/status'));
  useEffect(() => {
    const timer = setInterval(() => document.hidden || status.again(), EVERY);
    return () => clearInterval(timer);
  }, []);
  const known = status.data;
  return html`<${Page} title=${t('part.health')} lead=${t('health.lead')}>
    <${Failure} error=${status.error} />
    ${!known && !status.error && html`<${Waiting} />`}
    ${known && html`
      <${Figures} figures=${{
        'health.version': known.version,
        'health.api': known.api_version,
        'health.uptime': span(known.uptime_seconds),
        'health.waiting': number(known.jobs.waiting),
        'health.running': number(known.jobs.running),
        'health.failed': number(known.files.failed),
      }} />
      <${Card} title=${t('health.stores')}>
        <${Figures} figures=${{
          'health.database': size(known.stores.database),
          'health.uploads': size(known.stores.uploads),
          'health.vectors': size(known.stores.vectors),
          'files': number(Object.values(known.files).reduce((sum, count) => sum + count, 0)),
          'shelves': number(known.collections),
          'part.users': number(known.accounts),
        }} />
      </${Card}>
      <${Connections} status=${status} />`}
  </${Page}>`;
}

const Figures = ({ figures }) => html`<dl class="figures">
  ${Object.entries(figures).map(([key, value]) => html`<div key=${key}><dt>${t(key)}</dt><dd>${value}</dd></div>`)}
</dl>`;
