// Uploads that are under way. They belong to no page, so that one may look elsewhere while they go on.

import { SERVER, refusal } from './api.js';
import { t } from './words.js';

/** At once: browsers open six connections to a server, and the rest of the page needs some of them. */
const AT_ONCE = 2;

let uploads = [];
let next = 1;
const listeners = new Set();

function change(id, more) {
  uploads = uploads.map((upload) => (upload.id === id ? { ...upload, ...more } : upload));
  for (const listener of listeners) listener(uploads);
}

/** Tells `listener` of every change until the returned function is called. */
export function watchUploads(listener) {
  listeners.add(listener);
  listener(uploads);
  return () => listeners.delete(listener);
}

/** Sends files, each into `collection` where one is named, and calls `arrived` for each that the server has. */
export function upload(files, arrived) {
  uploads = [...[...files].map((file) => ({ id: next++, file, name: file.name, size: file.size, share: 0, state: 'waiting', arrived })), ...uploads];
  change();
  go();
}

/** Forgets an upload that failed. */
export function forget(id) {
  uploads = uploads.filter((upload) => upload.id !== id);
  change();
}

function go() {
  const busy = uploads.filter(({ state }) => state === 'sending').length;
  const waiting = uploads.filter(({ state }) => state === 'waiting').reverse();
  for (const upload of waiting.slice(0, AT_ONCE - busy)) send(upload);
}

/** With XMLHttpRequest, because fetch does not tell how much has been sent. */
function send({ id, file, arrived }) {
  change(id, { state: 'sending' });
  const form = new FormData();
  form.append('file', file);
  const request = new XMLHttpRequest();
  request.open('POST', `${SERVER}/api/v1/files/`);
  request.upload.onprogress = ({ loaded, total }) => change(id, { share: total ? loaded / total : 0 });
  const failed = (error) => {
    change(id, { state: 'failed', error: error.message, file: undefined });
    go();
  };
  request.onerror = () => failed(new Error(t('unreachable')));
  request.onload = async () => {
    if (request.status !== 200) return failed(await refusal(request.status, request.responseText, '/api/v1/files/'));
    try {
      await arrived?.(JSON.parse(request.responseText));
    } catch (error) {
      return failed(error);
    }
    forget(id);
    return go();
  };
  request.send(form);
}
