/* One state, one way to draw it. The address bar holds the state, so that a view can be sent on. */

const AREA = D.areas.municipality;
const PC4 = D.areas.pc4;
const pc4OfArea = new Map();
if (PC4) PC4.parent.forEach((parent, i) => { if (parent >= 0) pc4OfArea.set(parent, (pc4OfArea.get(parent) || []).concat(i)); });
const originsOfArea = new Map();
D.origins.area.forEach((area, i) => originsOfArea.set(area, (originsOfArea.get(area) || []).concat(i)));
const minuteCache = {};

/** Minutes of one mode, sites x origins, unpacked once. */
async function minutesOf(mode) {
  if (!minuteCache[mode]) minuteCache[mode] = await minuteRows(D.minutes[mode], D.origins.area.length);
  return minuteCache[mode];
}

const siteMinutes = (grid, site) => grid.subarray(site * D.origins.area.length, (site + 1) * D.origins.area.length);
const code = (byte) => (byte === NONE ? -1 : byte);
const modeName = (mode) => t('mode.' + mode);
const modeBy = (mode) => t('by.' + mode);
const areaName = (i) => (i >= 0 ? AREA.name[i] : i === -1 ? t('unknown') : t('elsewhere.' + D.elsewhere[-2 - i]));
const provinceName = (i) => D.provinces[AREA.parent[i]] || '';
/** Whether a study is about an area: around its region nothing is told of young people. */
const isAbout = (level, i) => !AREA.about || Boolean(AREA.about[level === 'pc4' ? PC4.parent[i] : i]);
const blank = (level, i) => (isAbout(level, i) ? MARK.NO_DATA : MARK.BEYOND);
const blankLines = () => (AREA.about ? [{ mark: MARK.BEYOND, label: t('beyond') }] : []).concat([{ mark: MARK.NO_DATA, label: t('no_data') }]);
const blankWords = (level, i) => t(isAbout(level, i) ? 'no_data' : 'beyond');
const levelName = (level, i) => (level === 'pc4' ? PC4.id[i] + ' ' + areaName(PC4.parent[i]) : AREA.name[i]);

/** Minutes per municipality out of minutes per origin: half of its young people are there sooner. */
function areaMedians(perOrigin) {
  return AREA.name.map((_, i) => {
    const mine = originsOfArea.get(i) || [];
    return mine.length ? weightedMedian(mine.map((o) => perOrigin[o]), mine.map((o) => D.origins.young[o])) : null;
  });
}

/** Figures of PC4 areas out of figures of origins. */
const ofPc4 = (perOrigin) => PC4.origin.map((o) => (o < 0 ? null : perOrigin[o]));

function readHash(defaults, allowed) {
  const given = new URLSearchParams(location.hash.slice(1));
  const state = Object.assign({}, defaults);
  Object.keys(defaults).forEach((key) => {
    const value = given.get(key);
    if (value !== null && (!allowed[key] || allowed[key](value))) state[key] = value;
  });
  return state;
}

function writeHash(state, defaults) {
  const kept = Object.entries(state).filter(([key, value]) => value !== defaults[key] && value !== '');
  const hash = '#' + new URLSearchParams(kept).toString();
  if (hash !== (location.hash || '#')) history.replaceState(null, '', hash === '#' ? location.pathname + location.search : hash);
}

