// Calls of the public API, and nothing else: whatever this page can do, a program can.
//
// Who is signed in is known by the session cookie that the server sets. It is HttpOnly, so no script can read it, this one
// included: a token in sessionStorage could be taken by any script that ever got into the page. The cookie travels with
// calls of this page alone: SameSite keeps it from other sites, and the server refuses changes whose Origin is not its own.

import { t } from './words.js';

const BASE = new URL('.', document.baseURI);

/** Where the server is, without a slash at the end. */
export const SERVER = BASE.href.replace(/\/$/, '');

/** What the server refused, in its own words. */
export class Refused extends Error {
  constructor(status, detail) {
    super(words(detail) || `HTTP ${status}`);
    this.status = status;
  }
}

function words(detail) {
  if (typeof detail === 'string') return detail;
  if (Array.isArray(detail)) return detail.map((one) => one?.msg ?? JSON.stringify(one)).join('\n');
  return detail?.message ?? detail?.error?.message ?? (detail ? JSON.stringify(detail) : '');
}

let ended = () => {};

/** Says who is told when a call finds that the session has ended. */
export function onEnd(told) {
  ended = told;
}

/** A path with values in it that cannot leave their place: an id may come from a link that somebody else made. */
export const at = (parts, ...values) => String.raw({ raw: parts }, ...values.map(encodeURIComponent));

const within = (path) => new URL(path.replace(/^\//, ''), BASE);

/** An answer that is not refused. `body` becomes JSON, unless it is a form. */
export async function fetched(method, path, body, options = {}) {
  const headers = body === undefined || body instanceof FormData ? {} : { 'content-type': 'application/json' };
  let answer;
  try {
    answer = await fetch(within(path), {
      method,
      headers,
      body: body === undefined || body instanceof FormData ? body : JSON.stringify(body),
      credentials: 'same-origin',
      ...options,
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Refused(0, t('unreachable'));
  }
  if (!answer.ok) throw await refusal(answer.status, await answer.text(), path);
  return answer;
}

/** The error for a refusal. 401 is said both to who is nobody and to who may not, so the account itself is asked for. */
export async function refusal(status, text, path) {
  let detail = text;
  try {
    detail = JSON.parse(text).detail ?? JSON.parse(text);
  } catch {
    // Not JSON: the text is all there is.
  }
  if (status === 401 && !path.startsWith('/api/v1/auths/sign')) {
    const own = await fetch(within('/api/v1/auths/'), { credentials: 'same-origin' });
    if (own.status === 401) ended();
  }
  return new Refused(status, detail);
}

export const get = async (path, options) => (await fetched('GET', path, undefined, options)).json();
export const post = async (path, body = {}, options) => (await fetched('POST', path, body, options)).json();
export const remove = async (path) => (await fetched('DELETE', path)).json();

/** The events of a stream, each parsed, until it ends or `signal` ends it. */
export async function* events(method, path, body, signal) {
  const answer = await fetched(method, path, body, { signal });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const parts = (rest + value).split(/\r?\n\r?\n/);
      rest = parts.pop();
      for (const part of parts) {
        const data = part
          .split(/\r?\n/)
          .filter((line) => line.startsWith('data:'))
          .map((line) => line.slice(5).trimStart())
          .join('\n');
        if (data === '[DONE]') return;
        if (data) yield JSON.parse(data);
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
