/* The layers of the map: areas of several levels, outlines, sites, names, and the background map that
   is off until somebody turns it on. All on one canvas, so that each of them hears the mouse. */

const PDOK = 'https://service.pdok.nl/brt/achtergrondkaart/wmts/v2_0/grijs/EPSG:3857/{z}/{x}/{y}.png';
const TILE_ERRORS = 3;
/* Levels within municipalities, and those that provinces do not hold. */
const WITHIN = ['pc4', 'district', 'neighbourhood'];
const ACROSS = ['labour_market', 'corop', 'rmc', 'country'];

function makeLayers(map, hear) {
  const levels = {};
  const lines = { under: L.layerGroup().addTo(map), over: L.layerGroup().addTo(map) };
  const sites = [];
  let level = null;
  let tiles = null;
  let painted = null;
  const topo = {};
  const topology = (name) => topo[name] || (topo[name] = decoder(D.areas[name].topo));
  const ready = { municipality: Promise.resolve() };

  function areaLayer(name) {
    if (levels[name]) return levels[name];
    const decoded = topology(name);
    const shapes = [];
    for (let i = 0; i < decoded.count; i += 1) {
      const shape = L.polygon(decoded.shape(i), { weight: WITHIN.includes(name) ? 0.35 : ACROSS.includes(name) ? 1.5 : 0.7, color: '#51606e', opacity: 0.9, fillOpacity: 1, smoothFactor: 0.6 });
      shape.on('click', (e) => { L.DomEvent.stopPropagation(e); hear.area(name, i); });
      shape.on('mouseover', () => hear.over(name, i, shape));
      shapes.push(shape);
    }
    levels[name] = { group: L.layerGroup(shapes), shapes };
    return levels[name];
  }

  function drawLine(parts, options) {
    return L.polyline(parts, Object.assign({ interactive: false, lineJoin: 'round' }, options));
  }

  const fixed = (() => {
    const parent = D.areas.municipality.parent;
    const decoded = topology('municipality');
    return {
      municipality: drawLine(decoded.borders((i) => i), { color: '#3d4a57', weight: 0.9, opacity: 0.75 }),
      province: drawLine(decoded.borders((i) => parent[i]), { color: '#22303c', weight: 1.8, opacity: 0.85 }),
    };
  })();

  function restack() {
    ['municipality', 'province'].forEach((name) => {
      const hidden = name === 'municipality' ? !WITHIN.includes(level) : ACROSS.includes(level);
      if (hidden) map.removeLayer(fixed[name]);
      else fixed[name].addTo(map).bringToFront();
    });
    lines.over.eachLayer((line) => line.bringToFront());
    sites.forEach((mark) => mark && mark.bringToFront());
  }

  D.sites.at.forEach((at, i) => {
    if (!at.length) { sites.push(null); return; }
    const owner = D.sites.institution[i];
    const mark = new SiteMark(at, {
      radius: 5, weight: 2.2, color: '#ffffff', fillOpacity: 1, code: String(owner + 1),
      fillColor: D.institutions.colour[owner], candidate: D.sites.status[i] === 'candidate',
    });
    mark.on('click', (e) => { L.DomEvent.stopPropagation(e); hear.site(i); });
    mark.on('mouseover', () => hear.overSite(i, mark));
    sites.push(mark.addTo(map));
  });

  function siteSize() {
    const few = sites.length <= 80;
    const least = few ? 7 : 2.4;
    return Math.max(least, Math.min(10, least + (map.getZoom() - (few ? 10 : 7.5)) * 1.8));
  }

  return {
    topology,
    /** Unpack the borders of a level, once; after this they can be drawn. */
    load: (name) => ready[name] || (ready[name] = unpackJson(D.areas[name].topo).then((found) => { topo[name] = decoder(found); })),
    bounds: () => L.latLngBounds([].concat(...fixed.province.getLatLngs())),
    areaBounds: (name, i) => areaLayer(name).shapes[i].getBounds(),
    /** Colour the areas of one level: `mark(i)` is a class, a colour or one of MARK. */
    paint(name, mark, opacity) {
      if (level && level !== name) map.removeLayer(levels[level].group);
      const layer = areaLayer(name);
      const changed = level !== name;
      level = name;
      painted = [name, mark, opacity];
      layer.shapes.forEach((shape, i) => {
        shape.setStyle({ fillColor: fillOf(mark(i)), fillOpacity: (opacity || 1) * (tiles ? 0.7 : 1) });
      });
      if (!changed) return;
      layer.group.addTo(map);
      restack();
    },
    /** Draw lines over the areas: each a list of [points, options]. */
    outline(parts) {
      lines.over.clearLayers();
      parts.forEach(([points, options]) => points.length && lines.over.addLayer(drawLine(points, options)));
      restack();
    },
    /** Show sites: `look(i)` gives 'on', 'dim', 'chosen' or 'off', or that as `how` with a `fill`, a `code` and a `size` of its own. */
    showSites(look) {
      const usual = siteSize();
      const sized = [];
      sites.forEach((mark, i) => {
        if (!mark) return;
        const told = look(i);
        const how = told.how || told;
        const size = told.size || usual;
        const owner = D.sites.institution[i];
        if (told.size) sized.push([told.size, mark]);
        Object.assign(mark.options, { fillColor: told.fill || D.institutions.colour[owner], code: told.code === undefined ? String(owner + 1) : told.code });
        if (how === 'off') { map.removeLayer(mark); return; }
        if (!map.hasLayer(mark)) mark.addTo(map);
        const dim = how === 'dim';
        Object.assign(mark.options, { chosen: how === 'chosen', fillOpacity: dim ? 0.35 : 1, opacity: dim ? 0.5 : 1 });
        mark.options.weight = size < 5 ? 1.1 : 2.2;
        mark.setRadius(told.size ? size : how === 'chosen' ? size + 3 : dim ? Math.max(size - 2.5, 2.5) : size);
        mark.bringToFront();
        if (how === 'chosen') mark.bringToFront();
      });
      // A small circle on a large one has to be seen.
      sized.sort((a, b) => b[0] - a[0]).forEach(([, mark]) => map.hasLayer(mark) && mark.bringToFront());
    },
    /** The grey background map of PDOK; three failures and it is taken away again. */
    background(on) {
      const again = () => painted && this.paint(...painted);
      if (tiles) map.removeLayer(tiles);
      tiles = null;
      $('gm-credit').textContent = D.credits.concat(on ? t('pdok_credit') : []).join(' · ');
      if (!on) { again(); return; }
      let failed = 0;
      tiles = L.tileLayer(PDOK, { minZoom: 6, maxZoom: 19, opacity: 0.85 });
      tiles.on('tileerror', () => {
        failed += 1;
        if (failed !== TILE_ERRORS || !tiles) return;
        map.removeLayer(tiles);
        tiles = null;
        again();
        hear.tilesFailed();
      });
      tiles.addTo(map);
      again();
    },
  };
}