/** Tie a view to the map: view.controls(state), view.draw(state), view.allowed, view.defaults. */
function startApp(map, makeView) {
  const app = { state: null, map, table: null };
  const tip = L.tooltip({ sticky: true, direction: 'top', className: 'gm-tip', opacity: 1, offset: [0, -6] });
  const showTip = (layer, lines) => {
    if (!lines || !lines.length) return;
    layer.unbindTooltip();
    tip.setContent(el('div', {}, lines.map((text, i) => el(i ? 'div' : 'strong', { text }))));
    layer.bindTooltip(tip).openTooltip();
  };
  const layers = makeLayers(map, {
    area: (level, i) => (view.pickArea ? view.pickArea(level, i) : app.set({ area: level + ':' + D.areas[level].id[i] })),
    site: (i) => view.pickSite(i),
    over: (level, i, shape) => app.drawn && showTip(shape, app.drawn.tip(level, i)),
    overSite: (i, mark) => showTip(mark, [siteName(i), D.institutions.name[D.sites.institution[i]]].concat(app.drawn && app.drawn.siteTip ? app.drawn.siteTip(i) : [])),
    tilesFailed: () => { $('gm-background').checked = false; say(t('tiles_failed')); },
  });
  app.layers = layers;
  const view = makeView(app);
  const allowed = Object.assign({
    mode: (v) => D.modes.includes(v),
    level: (v) => Object.hasOwn(D.areas, v) && Boolean(D.areas[v]),
    site: (v) => D.sites.id.includes(v),
    area: (v) => { const [level, id] = v.split(':'); return Object.hasOwn(D.areas, level) && Boolean(D.areas[level]) && D.areas[level].id.includes(id); },
  }, view.allowed);

  /** The chosen area as [level, position], or null. */
  app.area = () => {
    if (!app.state.area) return null;
    const [level, id] = app.state.area.split(':');
    return [level, D.areas[level].id.indexOf(id)];
  };
  app.site = () => (app.state.site ? D.sites.id.indexOf(app.state.site) : -1);

  let turn = 0;
  app.draw = async (controls) => {
    const mine = turn += 1;
    const { state } = app;
    const asked = [view.levelOf ? view.levelOf(state) : state.level, state.area.split(':')[0], view.needsPc4 && view.needsPc4(state) ? 'pc4' : ''];
    for (const level of new Set(asked)) if (level && D.areas[level]) await layers.load(level);
    const drawn = await view.draw(state);
    if (mine !== turn) return; // a newer choice came while this one was unpacked
    const began = performance.now();
    app.drawn = drawn;
    const level = drawn.level || 'municipality';
    layers.paint(level, drawn.mark, drawn.opacity);
    const chosen = app.area();
    const ring = chosen ? [[layers.topology(chosen[0]).borders((i) => (i === chosen[1] ? 1 : null)), { color: '#10181f', weight: 3 }]] : [];
    layers.outline((drawn.outlines || []).concat(ring));
    layers.showSites(drawn.sites || (() => 'on'));
    drawLegend(drawn.legend);
    if (controls) {
      const focus = document.activeElement && document.activeElement.id;
      $('gm-controls').replaceChildren(...view.controls(app.state).filter(Boolean));
      if (focus && $(focus)) $(focus).focus();
    }
    $('gm-detail').replaceChildren(...drawn.detail.filter(Boolean));
    $('gm-shown').textContent = drawn.title;
    app.table = drawn.table;
    $('gm-table-title').textContent = t('table_title', { n: num(drawn.table.rows.length) });
    if ($('gm-table-box').open) drawTable(app.table); else $('gm-table').replaceChildren();
    writeHash(app.state, view.defaults);
    document.documentElement.dataset.restyleMs = (performance.now() - began).toFixed(1);
    document.documentElement.dataset.ready = 'yes';
  };
  app.set = async (changes) => {
    Object.assign(app.state, changes);
    say('');
    await app.draw(true);
  };
  /** Fit the map to bounds; beside the legend where that costs no more zoom than `cost`. */
  app.zoomTo = (bounds, most, room, cost) => {
    if (!bounds.isValid()) return;
    const legend = $('gm-legend');
    const space = room === undefined ? 40 : room;
    const beside = getComputedStyle(legend).position === 'absolute' ? legend.offsetWidth + 24 : space;
    const zoomWith = (pad) => map.getBoundsZoom(bounds, false, L.point(pad + space, 2 * space + 16));
    const zoom = Math.min(zoomWith(beside), most || 12);
    const width = map.project(bounds.getNorthEast(), zoom).x - map.project(bounds.getSouthWest(), zoom).x;
    const least = 2 * beside + space + width - map.getSize().x;
    const left = zoomWith(beside) < zoomWith(space) - (cost || 0) ? space : Math.min(Math.max(least, space), beside);
    map.fitBounds(bounds, { paddingTopLeft: [left, space], paddingBottomRight: [space, space + 16], maxZoom: most || 12, animate: false });
  };
  app.zoomArea = (level, i) => app.zoomTo(layers.areaBounds(level, i));
  app.home = () => app.zoomTo(layers.bounds(), 12, 14);
  /** The region that the study is about, where it is about one; its surroundings are there too. */
  app.begin = () => {
    if (!AREA.about) return app.home();
    const boxes = AREA.name.map((_, i) => i).filter((i) => isAbout('municipality', i)).map((i) => layers.areaBounds('municipality', i));
    return app.zoomTo(boxes.reduce((all, b) => all.extend(b), L.latLngBounds([])), 10, 14, 0.5);
  };

  window.addEventListener('hashchange', () => { app.state = readHash(view.defaults, allowed); app.draw(true); });
  map.on('zoomend', () => app.drawn && layers.showSites(app.drawn.sites || (() => 'on')));
  $('gm-home').addEventListener('click', () => { app.home(); say(t('whole_map')); });
  $('gm-background').addEventListener('change', (e) => layers.background(e.target.checked));
  $('gm-table-box').addEventListener('toggle', () => { if ($('gm-table-box').open && app.table) drawTable(app.table); });
  $('gm-csv').addEventListener('click', () => { saveCsv(app.table); say(t('saved')); });
  $('gm-print').addEventListener('click', () => window.print());
  // Paper has another width: the map is fitted to it, and the table is there without asking.
  const refit = (change) => {
    const seen = map.getBounds();
    change(document.documentElement.classList);
    map.invalidateSize({ animate: false, pan: false });
    map.fitBounds(seen, { animate: false });
  };
  window.addEventListener('beforeprint', () => { refit((c) => c.add('gm-paper')); if (app.table) drawTable(app.table); });
  window.addEventListener('afterprint', () => refit((c) => c.remove('gm-paper')));

  app.state = readHash(view.defaults, allowed);
  app.home();
  makeNames(map);
  return app.draw(true).then(async () => { await layers.load('municipality'); app.begin(); if (view.started) view.started(); });
}

