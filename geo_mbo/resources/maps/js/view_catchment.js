/* Catchments: where the students of a site come from, and where they could come from. */

function catchmentView(app) {
  const C = D.catchment;
  const bySite = new Map();
  const byArea = new Map();
  C.rows.site.forEach((site, r) => {
    const area = C.rows.area[r];
    bySite.set(site, (bySite.get(site) || []).concat(r));
    if (area >= 0) byArea.set(area, (byArea.get(area) || []).concat(r));
  });
  const defaults = { site: '', area: '', mode: D.mode, colour: 'institution', reach: 'yes' };
  const open = (i) => app.set({ site: D.sites.id[i], area: '' });
  const rowShare = (r) => (C.rows.share[r] === null ? '' : ' · ' + pct(C.rows.share[r]));

  function pickSite(i) {
    return open(i).then(() => {
      const mine = (bySite.get(i) || []).filter((r) => C.rows.inside[r] && C.rows.area[r] >= 0);
      const box = L.latLngBounds(mine.map((r) => app.layers.areaBounds('municipality', C.rows.area[r])).reduce((all, b) => all.concat([b.getSouthWest(), b.getNorthEast()]), D.sites.at[i].length ? [D.sites.at[i]] : []));
      if (box.isValid()) app.zoomTo(box, 11);
    });
  }
  const clear = () => app.set({ site: '', area: '' }).then(app.home);

  function controls(state) {
    return [
      search('gm-search', t('search_site_area'), siteAndAreaNames(), ([kind, i]) => (kind === 'site' ? pickSite(i) : app.set({ site: '', area: 'municipality:' + AREA.id[i] }).then(() => app.zoomArea('municipality', i)))),
      choice('gm-site', t('site'), siteGroups(t('all_sites')), state.site, (id) => (id ? pickSite(D.sites.id.indexOf(id)) : clear())),
      state.site ? null : segments('gm-colour', t('colour_by'), [['institution', t('main_institution')], ['students', t('students')]], state.colour, (colour) => app.set({ colour })),
      state.site && toggle('gm-reach', t('show_reach', { n: num(D.limit) }), state.reach === 'yes', (on) => app.set({ reach: on ? 'yes' : 'no' })),
      state.site && state.reach === 'yes' && modeChoice(app),
    ];
  }

  /** Where the travel-time catchment ends: PC4 areas, or municipalities half of which are within. */
  async function reachLines(site, mode) {
    const minutes = siteMinutes(await minutesOf(mode), site);
    const values = PC4 ? ofPc4(minutes) : areaMedians(minutes).map((v) => (v === -1 ? NONE : v));
    return app.layers.topology(PC4 ? 'pc4' : 'municipality').borders((i) => (values[i] !== null && values[i] <= D.limit ? 1 : null));
  }

  function counted(r) {
    const area = C.rows.area[r];
    const [n, range] = countParts(C.rows, r);
    return { label: areaName(area), value: n + rowShare(r), range, share: C.rows.share[r] || 0, act: area >= 0 ? () => app.set({ area: 'municipality:' + AREA.id[area] }).then(() => app.zoomArea('municipality', area)) : null };
  }

  async function drawSite(state) {
    const site = app.site();
    const rows = bySite.get(site) || [];
    const rowOf = new Map(rows.map((r) => [C.rows.area[r], r]));
    const mark = (i) => {
      const r = rowOf.get(i);
      if (r === undefined || C.rows.high[r] === 0) return MARK.EMPTY;
      if (C.rows.n[r] === null) return MARK.MASKED;
      return C.rows.inside[r] ? classOf(C.rows.share[r], C.breaks.share) : MARK.OUTSIDE;
    };
    const inside = app.layers.topology('municipality').borders((i) => (rowOf.has(i) && C.rows.inside[rowOf.get(i)] ? 1 : null));
    const reach = state.reach === 'yes' && D.sites.at[site].length ? await reachLines(site, state.mode) : [];
    const within = C.reach.site.findIndex((s, k) => s === site && C.reach.mode[k] === state.mode);
    const abroad = rows.filter((r) => C.rows.area[r] < 0);
    const total = countParts(C.totals, site);
    const set = rows.filter((r) => C.rows.inside[r]);
    const title = t('catchment_of', { name: siteName(site) });
    return {
      mark, title,
      outlines: [[inside, { color: '#ffffff', weight: 5.5, opacity: 0.9 }], [inside, { color: '#10181f', weight: 2.6 }], [reach, { color: '#ffffff', weight: 5, opacity: 0.85 }], [reach, { color: '#B14A00', weight: 2.6, dashArray: '7 5' }]],
      sites: (i) => (i === site ? 'chosen' : 'dim'),
      tip: (level, i) => { const r = rowOf.get(i); return [AREA.name[i], r === undefined ? t('no_students_here') : t('students_n', { n: interval(C.rows, r) }) + rowShare(r)]; },
      legend: {
        title: t('legend_share_of_site'),
        lines: classLines(C.breaks.share, (v) => pct(v)).concat([{ mark: MARK.OUTSIDE, label: t('outside_set') }, { mark: MARK.MASKED, label: t('masked') }, { mark: MARK.EMPTY, label: t('no_students_here') }]),
        strokes: [{ kind: 'set', label: t('observed_set') }].concat(reach.length ? [{ kind: 'reach', label: t('reach_line', { n: num(D.limit), mode: modeName(state.mode) }) }] : []),
      },
      detail: [card([siteTag(site), document.createTextNode(siteShort(site))], ownerUnder(site), clear, [
        D.sites.at[site].length ? null : el('p', { class: 'gm-hint', text: t('site_unlocated') }),
        figures([[total, t('students')], [num(set.filter((r) => C.rows.area[r] >= 0).length), t('areas_in_set')], [within < 0 ? '–' : people(C.reach.within[within]), t('young_within', { n: num(D.limit), mode: modeName(state.mode) })]]),
        el('h3', { text: t('from_where') }),
        rows.length ? bars(rows.filter((r) => C.rows.area[r] >= 0).map(counted), 12) : el('p', { class: 'gm-hint', text: t('no_catchment') }),
        abroad.length ? el('h3', { text: t('off_map') }) : null,
        abroad.length ? bars(abroad.map(counted), 8) : null,
      ])],
      table: {
        caption: title, rows,
        columns: [
          { label: t('municipality'), value: (r) => areaName(C.rows.area[r]) },
          { label: t('province'), value: (r) => (C.rows.area[r] >= 0 ? provinceName(C.rows.area[r]) : '') },
          { label: t('students'), numeric: true, value: (r) => C.rows.n[r], text: (r) => interval(C.rows, r) },
          { label: t('share_pct'), numeric: true, value: (r) => (C.rows.share[r] === null ? null : C.rows.share[r] * 100), text: (r) => (C.rows.n[r] === null ? t('masked') : bareShare(C.rows.share[r])) },
          { label: t('in_set'), value: (r) => (C.rows.inside[r] ? t('yes') : t('no')) },
        ],
      },
    };
  }

  function drawAll(state) {
    const A = C.areas;
    const count = (i) => (A.masked[i] ? '<5' : A.n[i] === null ? '0' : interval(A, i));
    const byInstitution = state.colour === 'institution';
    const mark = byInstitution
      ? (i) => (A.top_masked[i] ? MARK.MASKED : A.top[i] === null ? MARK.EMPTY : D.institutions.colour[A.top[i]])
      : (i) => (A.masked[i] ? MARK.MASKED : !A.n[i] ? MARK.EMPTY : classOf(A.n[i], C.breaks.students));
    const top = (i) => (A.top_masked[i] ? t('masked') : A.top[i] === null ? '–' : D.institutions.name[A.top[i]]);
    const used = D.institutions.name.map((_, k) => [k, A.top.filter((v) => v === k).length]).filter((u) => u[1]).sort((a, b) => b[1] - a[1]);
    const chosen = app.area();
    const title = byInstitution ? t('overview_institution') : t('overview_students');
    const tags = used.slice(0, 8).map(([k, n]) => ({ tag: el('span', { class: 'gm-tag', 'aria-hidden': 'true', text: String(k + 1), css: { background: D.institutions.colour[k], color: inkOn(D.institutions.colour[k]) } }), label: t('institution_areas', { name: D.institutions.name[k], n: num(n) }) }));
    const rest = used.length > 8 ? [{ mark: '#ffffff', label: t('more_institutions', { n: num(used.length - 8) }) }] : [];
    return {
      mark, title, opacity: byInstitution ? 0.65 : 1,
      tip: (level, i) => [AREA.name[i], t('students_n', { n: count(i) })].concat(byInstitution && A.top[i] !== null ? [t('most_to', { name: top(i), share: pct(A.top_share[i]) })] : []),
      legend: {
        title: byInstitution ? t('legend_main_institution') : t('legend_students'),
        lines: (byInstitution ? tags.concat(rest) : classLines(C.breaks.students, (v) => num(v))).concat([{ mark: MARK.MASKED, label: t('masked') }, { mark: MARK.EMPTY, label: t('no_students_here') }]),
      },
      detail: [chosen ? areaCard(chosen[1], count) : el('p', { class: 'gm-hint', text: t('hint_catchment') }), chosen ? null : siteList()],
      table: {
        caption: title, rows: AREA.name.map((_, i) => i),
        columns: [
          { label: t('municipality'), value: (i) => AREA.name[i] },
          { label: t('province'), value: provinceName },
          { label: t('students'), numeric: true, value: (i) => A.n[i], text: count },
          { label: t('main_institution'), value: top },
          { label: t('share_pct'), numeric: true, value: (i) => (A.top_share[i] === null ? null : A.top_share[i] * 100), text: (i) => bareShare(A.top_share[i]) },
        ],
      },
    };
  }

  function areaCard(i, count) {
    const rows = (byArea.get(i) || []).slice().sort((a, b) => (C.rows.n[b] || 0) - (C.rows.n[a] || 0));
    const total = rows.reduce((sum, r) => sum + (C.rows.n[r] || 0), 0);
    return card(AREA.name[i], provinceName(i), () => app.set({ area: '' }), [
      figures([[C.areas.n[i] ? countParts(C.areas, i) : count(i), t('students')], [people(AREA.young[i]), t('young_people')]]),
      el('h3', { text: t('to_where') }),
      rows.length ? bars(rows.map((r) => siteItem(C.rows.site[r], { value: countParts(C.rows, r)[0], range: countParts(C.rows, r)[1], share: total ? (C.rows.n[r] || 0) / total : 0, act: () => pickSite(C.rows.site[r]) })), 12) : el('p', { class: 'gm-hint', text: t('no_students_here') }),
    ]);
  }

  function siteList() {
    const order = D.sites.name.map((_, i) => i).filter((i) => C.totals.n[i]).sort((a, b) => C.totals.n[b] - C.totals.n[a]);
    if (!order.length) return el('p', { class: 'gm-hint', text: t('no_catchment') });
    return el('div', {}, [el('h3', { text: t('sites_by_students') }), bars(order.map((i) => siteItem(i, { value: countParts(C.totals, i)[0], range: countParts(C.totals, i)[1], share: C.totals.n[i], act: () => pickSite(i) })), 12)]);
  }

  return {
    defaults, controls, pickSite,
    allowed: { colour: (v) => v === 'institution' || v === 'students', reach: (v) => v === 'yes' || v === 'no' },
    needsPc4: (state) => state.site && state.reach === 'yes',
    draw: (state) => (state.site ? drawSite(state) : drawAll(state)),
    started: () => { if (app.state.site) pickSite(app.site()); },
  };
}
