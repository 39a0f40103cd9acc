/* The floor: data, words, numbers and elements. Text enters the page by textContent only, so that
   a name from a data file stays a name, whatever is in it. */

const D = JSON.parse(document.getElementById('gm-data').textContent);
const LOCALE = D.lang === 'nl' ? 'nl-NL' : 'en-GB';
const SMALLEST_SHOWN = 5;
const NONE = 255;

/** Give a sentence of the catalogue with its placeholders filled. */
function t(key, params) {
  const sentence = key in D.text ? D.text[key] : key;
  return sentence.replace(/\{(\w+)\}/g, (all, name) => (params && name in params ? String(params[name]) : all));
}

const _formats = [0, 1].map((n) => new Intl.NumberFormat(LOCALE, { minimumFractionDigits: n, maximumFractionDigits: n }));

function num(value, decimals) {
  return value === null || value === undefined || Number.isNaN(value) ? '–' : _formats[decimals ? 1 : 0].format(value);
}

function pct(share, decimals) {
  return share === null || share === undefined ? '–' : num(share * 100, decimals) + ' %';
}

/** What "not reached" means: longer than trips were searched for, where that is known. */
const notReached = () => (D.search_limit ? t('not_reached_over', { n: num(D.search_limit) }) : t('not_reached'));

/** Minutes as words: -1 is "not reached", null is "no figure"; bare under a heading that has the unit. */
function minutes(value, bare) {
  if (value === null || value === undefined) return t('no_data');
  if (value < 0) return notReached();
  return bare ? num(Math.round(value)) : t('minutes', { n: num(Math.round(value)) });
}

/** A share under a heading that has the unit. */
const bareShare = (share) => (share === null || share === undefined ? '–' : num(share * 100, 1));

/** Numbers of young people: below five nobody is counted. */
function people(count) {
  if (count === null || count === undefined) return '–';
  return count > 0 && count < SMALLEST_SHOWN ? '<5' : num(Math.round(count));
}

/** A count of students with its bounds: 123, or 123 (120–126); a masked one is "<5". */
function interval(counts, i) {
  if (counts.n[i] === null) return '<5';
  const low = Math.round(counts.low[i]);
  const high = Math.round(counts.high[i]);
  const n = num(Math.round(counts.n[i]));
  return low === high ? n : n + ' (' + num(low) + '–' + num(high) + ')';
}

/** The same count in two parts, for a list: the number, and its bounds where they differ. */
function countParts(counts, i) {
  const whole = interval(counts, i);
  const at = whole.indexOf(' (');
  return at < 0 ? [whole, ''] : [whole.slice(0, at), whole.slice(at + 2, -1)];
}

/** Make an element: attributes, `text`, `on` handlers and children; never markup. */
function el(tag, attributes, children) {
  const made = document.createElement(tag);
  Object.entries(attributes || {}).forEach(([name, value]) => {
    if (value === null || value === undefined || value === false) return;
    if (name === 'text') made.textContent = value;
    else if (name === 'class') made.className = value;
    else if (name === 'value') made.value = value;
    else if (name === 'on') Object.entries(value).forEach(([event, act]) => made.addEventListener(event, act));
    else if (name === 'css') Object.entries(value).forEach(([k, v]) => made.style.setProperty(k, v));
    else made.setAttribute(name, value === true ? '' : value);
  });
  (children || []).forEach((child) => child && made.append(child));
  return made;
}

const capital = (text) => text.charAt(0).toLocaleUpperCase(LOCALE) + text.slice(1);

const $ = (id) => document.getElementById(id);

function say(sentence) {
  $('gm-status').textContent = sentence;
}

/** Unpack bytes that Python deflated; the browser does the work. */
async function bytes(text) {
  const raw = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([raw]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Unpack JSON that Python deflated. */
async function unpackJson(text) {
  return JSON.parse(new TextDecoder().decode(await bytes(text)));
}

/** Unpack rows of minutes: each byte is the difference with the one before it in its row. */
async function minuteRows(text, columns) {
  const found = await bytes(text);
  for (let i = 0; i < found.length; i += 1) {
    if (i % columns) found[i] = (found[i] + found[i - 1]) & 255;
  }
  return found;
}

/** The value below which half of the weight lies; not reached (NONE) is last. Gives -1 for that. */
function weightedMedian(values, weights) {
  const order = values.map((v, i) => i).sort((a, b) => values[a] - values[b]);
  const half = weights.reduce((sum, w) => sum + w, 0) / 2;
  let sum = 0;
  for (const i of order) {
    sum += weights[i];
    if (sum >= half && weights[i] > 0) return values[i] === NONE ? -1 : values[i];
  }
  return null;
}