/** The list of sites for a select, under their institutions. */
function siteGroups(none) {
  const groups = D.institutions.name.map((name, k) => [(k + 1) + '  ' + name, []]);
  D.sites.name.forEach((_, i) => groups[D.sites.institution[i]][1].push([D.sites.id[i], siteShort(i)]));
  return [['', [['', none]]]].concat(groups.filter((g) => g[1].length));
}

function siteAndAreaNames() {
  return D.sites.name.map((_, i) => [siteName(i), ['site', i]]).concat(AREA.name.map((name, i) => [t('municipality_named', { name }), ['area', i]]));
}

/** A card with a title, a line under it, a way to close it, and what is in it. */
function card(title, under, close, children) {
  return el('section', { class: 'gm-card' }, [
    el('div', { class: 'gm-card-head' }, [el('h2', {}, [].concat(title)), close && el('button', { type: 'button', class: 'gm-close', 'aria-label': t('close'), text: '×', on: { click: close } })]),
    under && el('p', { class: 'gm-under', text: under }),
  ].concat(children || []));
}

const modeChoice = (app, label) => choice('gm-mode', label || t('mode'), [['', D.modes.map((m) => [m, modeName(m)])]], app.state.mode, (mode) => app.set({ mode }));
const levelChoice = (app) => PC4 && segments('gm-level', t('level'), [['municipality', t('per_municipality')], ['pc4', t('per_pc4')]], app.state.level, (level) => app.set({ level }));
