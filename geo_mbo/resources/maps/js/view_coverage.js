/* Gaps and duplication: one programme at a time, and the two lists that lead to the worst of them. */

function coverageView(app) {
  const V = D.coverage;
  const P = V.programmes;
  const areas = AREA.name.length;
  const unpacked = {};
  const gapsOf = (mode) => V.gaps.programme.map((_, g) => g).filter((g) => V.gaps.mode[g] === mode);
  const defaults = { programme: '', mode: D.mode, level: 'municipality', list: 'gaps', pair: '', area: '' };
  const label = (p) => P.name[p] + (P.level[p] === null ? '' : ' (' + t('level_n', { n: P.level[p] }) + ')');

  async function grids(mode) {
    if (!unpacked[mode]) unpacked[mode] = [await bytes(V.share[mode]), await minuteRows(V.nearest[mode], areas), await unpackJson(V.out[mode])];
    return unpacked[mode];
  }

  function pickSite(i) {
    const here = P.sites.map((sites, p) => [sites, p]).filter(([sites]) => sites.includes(i)).map(([, p]) => p);
    say(t('site_offers', { name: siteName(i), n: num(here.length) }));
  }

  function controls(state) {
    return [
      search('gm-search', t('search_programme'), P.id.map((id, p) => [label(p), id]), (programme) => app.set({ programme, pair: '', area: '' })),
      choice('gm-programme', t('programme'), [['', [['', t('all_programmes')]].concat(P.id.map((id, p) => [id, label(p)]))]], state.programme, (programme) => app.set({ programme, pair: '', area: '' })),
      modeChoice(app),
      state.pair === '' && levelChoice(app),
    ];
  }

  /** Minutes from each PC4 to the nearest site that offers the programme. */
  function nearestOfPc4(grid, p) {
    const count = D.origins.area.length;
    const best = new Uint8Array(count).fill(NONE);
    P.sites[p].forEach((site) => {
      const row = siteMinutes(grid, site);
      for (let o = 0; o < count; o += 1) if (row[o] < best[o]) best[o] = row[o];
    });
    return ofPc4(Array.from(best)).map((v, i) => (v === null || !isAbout('pc4', i) ? null : code(v)));
  }

  /** How many programmes are within reach: of most of a municipality, or of a PC4. */
  async function withinReach(state, level) {
    if (level === 'pc4') {
      const grid = await minutesOf(state.mode);
      const found = PC4.id.map(() => 0);
      P.id.forEach((_, p) => nearestOfPc4(grid, p).forEach((v, i) => { if (v !== null && v >= 0 && v <= D.limit) found[i] += 1; }));
      return found.map((n, i) => (PC4.origin[i] < 0 || !isAbout('pc4', i) ? null : n));
    }
    const shares = (await grids(state.mode))[0];
    return AREA.name.map((_, i) => {
      const told = P.id.map((__, p) => shares[p * areas + i]).filter((b) => b !== NONE);
      return told.length ? told.filter((b) => b / 200 < V.gap_share).length : null;
    });
  }

  async function drawAll(state) {
    const level = PC4 ? state.level : 'municipality';
    const within = await withinReach(state, level);
    const mark = (i) => (within[i] === null ? blank(level, i) : V.breaks.programmes.length - classOf(within[i], V.breaks.programmes));
    const title = t('title_choice', { n: num(D.limit), by: modeBy(state.mode) });
    const told = (i) => (within[i] === null ? blankWords(level, i) : t('programmes_within', { n: num(within[i]), all: num(P.id.length) }));
    const names = level === 'pc4' ? PC4 : AREA;
    return {
      level, title, mark,
      tip: (l, i) => [levelName(l, i), told(i)],
      legend: { title: t('legend_choice', { all: num(P.id.length), n: num(D.limit) }), lines: classLines(V.breaks.programmes, (v) => num(v)).map((line) => ({ label: line.label, mark: V.breaks.programmes.length - line.mark })).concat(blankLines()) },
      detail: [await choiceCard(state, within, level, told), listSwitch(state), state.list === 'gaps' ? gapList(state) : pairList()],
      table: {
        caption: title, rows: names.id.map((_, i) => i),
        columns: (level === 'pc4' ? [{ label: t('pc4'), value: (i) => PC4.id[i] }, { label: t('municipality'), value: (i) => areaName(PC4.parent[i]) }] : [{ label: t('municipality'), value: (i) => AREA.name[i] }, { label: t('province'), value: provinceName }])
          .concat([{ label: t('programmes_within_reach'), numeric: true, value: (i) => within[i], text: (i) => num(within[i]) }]),
      },
    };
  }

  /** The chosen area, and what cannot be reached from it. */
  async function choiceCard(state, within, level, told) {
    const chosen = app.area();
    if (!chosen || chosen[0] !== level) return el('p', { class: 'gm-hint', text: t('hint_coverage') });
    const i = chosen[1];
    const title = level === 'pc4' ? t('pc4') + ' ' + PC4.id[i] : AREA.name[i];
    const close = () => app.set({ area: '' });
    if (level === 'pc4') return card(title, areaName(PC4.parent[i]), close, [el('p', { text: told(i) })]);
    const shares = (await grids(state.mode))[0];
    const out = P.id.map((_, p) => p).filter((p) => shares[p * areas + i] !== NONE && shares[p * areas + i] / 200 >= V.gap_share);
    return card(title, provinceName(i), close, [
      el('p', { text: told(i) }),
      out.length ? el('h3', { text: t('out_list', { n: num(D.limit) }) }) : null,
      out.length ? bars(out.map((p) => ({ label: label(p), value: pct(shares[p * areas + i] / 200), share: shares[p * areas + i] / 200, act: () => app.set({ programme: P.id[p], area: '' }) })), 6) : null,
    ]);
  }

  async function draw(state) {
    if (!P.id.length) return nothing();
    const p = P.id.indexOf(state.programme);
    if (p < 0) return drawAll(state);
    const level = PC4 && state.pair === '' ? state.level : 'municipality';
    const [shareBytes, nearBytes, outRows] = await grids(state.mode);
    const share = AREA.name.map((_, i) => { const b = shareBytes[p * areas + i]; return b === NONE ? null : b / 200; });
    const near = AREA.name.map((_, i) => (share[i] === null ? null : code(nearBytes[p * areas + i])));
    const nearPc4 = level === 'pc4' ? nearestOfPc4(await minutesOf(state.mode), p) : null;
    const shareMark = (i) => (share[i] === null ? blank('municipality', i) : classOf(share[i], V.breaks.share));
    const breaks = V.breaks.minutes[state.mode];
    const pair = state.pair === '' ? -1 : Number(state.pair);
    const title = pair >= 0 ? t('title_pair', { a: siteName(V.pairs.site_a[pair]), b: siteName(V.pairs.site_b[pair]) })
      : t(level === 'pc4' ? 'title_coverage_pc4' : 'title_coverage', { programme: label(p), n: num(D.limit), by: modeBy(state.mode) });
    const out = (i) => (share[i] === null ? null : outRows[p][i]);
    const extra = blankLines();
    if (nearPc4 && nearPc4.some((v) => v === -1)) extra.unshift({ mark: MARK.UNREACHED, label: notReached() });
    return {
      level, title,
      mark: level === 'pc4' ? (i) => (nearPc4[i] === null ? blank('pc4', i) : minuteMark(nearPc4[i], breaks)) : shareMark,
      outlines: pair >= 0 ? pairLine(pair) : [],
      sites: (i) => (pair >= 0 ? (i === V.pairs.site_a[pair] || i === V.pairs.site_b[pair] ? 'chosen' : P.sites[p].includes(i) ? 'on' : 'off') : P.sites[p].includes(i) ? 'on' : 'dim'),
      siteTip: (i) => [t(P.sites[p].includes(i) ? 'offers_it' : 'offers_not')],
      tip: (l, i) => [levelName(l, i), (l === 'pc4' ? nearPc4 : share)[i] === null ? blankWords(l, i) : l === 'pc4' ? minutes(nearPc4[i]) : t('out_of_reach', { share: pct(share[i]), n: people(out(i)) })],
      legend: {
        title: level === 'pc4' ? t('legend_nearest') : t('legend_share_out', { n: num(D.limit) }),
        lines: (level === 'pc4' ? minuteLines(breaks) : classLines(V.breaks.share, (v) => pct(v))).concat(extra),
        strokes: pair >= 0 ? [{ kind: 'pair', label: t('pair_line') }] : [],
      },
      detail: [areaOrProgramme(state, p, share, near, out), listSwitch(state), state.list === 'gaps' ? gapList(state) : pairList(state)],
      table: table(state, p, share, near, out, title, level, nearPc4),
    };
  }

  function nothing() {
    return {
      mark: () => MARK.NO_DATA, title: t('no_programmes'), tip: (l, i) => [levelName(l, i)],
      legend: { title: t('legend_share_out', { n: num(D.limit) }), lines: [{ mark: MARK.NO_DATA, label: t('no_data') }] },
      detail: [el('p', { class: 'gm-hint', text: t('no_programmes') })],
      table: { caption: t('no_programmes'), rows: [], columns: [{ label: t('municipality'), value: () => '' }] },
    };
  }

  function table(state, p, share, near, out, title, level, nearPc4) {
    if (level === 'pc4') {
      return {
        caption: title, rows: PC4.id.map((_, i) => i),
        columns: [{ label: t('pc4'), value: (i) => PC4.id[i] }, { label: t('municipality'), value: (i) => areaName(PC4.parent[i]) }, { label: t('minutes_nearest_head'), numeric: true, value: (i) => nearPc4[i], text: (i) => minutes(nearPc4[i], true) }],
      };
    }
    return {
      caption: t('title_coverage', { programme: label(p), n: num(D.limit), by: modeBy(state.mode) }), rows: AREA.name.map((_, i) => i),
      columns: [
        { label: t('municipality'), value: (i) => AREA.name[i] },
        { label: t('province'), value: provinceName },
        { label: t('young_out'), numeric: true, value: (i) => { const n = out(i); return n === null || (n > 0 && n < SMALLEST_SHOWN) ? null : Math.round(n); }, text: (i) => people(out(i)) },
        { label: t('share_out_pct'), numeric: true, value: (i) => (share[i] === null ? null : share[i] * 100), text: (i) => bareShare(share[i]) },
        { label: t('minutes_nearest_head'), numeric: true, value: (i) => near[i], text: (i) => minutes(near[i], true) },
      ],
    };
  }

  function areaOrProgramme(state, p, share, near, out) {
    if (state.pair !== '') return pairCard(Number(state.pair));
    const chosen = app.area();
    if (chosen && chosen[0] === 'municipality') {
      const i = chosen[1];
      return card(AREA.name[i], provinceName(i), () => app.set({ area: '' }), [
        share[i] === null ? el('p', { class: 'gm-hint', text: blankWords('municipality', i) }) : figures([[pct(share[i]), t('share_out_of', { n: num(D.limit) })], [people(out(i)), t('young_out')], [minutes(near[i]), t('minutes_nearest')]]),
      ]);
    }
    const total = V.out_total[state.mode][p];
    return card(label(p), P.sector[p], () => app.set({ programme: '', area: '' }).then(app.home), [figures([[num(P.sites[p].length), t('sites_offering')], [people(total), t('young_out_all')]])]);
  }

  function listSwitch(state) {
    return segments('gm-list', t('lists'), [['gaps', t('gaps_n', { n: num(gapsOf(state.mode).length) })], ['pairs', t('pairs_n', { n: num(V.pairs.programme.length) })]], state.list, (list) => app.set({ list, pair: list === 'gaps' ? '' : state.pair }));
  }

  function gapList(state) {
    const gaps = gapsOf(state.mode);
    if (!gaps.length) return el('p', { class: 'gm-hint', text: t('no_gaps', { by: modeBy(state.mode) }) });
    return el('div', {}, [el('p', { class: 'gm-hint', text: t('gaps_explained', { n: num(D.limit), by: modeBy(state.mode) }) }), bars(gaps.map((g) => ({
      label: label(V.gaps.programme[g]), value: people(V.gaps.young[g]), share: V.gaps.young[g],
      act: () => app.set({ programme: P.id[V.gaps.programme[g]], pair: '', area: '' }).then(() => {
        const shares = unpacked[state.mode][0];
        const p = V.gaps.programme[g];
        const boxes = AREA.name.map((_, i) => i).filter((i) => { const b = shares[p * areas + i]; return b !== NONE && b / 200 >= V.gap_share; }).map((i) => app.layers.areaBounds('municipality', i));
        if (boxes.length) app.zoomTo(boxes.reduce((all, b) => all.extend(b), L.latLngBounds([])), 10);
      }),
    })), 10)]);
  }

  function pairLine(pair) {
    const ends = [V.pairs.site_a[pair], V.pairs.site_b[pair]].map((i) => D.sites.at[i]);
    if (!ends.every((e) => e.length)) return [];
    return [[[ends], { color: '#ffffff', weight: 7, opacity: 0.95 }], [[ends], { color: '#B14A00', weight: 3.5 }]];
  }

  function openPair(k) {
    return app.set({ programme: P.id[V.pairs.programme[k]], pair: String(k), list: 'pairs', area: '' }).then(() => {
      const ends = [V.pairs.site_a[k], V.pairs.site_b[k]].map((i) => D.sites.at[i]).filter((e) => e.length);
      if (ends.length) app.zoomTo(L.latLngBounds(ends).pad(0.6), 12);
    });
  }

  function pairList() {
    const order = V.pairs.programme.map((_, k) => k).sort((a, b) => V.pairs.small[b] - V.pairs.small[a] || V.pairs.young_both[b] - V.pairs.young_both[a]);
    if (!order.length) return el('p', { class: 'gm-hint', text: t('no_pairs') });
    return el('div', {}, [el('p', { class: 'gm-hint', text: t('pairs_explained', { n: num(D.limit), by: modeBy(D.mode) }) }), bars(order.map((k) => ({
      label: label(V.pairs.programme[k]), under: [V.pairs.site_a[k], V.pairs.site_b[k]].map(siteName).join(' – '),
      value: pct(V.pairs.overlap[k]), share: V.pairs.overlap[k], act: () => openPair(k),
    })), 8)]);
  }

  function pairSide(k, side) {
    const site = V.pairs['site_' + side][k];
    const counts = V.pairs['students_' + side];
    return el('div', { class: 'gm-side' }, [
      el('h3', {}, [siteTag(site), document.createTextNode(siteShort(site))]),
      el('p', { class: 'gm-under', text: ownerUnder(site) }),
      figures([[countParts(counts, k), t('students_institution')], [people(V.pairs['young_' + side][k]), t('young_reach')]]),
    ]);
  }

  function pairCard(k) {
    return card(label(V.pairs.programme[k]), V.pairs.tracks[k].map((track) => t('track.' + track)).join(' ' + t('and') + ' '), () => app.set({ pair: '' }).then(app.home), [
      el('div', { class: 'gm-sides' }, [pairSide(k, 'a'), pairSide(k, 'b')]),
      figures([[people(V.pairs.young_both[k]), t('young_both')], [pct(V.pairs.overlap[k]), t('overlap')], [num(V.pairs.km[k], 1) + ' km', t('distance')]]),
      V.pairs.small[k] ? el('p', { class: 'gm-note', text: t('both_small') }) : null,
      el('p', { class: 'gm-hint', text: t('pair_caution') }),
    ]);
  }

  return {
    defaults, controls, draw, pickSite,
    allowed: { programme: (v) => v === '' || P.id.includes(v), list: (v) => v === 'gaps' || v === 'pairs', pair: (v) => v === '' || (/^\d+$/.test(v) && Number(v) < V.pairs.programme.length) },
    started: () => { if (app.state.pair !== '') openPair(Number(app.state.pair)); },
  };
}