/** Names of the larger places: biggest first, none over another or over a site. */
function makeNames(map) {
  const { name, label, young } = D.areas.municipality;
  const order = name.map((_, i) => i).sort((a, b) => young[b] - young[a]);
  const box = el('div', { class: 'gm-names', 'aria-hidden': 'true' });
  map.createPane('gm-names').append(box);

  function place() {
    box.replaceChildren();
    const size = map.getSize();
    const most = Math.round(4 + size.x * size.y / 45000);
    const marks = D.sites.at.filter((at) => at.length).map((at) => map.latLngToContainerPoint(at));
    const taken = marks.length > 80 ? [] : marks.map((p) => [p.x - 10, p.y - 8, p.x + 10, p.y + 8]);
    let placed = 0;
    const free = (i, lift) => {
      const at = map.latLngToContainerPoint(label[i]);
      const half = name[i].length * 3.4 + 4;
      const mine = [at.x - half, at.y + lift - 8, at.x + half, at.y + lift + 8];
      const inside = mine[0] > 0 && mine[1] > 0 && mine[2] < size.x && mine[3] < size.y;
      return inside && !taken.some((o) => mine[0] < o[2] && mine[2] > o[0] && mine[1] < o[3] && mine[3] > o[1]) ? mine : null;
    };
    for (const i of order) {
      if (placed >= most) break;
      const lift = [0, -15, 15, -24, 24].find((dy) => free(i, dy));
      if (lift === undefined) continue;
      taken.push(free(i, lift));
      placed += 1;
      const spot = map.latLngToLayerPoint(label[i]);
      box.append(el('span', { text: name[i].slice(0, 40), css: { left: spot.x + 'px', top: spot.y + lift + 'px' } }));
    }
  }
  map.on('moveend zoomend resize', place);
  map.on('zoomstart', () => box.replaceChildren());
  place();
}
