/* Begin: the picture of the map makes way for the map itself. */

function start(map) {
  const picture = $('gm-picture');
  if (picture) picture.remove();
  map.attributionControl.setPrefix(false);
  map.attributionControl.remove();
  const credit = L.control({ position: 'bottomright' });
  // Leaflet's own control takes markup; credit lines come from data files and are text.
  credit.onAdd = () => el('div', { id: 'gm-credit', class: 'leaflet-control-attribution gm-credit', text: D.credits.join(' · ') });
  credit.addTo(map);
  L.control.scale({ imperial: false, position: 'bottomright' }).addTo(map);
  map.getContainer().querySelectorAll('.leaflet-control-zoom a').forEach((button, i) => {
    button.title = i ? t('zoom_out') : t('zoom_in');
    button.setAttribute('aria-label', button.title);
  });
  const views = { verzorgingsgebieden: catchmentView, reistijd: travelView, dekking: coverageView, kenmerken: indicatorView };
  return startApp(map, views[D.view]).catch((error) => { say(t('broken')); throw error; });
}
