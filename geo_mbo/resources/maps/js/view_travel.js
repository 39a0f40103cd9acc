/* Travel times: to the nearest providers, to one site, and as students really travel. */

function travelView(app) {
  const T = D.travel;
  const defaults = { show: 'provider', rank: '1', mode: D.mode, level: 'municipality', site: '', area: '' };
  const shown = (state) => (state.show === 'site' && !state.site ? 'provider' : state.show);

  function pickSite(i) {
    return app.set({ show: 'site', site: D.sites.id[i], area: '' });
  }

  function controls(state) {
    const kind = shown(state);
    return [
      search('gm-search', t('search_site_area'), siteAndAreaNames(), ([what, i]) => (what === 'site' ? pickSite(i) : app.set({ area: 'municipality:' + AREA.id[i], level: 'municipality' }).then(() => app.zoomArea('municipality', i)))),
      choice('gm-show', t('show'), [['', [['provider', t('show_provider')], ['students', t('show_students')], ['site', t('show_site')]]]], state.show, (show) => app.set({ show, area: show === 'students' ? '' : state.area })),
      state.show === 'site' && choice('gm-site', t('site'), siteGroups(t('choose_site')), state.site, (id) => app.set({ site: id })),
      kind === 'provider' && segments('gm-rank', t('provider_rank'), T.ranks.map((r) => [String(r), t('rank_' + r)]), state.rank, (rank) => app.set({ rank })),
      modeChoice(app),
      kind !== 'students' && levelChoice(app),
    ];
  }

  /** Values of one level for one mode, -1 not reached, null unknown, and the sites they lead to. */
  async function values(state, mode, level) {
    const kind = shown(state);
    if (kind === 'students') return { of: T.students[mode].p50 };
    if (kind === 'provider') {
      if (level !== 'pc4') return { of: T.provider[mode][state.rank].p50 };
      return { of: ofPc4(T.origin[mode][state.rank].minutes), site: ofPc4(T.origin[mode][state.rank].site) };
    }
    const perOrigin = siteMinutes(await minutesOf(mode), app.site());
    return { of: level === 'pc4' ? ofPc4(perOrigin).map((v) => (v === null ? null : code(v))) : areaMedians(perOrigin) };
  }

  async function draw(state) {
    const kind = shown(state);
    const level = kind === 'students' || !PC4 ? 'municipality' : state.level;
    const all = {};
    for (const mode of D.modes) all[mode] = await values(state, mode, level);
    const now = all[state.mode];
    const masked = kind === 'students' ? T.students[state.mode].masked : null;
    const hidden = (i) => Boolean(masked && masked[i]);
    const breaks = kind === 'site' ? T.breaks.site : T.breaks[kind][state.mode];
    const unknown = (i) => now.of[i] === null && kind === 'provider';
    const mark = (i) => (hidden(i) ? MARK.MASKED : unknown(i) ? blank(level, i) : minuteMark(now.of[i], breaks));
    const text = (i) => (hidden(i) ? t('masked') : unknown(i) ? blankWords(level, i) : minutes(now.of[i]));
    const title = kind === 'students' ? t('title_students', { by: modeBy(state.mode) })
      : kind === 'site' ? t('title_site', { name: siteName(app.site()), by: modeBy(state.mode) })
        : t('title_provider_' + state.rank, { by: modeBy(state.mode) });
    const chosen = app.area();
    const site = kind === 'site' ? app.site() : -1;
    const extra = kind === 'provider' ? blankLines() : [{ mark: MARK.NO_DATA, label: t('no_data') }];
    if (now.of.some((v) => v === -1)) extra.unshift({ mark: MARK.UNREACHED, label: notReached() });
    if (masked && masked.some(Boolean)) extra.unshift({ mark: MARK.MASKED, label: t('masked') });
    const names = level === 'pc4' ? PC4 : AREA;
    return {
      level, mark, title,
      sites: (i) => (site < 0 ? 'on' : i === site ? 'chosen' : 'dim'),
      tip: (l, i) => [levelName(l, i), text(i)].concat(now.site && now.site[i] >= 0 && now.site[i] !== null ? [siteName(now.site[i])] : []),
      legend: { title: kind === 'students' ? t('legend_minutes_students') : level === 'pc4' ? t('legend_minutes') : t('legend_minutes_half'), lines: minuteLines(breaks).concat(extra) },
      detail: [site >= 0 && siteCard(site, all), chosen ? areaCard(chosen, state) : el('p', { class: 'gm-hint', text: t('hint_travel') }), !chosen && farthest(state, now.of, level, hidden)],
      table: {
        caption: title, rows: names.id.map((_, i) => i),
        columns: (level === 'pc4' ? [{ label: t('pc4'), value: (i) => PC4.id[i] }, { label: t('municipality'), value: (i) => areaName(PC4.parent[i]) }] : [{ label: t('municipality'), value: (i) => AREA.name[i] }, { label: t('province'), value: provinceName }])
          .concat(D.modes.map((mode) => ({ label: t('minutes_mode', { mode: modeName(mode) }), numeric: true, value: (i) => all[mode].of[i], text: (i) => (kind === 'students' && T.students[mode].masked[i] ? t('masked') : minutes(all[mode].of[i], true)) }))),
      },
    };
  }

  function farthest(state, of, level, hidden) {
    const far = (v) => (v === -1 ? 9999 : v);
    const order = of.map((_, i) => i).filter((i) => of[i] !== null && !hidden(i)).sort((a, b) => far(of[b]) - far(of[a])).slice(0, 8);
    if (!order.length) return null;
    return el('div', {}, [el('h3', { text: t('longest') }), bars(order.map((i) => ({ label: levelName(level, i), value: minutes(of[i]), share: Math.min(far(of[i]), 120), act: () => app.set({ area: level + ':' + (level === 'pc4' ? PC4 : AREA).id[i] }).then(() => app.zoomArea(level, i)) })), 8)]);
  }

  function siteCard(site) {
    return card([siteTag(site), document.createTextNode(siteShort(site))], ownerUnder(site), () => app.set({ site: '', show: 'provider' }), D.sites.at[site].length ? [] : [el('p', { class: 'gm-hint', text: t('site_unlocated') })]);
  }

  function grid(rows) {
    return el('table', { class: 'gm-grid' }, [
      el('thead', {}, [el('tr', {}, [el('th', { scope: 'col', text: t('mode') })].concat(T.ranks.map((r) => el('th', { scope: 'col', text: t('rank_' + r) }))))]),
      el('tbody', {}, rows.map(([name, cells]) => el('tr', {}, [el('th', { scope: 'row', text: name })].concat(cells.map((c) => el('td', { text: c })))))),
    ]);
  }

  function areaCard([level, i], state) {
    const close = () => app.set({ area: '' });
    const short = (v) => (v === null || v === undefined ? '–' : v < 0 ? t('not_reached_short') : num(Math.round(v)));
    if (level === 'pc4') {
      const o = PC4.origin[i];
      if (o < 0 || !isAbout('pc4', i)) return card(levelName('pc4', i), '', close, [el('p', { class: 'gm-hint', text: blankWords('pc4', i) })]);
      const near = T.origin[state.mode]['1'].site[o];
      return card(t('pc4') + ' ' + PC4.id[i], areaName(PC4.parent[i]), close, [
        figures([[people(D.origins.young[o]), t('young_people')]]),
        el('h3', { text: t('minutes_to_provider') }),
        grid(D.modes.map((m) => [modeName(m), T.ranks.map((r) => short(T.origin[m][String(r)].minutes[o]))])),
        near >= 0 ? el('p', { class: 'gm-hint', text: t('nearest_is', { name: siteName(near), by: modeBy(state.mode) }) }) : null,
      ]);
    }
    const S = T.students[state.mode];
    const P = T.provider[state.mode]['1'];
    if (!isAbout('municipality', i)) return card(AREA.name[i], provinceName(i), close, [el('p', { class: 'gm-hint', text: t('beyond') })]);
    return card(AREA.name[i], provinceName(i), close, [
      figures([[people(AREA.young[i]), t('young_people')], [pct(P.reached[i]), t('reached_share')], [S.masked[i] ? '<5' : S.n[i] === null ? '–' : countParts(S, i), t('students')]]),
      el('h3', { text: t('minutes_to_provider') }),
      grid(D.modes.map((m) => [modeName(m), T.ranks.map((r) => short(T.provider[m][String(r)].p50[i]))])),
      el('p', { class: 'gm-hint', text: t('half_explained', { p80: short(P.p80[i]), by: modeBy(state.mode) }) }),
      S.masked[i] || S.mean[i] === null ? null : el('p', { class: 'gm-hint', text: t('students_travel', { share: pct(S.reached[i]), n: short(S.mean[i]), km: S.km[i] === null || S.km[i] < 0 ? '–' : num(S.km[i], 1), by: modeBy(state.mode) }) }),
    ]);
  }

  return {
    defaults, controls, draw, pickSite,
    allowed: { show: (v) => ['provider', 'students', 'site'].includes(v), rank: (v) => T.ranks.includes(Number(v)) },
  };
}
