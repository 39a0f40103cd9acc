/* How things are drawn: classes, hatches for what is not there, and sites with their number. */

const SEQUENTIAL = D.palette;
const MARK = { NO_DATA: 'no-data', MASKED: 'masked', UNREACHED: 'unreached', OUTSIDE: 'outside', EMPTY: 'empty', BEYOND: 'beyond' };
const FLAT = { unreached: '#1b1033', outside: '#e4ebe6', empty: '#fbfcfb', beyond: '#e3e6ea' };

function hatch(draw, back) {
  const tile = document.createElement('canvas');
  tile.width = 8;
  tile.height = 8;
  const pen = tile.getContext('2d');
  pen.fillStyle = back;
  pen.fillRect(0, 0, 8, 8);
  draw(pen);
  return { pattern: pen.createPattern(tile, 'repeat'), url: tile.toDataURL() };
}

const HATCH = {
  'no-data': hatch((pen) => {
    pen.strokeStyle = '#9aa6b2';
    pen.lineWidth = 1.4;
    pen.beginPath();
    [-8, 0, 8].forEach((x) => { pen.moveTo(x, 8); pen.lineTo(x + 8, 0); });
    pen.stroke();
  }, '#f7f8f9'),
  masked: hatch((pen) => {
    pen.fillStyle = '#77828e';
    [[2, 2], [6, 6]].forEach(([x, y]) => { pen.beginPath(); pen.arc(x, y, 1.15, 0, 7); pen.fill(); });
  }, '#f3efe6'),
};

/** The fill of a mark: a class number, a colour, or one of MARK. */
function fillOf(mark) {
  if (typeof mark === 'number') return SEQUENTIAL[mark];
  return HATCH[mark] ? HATCH[mark].pattern : FLAT[mark] || mark;
}

/** A small swatch for legends and lists. */
function swatch(mark) {
  const made = el('span', { class: 'gm-swatch', 'aria-hidden': 'true' });
  if (HATCH[mark]) made.style.backgroundImage = 'url(' + HATCH[mark].url + ')';
  else made.style.background = fillOf(mark);
  return made;
}

/** The class of a value: a break belongs to the class below it. */
function classOf(value, breaks) {
  let found = 0;
  while (found < breaks.length && value > breaks[found]) found += 1;
  return found;
}

function minuteMark(value, breaks) {
  if (value === null || value === undefined) return MARK.NO_DATA;
  return value < 0 ? MARK.UNREACHED : classOf(value, breaks);
}

/** Legend lines for classes: "t/m 15", "15 – 30", "meer dan 60". */
function classLines(breaks, write) {
  const lines = breaks.map((b, i) => ({
    mark: i,
    label: i ? t('class_between', { low: write(breaks[i - 1]), high: write(b) }) : t('class_first', { high: write(b) }),
  }));
  lines.push({ mark: breaks.length, label: t('class_last', { low: write(breaks[breaks.length - 1]) }) });
  return lines;
}

/** Legend lines for minutes: none was searched for beyond the limit, so no class lies there. */
function minuteLines(breaks) {
  const lines = classLines(breaks, (v) => num(v));
  return D.search_limit && breaks[breaks.length - 1] >= D.search_limit ? lines.slice(0, -1) : lines;
}

function inkOn(colour) {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16) / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.2 ? '#10181f' : '#ffffff';
}

/** A site: a disc in its institution's colour with a white rim, and the institution's number. */
const SiteMark = L.CircleMarker.extend({
  _updatePath() {
    const renderer = this._renderer;
    renderer._updateCircle(this);
    if (!renderer._drawing || this._empty()) return;
    const pen = renderer._ctx;
    const { x, y } = this._point;
    pen.save();
    pen.globalAlpha = this.options.opacity;
    pen.setLineDash(this.options.candidate ? [3, 2] : []);
    pen.beginPath();
    pen.arc(x, y, this._radius + (this._radius < 5 ? 0.9 : 1.4), 0, 7);
    pen.lineWidth = this.options.chosen ? 3 : this._radius < 5 ? 0.7 : 1;
    pen.strokeStyle = this.options.chosen ? '#10181f' : '#33404d';
    pen.stroke();
    if (this._radius >= 6.5) {
      pen.font = '600 ' + Math.round(this._radius * (this.options.code.length > 1 ? 1.05 : 1.25)) + 'px system-ui, sans-serif';
      pen.textAlign = 'center';
      pen.textBaseline = 'middle';
      pen.fillStyle = inkOn(this.options.fillColor);
      pen.fillText(this.options.code, x, y + 0.5);
    }
    pen.restore();
  },
});
