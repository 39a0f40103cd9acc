/* TopoJSON: a border that two areas share is one arc. Decoding is short, and counting arcs tells
   where any set of areas ends: a province, a catchment, what lies within reach. */

function decoder(topology) {
  const { scale, translate } = topology.transform || { scale: [1, 1], translate: [0, 0] };
  const arcs = topology.arcs.map((arc) => {
    let x = 0;
    let y = 0;
    return arc.map((step) => {
      x += step[0];
      y += step[1];
      return [y * scale[1] + translate[1], x * scale[0] + translate[0]];
    });
  });
  const line = (at) => (at < 0 ? arcs[~at].slice().reverse() : arcs[at]);
  const ring = (ats) => ats.reduce((all, at) => all.concat(all.length ? line(at).slice(1) : line(at)), []);
  const geometries = topology.objects.areas.geometries;
  const polygons = (g) => (g.type === 'MultiPolygon' ? g.arcs : g.type === 'Polygon' ? [g.arcs] : []);

  return {
    count: geometries.length,
    /** Rings of one area as [lat, lon], the way Leaflet takes a multipolygon. */
    shape: (i) => polygons(geometries[i]).map((rings) => rings.map(ring)),
    /** Lines where `group(area)` changes or the land ends; areas in group null do not count. */
    borders(group) {
      const sides = new Map();
      geometries.forEach((g, i) => {
        const mine = group(i);
        if (mine === null) return;
        polygons(g).forEach((rings) => rings.forEach((ats) => ats.forEach((at) => {
          const arc = at < 0 ? ~at : at;
          if (!sides.has(arc)) sides.set(arc, []);
          sides.get(arc).push(mine);
        })));
      });
      const found = [];
      sides.forEach((groups, arc) => {
        if (groups.length === 1 || groups.some((g) => g !== groups[0])) found.push(arcs[arc]);
      });
      return found;
    },
  };
}
