/* Parts of the panel: choices, cards, lists with bars, the legend, the table and its file. */

/** A labelled native select; `groups` is [[group or '', [[value, label], ...]], ...]. */
function choice(id, label, groups, value, act) {
  const select = el('select', { id, on: { change: (e) => act(e.target.value) } });
  groups.forEach(([group, options]) => {
    const made = options.map(([v, text]) => el('option', { value: v, text }));
    if (group) select.append(el('optgroup', { label: group }, made));
    else select.append(...made);
  });
  select.value = value;
  return el('div', { class: 'gm-field' }, [el('label', { for: id, text: label }), select]);
}

/** A few choices beside each other: native radio buttons that look like one switch. */
function segments(name, label, options, value, act) {
  return el('fieldset', { class: 'gm-segments' }, [el('legend', { text: label })].concat([
    el('div', { class: 'gm-segment-row' }, options.map(([v, text]) => {
      const radio = el('input', { type: 'radio', name, value: v, id: name + '-' + v, on: { change: () => act(v) } });
      radio.checked = v === value;
      return el('span', {}, [radio, el('label', { for: name + '-' + v, text })]);
    })),
  ]));
}

/** One of a row of years: buttons for a few, a slider for more; the map follows while it is moved. */
function years(id, label, all, value, act, follow) {
  if (all.length < 2) return null;
  if (all.length <= 5) return segments(id, label, all.map((y) => [String(y), String(y)]), String(value), act);
  const told = el('output', { for: id, text: String(value) });
  const at = (e) => String(all[Number(e.target.value)]);
  const shown = (e) => { told.textContent = at(e); e.target.setAttribute('aria-valuetext', at(e)); };
  const slider = el('input', {
    id, type: 'range', min: '0', max: String(all.length - 1), step: '1', 'aria-valuetext': String(value),
    on: { input: (e) => { shown(e); follow(at(e)); }, change: (e) => act(at(e)) },
  });
  slider.value = String(all.indexOf(Number(value)));
  return el('div', { class: 'gm-field gm-years' }, [el('label', { for: id }, [document.createTextNode(label + ': '), told]), slider]);
}

function toggle(id, label, value, act) {
  const box = el('input', { type: 'checkbox', id, on: { change: (e) => act(e.target.checked) } });
  box.checked = value;
  return el('div', { class: 'gm-check' }, [box, el('label', { for: id, text: label })]);
}

/** A search box over names: a native datalist; an exact choice acts at once, Enter takes the first that fits. */
function search(id, label, names, act) {
  const found = new Map();
  names.forEach(([text, value]) => found.set(found.has(text) ? text + ' (' + (found.size + 1) + ')' : text, value));
  const list = el('datalist', { id: id + '-list' }, [...found.keys()].map((text) => el('option', { value: text })));
  const first = (text) => [...found.keys()].find((k) => k.toLocaleLowerCase(LOCALE).includes(text));
  const take = (box) => {
    const typed = box.value.trim();
    const key = found.has(typed) ? typed : typed && first(typed.toLocaleLowerCase(LOCALE));
    if (key) { box.value = ''; act(found.get(key)); } else if (typed) say(t('not_found', { name: typed }));
  };
  const box = el('input', {
    id, type: 'search', list: id + '-list', autocomplete: 'off', placeholder: t('search_hint'),
    on: {
      input: (e) => { if (found.has(e.target.value)) take(e.target); },
      keydown: (e) => { if (e.key === 'Enter') { e.preventDefault(); take(e.target); } },
    },
  });
  return el('div', { class: 'gm-field' }, [el('label', { for: id, text: label }), box, list]);
}

/** Figures side by side: [[value, caption], ...]; a value may be [number, its bounds]. */
function figures(pairs) {
  return el('dl', { class: 'gm-figures' }, pairs.map(([value, caption]) => {
    const [number, bounds] = [].concat(value);
    return el('div', {}, [el('dt', { text: caption }), el('dd', {}, [document.createTextNode(number), bounds ? el('small', { text: bounds }) : null])]);
  }));
}

/** A list with bars: items {label, under, value, range, share (null: no bar), tag, act}; the rest behind a button. */
function bars(items, shown) {
  const list = el('ol', { class: 'gm-bars' });
  const most = Math.max(0.0001, ...items.map((item) => item.share || 0));
  const row = (item) => el('li', {}, [el(item.act ? 'button' : 'div', { class: 'gm-bar', type: item.act ? 'button' : null, on: item.act ? { click: item.act } : {} }, [
    item.share === null ? null : el('span', { class: 'gm-bar-fill', 'aria-hidden': 'true', css: { width: (100 * (item.share || 0)) / most + '%' } }),
    item.tag || null,
    el('span', { class: 'gm-bar-label' }, [document.createTextNode(item.label), item.under ? el('small', { text: item.under }) : null]),
    el('span', { class: 'gm-bar-value' }, [document.createTextNode(item.value), item.range ? el('small', { text: item.range }) : null]),
  ])]);
  items.slice(0, shown).forEach((item) => list.append(row(item)));
  if (items.length <= shown) return list;
  const more = el('button', { class: 'gm-more', type: 'button', text: t('show_all', { n: num(items.length) }), on: { click: () => { items.slice(shown).forEach((item) => list.append(row(item))); more.remove(); } } });
  return el('div', {}, [list, more]);
}

