/* Indicators: a number or judgement of areas, institutions or sites, by year. A number of an institution
   is of the whole of it: its sites share a colour, and no circle says that each of them has so much. */

function indicatorView(app) {
  const K = D.indicators;
  const I = K.list;
  const defaults = { indicator: '', level: '', year: '', area: '', item: '' };
  const has = (object, key) => Object.hasOwn(object, key);
  const word = (section, value) => (has(D.text, section + '.' + value) ? D.text[section + '.' + value] : value);
  const isArea = (kind) => has(D.areas, kind) && Boolean(D.areas[kind]);
  const items = (kind) => (isArea(kind) ? D.areas[kind] : kind === 'site' ? D.sites : K.items[kind]);
  const onMap = (kind) => isArea(kind) || kind === 'site' || kind === 'institution';
  const unpacked = new Map();
  const formats = [0, 1, 2, 3].map((n) => new Intl.NumberFormat(LOCALE, { maximumFractionDigits: n, minimumFractionDigits: n === 3 ? 0 : n }));
  const LETTERS = 'ABCDEFG';
  const LARGEST = D.sites.name.length > 80 ? 15 : 22;

  /** What is shown now: the indicator, the kind of key and the year, each a default where it is not chosen. */
  function now(state) {
    const ind = I.find((one) => one.name === state.indicator) || I[0];
    const kind = has(ind.kinds, state.level) ? state.level : Object.keys(ind.kinds)[0];
    const set = ind.kinds[kind];
    const year = set.years.includes(Number(state.year)) ? Number(state.year) : set.years[set.years.length - 1];
    return { ind, kind, set, year };
  }

  async function valuesOf(set) {
    if (!unpacked.has(set)) {
      const found = await unpackJson(set.packed);
      Object.values(found).forEach((one) => { one.masked = new Set(one.m || []); one.summed = new Set(one.s || []); });
      unpacked.set(set, found);
    }
    return unpacked.get(set);
  }

  const nameOf = (ind) => word('indicator', ind.name);
  const unitOf = (ind) => word('unit', ind.unit);
  const bare = (ind, v) => formats[ind.decimals].format(v);
  const within = (text, ind) => (unitOf(ind) ? text + ' (' + unitOf(ind) + ')' : text);
  const withUnit = (ind, text) => (text + ' ' + unitOf(ind)).trim();
  const signed = (ind, v) => (v > 0 ? '+' : v < 0 ? '\u2212' : '') + bare(ind, Math.abs(v));
  const range = (ind, low, high) => bare(ind, low) + '\u2013' + bare(ind, high);

  function itemName(kind, i) {
    if (kind === 'site') return siteName(i);
    if (kind === 'pc4') return levelName('pc4', i);
    return items(kind).name[i];
  }

  function underName(kind, i) {
    if (kind === 'municipality') return provinceName(i);
    if (kind === 'site') return ownerUnder(i);
    if (kind === 'pc4' || kind === 'district' || kind === 'neighbourhood') return areaName(D.areas[kind].parent[i]);
    return kind === 'institution' && !sitesOf(i).length ? t('no_site_here') : '';
  }

  const sitesOf = (owner) => D.sites.institution.map((o, i) => [o, i]).filter(([o]) => o === owner).map(([, i]) => i);

  /** The number or judgement of one key as words: [number, its bounds]. */
  function parts(show, values, i) {
    const { ind, set } = show;
    if (values.masked.has(i)) return ['<5', ''];
    const said = values.w && values.w[i] !== null && values.w[i] !== undefined && set.words.length ? set.words[values.w[i]] : '';
    if (said) return [said, ''];
    if (values.v[i] === null) return [t('no_data'), ''];
    const wide = values.l && values.h[i] > values.l[i];
    return [bare(ind, values.v[i]), wide ? range(ind, values.l[i], values.h[i]) : ''];
  }

  function written(show, values, i) {
    const [number, bounds] = parts(show, values, i);
    return bounds ? number + ' (' + bounds + ')' : number;
  }

  function told(show, values, i) {
    const plain = values.masked.has(i) || values.v[i] !== null;
    return plain && !show.set.words.length ? withUnit(show.ind, written(show, values, i)) : written(show, values, i);
  }

  const shadesOf = (count) => (count === 1 ? [SEQUENTIAL[2]] : Array.from({ length: count }, (_, k) => SEQUENTIAL[Math.round(k * (SEQUENTIAL.length - 1) / (count - 1))]));

  /** Colours and legend lines of the classes that hold a number. */
  function classes(show) {
    const { ind, set } = show;
    const write = (v) => formats[3].format(v);
    const lines = classLines(set.breaks, write).slice(0, set.most > set.breaks[set.breaks.length - 1] ? undefined : -1);
    const colours = shadesOf(lines.length);
    return {
      of: (v) => colours[Math.min(classOf(v, set.breaks), colours.length - 1)],
      lines: lines.map((line, k) => ({ mark: colours[k], label: line.label + (ind.unit === '%' ? ' %' : '') })),
    };
  }

  const category = (k) => Math.min(k, LETTERS.length);
  const categoryColour = (k) => K.categories[category(k)];
  const categoryCode = (k) => LETTERS[k] || '+';
  const letterTag = (code, colour) => el('span', { class: 'gm-tag', 'aria-hidden': 'true', text: code, css: { background: colour, color: inkOn(colour) } });

  function markOf(show, values, colours) {
    return (i) => {
      if (values.masked.has(i)) return MARK.MASKED;
      if (show.set.words.length) return values.w && values.w[i] !== null ? categoryColour(values.w[i]) : MARK.NO_DATA;
      return values.v[i] === null ? MARK.NO_DATA : colours.of(values.v[i]);
    };
  }

  const BLANK = { [MARK.MASKED]: ['#f3efe6', '<5'], [MARK.NO_DATA]: ['#f7f8f9', '\u2013'] };
  const sizeOf = (show, v) => Math.max(3, LARGEST * Math.sqrt(Math.max(v, 0) / (show.set.most || 1)));
  const bySize = (show) => show.kind === 'site' && show.ind.adds && !show.set.words.length && show.set.most > 0;

  /** How sites are drawn: quiet on a map of areas, else in the colour or the size of their number. */
  function siteLook(show, values, mark, chosen) {
    if (isArea(show.kind) || !onMap(show.kind)) return () => ({ how: 'dim', code: '', fill: '#17222d' });
    return (i) => {
      const key = show.kind === 'site' ? i : D.sites.institution[i];
      const how = chosen < 0 ? 'on' : key === chosen ? 'chosen' : 'dim';
      const at = mark(key);
      if (BLANK[at]) return { how, fill: BLANK[at][0], code: BLANK[at][1] };
      if (bySize(show)) return { how, size: sizeOf(show, values.v[key]) };
      if (show.set.words.length) return { how, fill: at, code: categoryCode(values.w[key]) };
      return { how, fill: at };
    };
  }

  function sizeLines(show) {
    const nice = (x) => { const p = 10 ** Math.floor(Math.log10(x)); return Math.floor(x / p) * p; };
    const sizes = [...new Set([1, 4, 16].map((part) => nice(Math.max(show.set.most / part, 1))))];
    return sizes.map((v) => ({
      label: withUnit(show.ind, formats[3].format(v)),
      tag: el('span', { class: 'gm-size', 'aria-hidden': 'true' }, [el('span', { css: { width: 2 * sizeOf(show, v) + 'px', height: 2 * sizeOf(show, v) + 'px' } })]),
    }));
  }

  function legend(show, values, colours, mark) {
    const { ind, set, kind } = show;
    const drawn = kind === 'institution' ? D.sites.institution : isArea(kind) || kind === 'site' ? items(kind).id.map((_, i) => i) : [];
    const marks = drawn.map(mark);
    let lines = bySize(show) ? sizeLines(show) : onMap(kind) ? colours.lines : [];
    if (set.words.length) lines = set.words.slice(0, LETTERS.length).map((label, k) => ({ label, tag: letterTag(categoryCode(k), categoryColour(k)) }));
    if (set.words.length > LETTERS.length) lines.push({ label: t('other_judgement'), tag: letterTag('+', categoryColour(LETTERS.length)) });
    if (marks.includes(MARK.MASKED)) lines = lines.concat({ mark: MARK.MASKED, label: t('masked') });
    if (marks.includes(MARK.NO_DATA)) lines = lines.concat({ mark: MARK.NO_DATA, label: t('no_data') });
    const under = [t('source_line', { source: ind.source })];
    if (kind === 'institution') under.unshift(t('institution_colours'));
    if (bySize(show)) under.unshift(t('site_sizes'));
    return { title: set.words.length ? nameOf(ind) : within(nameOf(ind), ind), lines, under };
  }

  /** Place by number, the highest first; equal numbers share a place, masked ones have none. */
  function ranks(values) {
    const sorted = values.v.filter((v, i) => v !== null && !values.masked.has(i)).sort((a, b) => b - a);
    const first = new Map();
    sorted.forEach((v, k) => { if (!first.has(v)) first.set(v, k + 1); });
    return { of: (i) => (values.v[i] === null ? null : first.get(values.v[i])), count: sorted.length };
  }

  /** The first year with a number of this key, before the year that is shown; null where there is none. */
  function since(show, all, i) {
    if (all[show.year].v[i] === null) return null;
    const first = show.set.years.find((y) => all[y].v[i] !== null);
    return first !== undefined && first < show.year ? first : null;
  }

  const change = (show, all, i) => { const y = since(show, all, i); return y === null ? null : all[show.year].v[i] - all[y].v[i]; };

  function chosenItem(show, state) {
    if (isArea(show.kind)) { const at = app.area(); return at && at[0] === show.kind ? at[1] : -1; }
    return state.item === '' ? -1 : items(show.kind).id.indexOf(state.item);
  }

  function choose(kind, i) {
    const id = items(kind).id[i];
    return app.set(isArea(kind) ? { area: kind + ':' + id, item: '' } : { item: id, area: '' });
  }

  function pickSite(i) {
    const { kind } = I.length ? now(app.state) : { kind: '' };
    if (kind === 'site') return choose('site', i);
    if (kind === 'institution') return choose('institution', D.sites.institution[i]);
    return say(siteName(i) + ' – ' + ownerUnder(i));
  }

  function pickArea(level, i) {
    const show = I.length ? now(app.state) : { kind: '' };
    return show.kind === level ? choose(level, i) : say(AREA.name[i] || '');
  }

  function found([kind, i]) {
    if (kind === 'site' || kind === 'institution') {
      if (now(app.state).kind === kind) return choose(kind, i);
      return kind === 'site' ? pickSite(i) : say(items('institution').name[i]);
    }
    return (now(app.state).kind === kind ? choose(kind, i) : Promise.resolve()).then(() => app.zoomArea(kind, i));
  }

  function controls(state) {
    if (!I.length) return [];
    const { ind, kind, set, year } = now(state);
    const level = isArea(kind) ? kind : 'municipality';
    const groups = new Map();
    I.forEach((one) => groups.set(one.source, (groups.get(one.source) || []).concat([[one.name, nameOf(one)]])));
    const kinds = Object.keys(ind.kinds).map((k) => [k, t('kind.' + k)]);
    const pickKind = (k) => app.set({ level: k, area: '', item: '' });
    const names = D.areas[level].id.map((_, i) => [itemName(level, i), [level, i]])
      .concat(D.sites.name.map((_, i) => [siteName(i), ['site', i]]))
      .concat(kind === 'institution' ? K.items.institution.name.map((name, i) => [name, ['institution', i]]) : []);
    return [
      search('gm-search', t('search_area_site'), names, found),
      choice('gm-indicator', t('indicator_choice'), [...groups], ind.name, (indicator) => app.set({ indicator, item: '' })),
      kinds.length > 1 && (kinds.length <= 3 ? segments('gm-kind', t('indicator_kind'), kinds, kind, pickKind) : choice('gm-kind', t('indicator_kind'), [['', kinds]], kind, pickKind)),
      years('gm-year', t('indicator_year'), set.years, year, (y) => app.set({ year: y }), (y) => { app.state.year = y; app.draw(false); }),
    ];
  }

  async function draw(state) {
    if (!I.length) return nothing();
    const show = now(state);
    const all = await valuesOf(show.set);
    const values = all[show.year];
    const colours = classes(show);
    const mark = markOf(show, values, colours);
    const area = isArea(show.kind);
    const chosen = chosenItem(show, state);
    const title = t('title_indicator', { name: nameOf(show.ind), kind: t('per.' + show.kind), year: show.year });
    return {
      level: area ? show.kind : 'municipality', title,
      mark: area ? mark : () => MARK.EMPTY,
      sites: siteLook(show, values, mark, chosen),
      tip: (level, i) => (level === show.kind ? [itemName(level, i), told(show, values, i)] : [AREA.name[i]]),
      siteTip: (i) => (show.kind === 'site' ? [told(show, values, i)] : show.kind === 'institution' ? [told(show, values, D.sites.institution[i])] : []),
      legend: legend(show, values, colours, mark),
      detail: chosen >= 0 ? [itemCard(show, all, chosen)] : overview(show, values),
      table: table(show, all, title),
    };
  }

  function nothing() {
    return {
      mark: () => MARK.EMPTY, title: t('no_indicators'), tip: (level, i) => [levelName(level, i)],
      legend: { title: t('no_indicators'), lines: [] },
      detail: [el('p', { class: 'gm-hint', text: t('no_indicators') })],
      table: { caption: t('no_indicators'), rows: [], columns: [{ label: t('municipality'), value: () => '' }] },
    };
  }

  /** The number of the country: published, or the sum of all that is here. */
  function nationPair(show) {
    const nation = show.set.nation[show.year];
    if (!nation || !nation.length) return null;
    const [v, low, high, summed] = nation;
    return [[bare(show.ind, v), high > low ? range(show.ind, low, high) : ''], t(summed ? 'nation_summed' : 'nation')];
  }

  function overview(show, values) {
    const nowhere = !onMap(show.kind);
    const hint = el('p', { class: 'gm-hint', text: t(nowhere ? 'hint_indicator_list' : 'hint_indicator') });
    const nation = nationPair(show);
    return [
      nowhere ? el('p', { class: 'gm-note', text: t('not_on_map') }) : null,
      nation && figures([[nation[0], within(nation[1], show.ind)]]),
      hint,
      show.set.words.length ? judged(show, values) : highest(show, values),
    ];
  }

  const tagOf = (kind, i) => {
    if (kind === 'site') return siteTag(i);
    return kind === 'institution' && i < D.institutions.name.length ? letterTag(String(i + 1), D.institutions.colour[i]) : null;
  };

  function highest(show, values) {
    const { ind, kind } = show;
    const order = values.v.map((_, i) => i).filter((i) => values.v[i] !== null).sort((a, b) => values.v[b] - values.v[a]);
    const few = [...values.masked];
    if (!order.length && !few.length) return el('p', { class: 'gm-hint', text: t('no_numbers') });
    const least = Math.min(0, show.set.least || 0);
    const line = (i) => {
      const [value, bounds] = parts(show, values, i);
      return { tag: tagOf(kind, i), label: kind === 'site' ? siteShort(i) : kind === 'pc4' ? PC4.id[i] : itemName(kind, i), under: underName(kind, i), value, range: bounds, share: values.v[i] === null ? null : values.v[i] - least, act: () => choose(kind, i).then(() => isArea(kind) && app.zoomArea(kind, i)) };
    };
    return el('div', {}, [el('h3', { text: within(t('highest'), ind) }), bars(order.concat(few).map(line), 10)]);
  }

  function judged(show, values) {
    const order = items(show.kind).id.map((_, i) => i).filter((i) => values.w && values.w[i] !== null).sort((a, b) => values.w[a] - values.w[b]);
    if (!order.length) return el('p', { class: 'gm-hint', text: t('no_numbers') });
    const counts = show.set.words.map((label, k) => ({ label, tag: letterTag(categoryCode(k), categoryColour(k)), n: order.filter((i) => values.w[i] === k).length })).filter((one) => one.n);
    const line = (i) => ({ tag: letterTag(categoryCode(values.w[i]), categoryColour(values.w[i])), label: itemName(show.kind, i), under: underName(show.kind, i), value: show.set.words[values.w[i]], share: null, act: () => choose(show.kind, i) });
    return el('div', { class: 'gm-judged' }, [
      el('h3', { text: t('by_judgement') }),
      bars(counts.map((one) => Object.assign(one, { value: num(one.n), share: one.n })), 8),
      el('h3', { text: capital(t('per.' + show.kind)) }),
      bars(order.map(line), 12),
    ]);
  }

  function itemCard(show, all, i) {
    const { ind, kind, set, year } = show;
    const values = all[year];
    const rank = ranks(values);
    const nation = nationPair(show);
    const from = since(show, all, i);
    const figs = set.words.length ? [[parts(show, values, i), t('judgement') + ', ' + year]] : [[parts(show, values, i), [unitOf(ind), year].filter(Boolean).join(', ')]];
    if (nation) figs.push(nation);
    if (rank.of(i) && rank.count > 1) figs.push([t('rank_of', { rank: num(rank.of(i)), count: num(rank.count) }), t('rank_caption')]);
    if (from !== null) figs.push([signed(ind, change(show, all, i)), t('difference_since', { year: from })]);
    const mine = kind === 'institution' ? sitesOf(i) : [];
    const tag = tagOf(kind, i);
    return card([tag, document.createTextNode(kind === 'site' ? siteShort(i) : itemName(kind, i))].filter(Boolean), underName(kind, i), () => app.set({ area: '', item: '' }), [
      figures(figs),
      values.summed.has(i) ? el('p', { class: 'gm-hint', text: t('summed_here') }) : null,
      set.years.length > 1 ? el('h3', { text: t('through_years') }) : null,
      set.years.length > 1 ? bars(set.years.map((y) => { const [value, bounds] = parts(show, all[y], i); return { label: String(y), value, range: bounds, share: all[y].v[i] === null ? null : Math.max(all[y].v[i], 0) }; }), 12) : null,
      mine.length ? el('h3', { text: t('sites_of') }) : null,
      mine.length ? el('ul', { class: 'gm-places' }, mine.map((s) => el('li', { text: siteShort(s) }))) : null,
      kind === 'site' && !D.sites.at[i].length ? el('p', { class: 'gm-hint', text: t('site_unlocated') }) : null,
    ]);
  }

  function table(show, all, title) {
    const { ind, kind, set, year } = show;
    const rank = ranks(all[year]);
    const words = set.words.length > 0;
    const parent = { municipality: 'province', pc4: 'municipality', district: 'municipality', neighbourhood: 'municipality' }[kind];
    const columns = [{ label: t('kind.' + kind), value: (i) => (kind === 'pc4' ? PC4.id[i] : itemName(kind, i)) }];
    if (parent) columns.push({ label: t(parent), value: (i) => underName(kind, i) });
    if (kind === 'site') columns.push({ label: t('kind.institution'), value: ownerUnder });
    if (kind !== 'pc4' && kind !== 'sector') columns.push({ label: t('key_code'), value: (i) => items(kind).id[i] });
    set.years.forEach((y) => columns.push({
      label: words || !unitOf(ind) ? String(y) : t('year_column', { year: y, unit: unitOf(ind) }), numeric: !words, signed: true,
      value: (i) => (words ? written(show, all[y], i) : all[y].v[i]), text: (i) => written(show, all[y], i),
    }));
    if (!words && set.years.length > 1 && year > set.years[0]) {
      const first = set.years[0];
      const by = (i) => (all[first].v[i] === null || all[year].v[i] === null ? null : all[year].v[i] - all[first].v[i]);
      columns.push({ label: t('difference_head', { year: first }), numeric: true, signed: true, value: by, text: (i) => (by(i) === null ? '\u2013' : signed(ind, by(i))) });
    }
    if (!words) columns.push({ label: t('rank_head'), numeric: true, value: rank.of, text: (i) => (rank.of(i) ? num(rank.of(i)) : '\u2013') });
    return { caption: title + '. ' + t('source_line', { source: ind.source }), rows: items(kind).id.map((_, i) => i), columns };
  }

  return {
    defaults, controls, draw, pickSite, pickArea,
    levelOf: (state) => { const kind = I.length ? now(state).kind : ''; return isArea(kind) ? kind : 'municipality'; },
    allowed: {
      indicator: (v) => I.some((one) => one.name === v),
      level: (v) => I.some((one) => has(one.kinds, v)),
      year: (v) => /^\d{4}$/.test(v),
    },
  };
}
