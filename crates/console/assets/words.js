// The page's own words, in the reader's language. One file a language; English is there for what cannot be loaded.

import { SERVER } from './api.js';

/** Each language by the name that its readers know. */
export const LANGUAGES = { en: 'English', fr: 'Français', zh: '中文', pt: 'Português', es: 'Español', ko: '한국어' };

const KEPT = 'transom.language';
let texts = {};
let current = 'en';

/** The language that is shown. */
export const language = () => current;

/** The language that was chosen here before, else the browser's first that there is, else English. */
export function preferred() {
  const kept = localStorage.getItem(KEPT);
  const wanted = [kept, ...navigator.languages].map((tag) => tag?.toLowerCase().split('-')[0]);
  return wanted.find((tag) => tag in LANGUAGES) ?? 'en';
}

/** Loads a language and shows it from the next drawing on. */
export async function speak(tag, keep) {
  const answer = await fetch(`${SERVER}/console/texts/${tag}.json`);
  texts = await answer.json();
  current = tag;
  document.documentElement.lang = tag;
  if (keep) localStorage.setItem(KEPT, tag);
}

/** The words of a key, with what goes into their places. */
export function t(key, values = {}) {
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}

export const number = (value, options) => new Intl.NumberFormat(current, options).format(value);
export const date = (seconds) => new Intl.DateTimeFormat(current, { dateStyle: 'medium', timeStyle: 'short' }).format(seconds * 1000);

/** A size in the unit that fits. */
export function size(bytes) {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
  let place = 0;
  while (bytes >= 1000 && place < units.length - 1) {
    bytes /= 1000;
    place += 1;
  }
  return number(bytes, { style: 'unit', unit: units[place], unitDisplay: place ? 'short' : 'long', maximumFractionDigits: bytes < 10 && place ? 1 : 0 });
}

/** A length of time in its two largest units. */
export function span(seconds) {
  const parts = [['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]];
  const first = Math.max(0, parts.findIndex(([, length]) => seconds >= length));
  return parts
    .slice(seconds < 1 ? 3 : first, first + 2)
    .map(([unit, length]) => {
      const value = Math.floor(seconds / length);
      seconds -= value * length;
      return number(value, { style: 'unit', unit, unitDisplay: 'short' });
    })
    .join(' ');
}