function siteTag(i) {
  const owner = D.sites.institution[i];
  const colour = D.institutions.colour[owner];
  return el('span', { class: 'gm-tag', 'aria-hidden': 'true', text: String(owner + 1), css: { background: colour, color: inkOn(colour) } });
}

/** A site without the name of its institution in front, for where that is told already. */
function siteShort(i) {
  const full = siteName(i);
  const owner = D.institutions.name[D.sites.institution[i]] + ', ';
  return full.startsWith(owner) && full.length > owner.length ? full.slice(owner.length) : full;
}

/** The institution of a site, for the line under its name. */
const ownerUnder = (i) => D.institutions.name[D.sites.institution[i]];

/** A site as an item of a list: its number, its address and its institution. */
function siteItem(i, more) {
  const short = siteShort(i);
  return Object.assign({ tag: siteTag(i), label: short, under: D.institutions.name[D.sites.institution[i]] }, more);
}

function siteName(i) {
  const place = D.sites.place[i];
  return place && !D.sites.name[i].includes(place) ? D.sites.name[i] + ', ' + place : D.sites.name[i];
}

function drawLegend(legend) {
  const lines = legend.lines.map((line) => el('li', {}, [line.tag || swatch(line.mark), document.createTextNode(line.label)]));
  const strokes = (legend.strokes || []).map((s) => el('li', {}, [el('span', { class: 'gm-stroke gm-stroke-' + s.kind, 'aria-hidden': 'true' }), document.createTextNode(s.label)]));
  const under = (legend.under || []).map((text) => el('p', { class: 'gm-legend-under', text }));
  $('gm-legend').replaceChildren(el('h2', { text: legend.title }), el('ul', {}, lines.concat(strokes)), ...under);
}

/** The table under the map; made only when it is opened or printed. */
function drawTable(table) {
  const body = el('tbody');
  const write = (column, i) => (column.text ? column.text(i) : String(column.value(i)));
  const fill = (rows) => body.replaceChildren(...rows.map((i) => el('tr', {}, table.columns.map((c, k) => el(k ? 'td' : 'th', { scope: k ? null : 'row', class: c.numeric ? 'gm-number' : null, text: write(c, i) })))));
  const key = (column, i) => { const v = column.value(i); return v === null || v === undefined ? -Infinity : v === -1 && column.numeric && !column.signed ? Infinity : v; };
  let sorted = null;
  const heads = table.columns.map((column) => {
    const button = el('button', { type: 'button', text: capital(column.label) });
    const head = el('th', { scope: 'col', class: column.numeric ? 'gm-number' : null }, [button]);
    button.addEventListener('click', () => {
      const down = sorted === column ? head.getAttribute('aria-sort') === 'ascending' : column.numeric;
      heads.forEach((h) => h.removeAttribute('aria-sort'));
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      sorted = column;
      const by = (a, b) => { const x = key(column, a); const y = key(column, b); return typeof x === 'string' ? String(x).localeCompare(String(y), LOCALE) : x - y || 0; };
      fill(table.rows.slice().sort((a, b) => (down ? by(b, a) : by(a, b))));
    });
    return head;
  });
  fill(table.rows);
  $('gm-table').replaceChildren(el('table', {}, [el('caption', { text: table.caption }), el('thead', {}, [el('tr', {}, heads)]), body]));
}

/** The table as a file that a Dutch spreadsheet opens: semicolons, decimal commas, a mark that it is UTF-8. */
function csvText(table) {
  const cell = (text) => {
    // A spreadsheet would run a name that begins as a formula.
    const safe = /^[=+\-@\t\r]/.test(text) ? "'" + text : text;
    return /[";\n\r]/.test(safe) ? '"' + safe.replace(/"/g, '""') + '"' : safe;
  };
  const value = (column, i) => {
    const v = column.value(i);
    if (!column.numeric || v === null || v === undefined || (v === -1 && !column.signed)) return cell(column.text ? column.text(i) : String(v));
    return String(Math.round(v * 1000) / 1000).replace('.', ',');
  };
  const rows = table.rows.map((i) => table.columns.map((c) => value(c, i)).join(';'));
  return '\ufeff' + [table.columns.map((c) => cell(capital(c.label))).join(';')].concat(rows, '', D.credits.map(cell)).join('\r\n') + '\r\n';
}

function saveCsv(table) {
  const url = URL.createObjectURL(new Blob([csvText(table)], { type: 'text/csv;charset=utf-8' }));
  const link = el('a', { href: url, download: D.view + '.csv' });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
