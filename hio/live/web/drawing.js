// Numbers as people read them, and small curves.
//
// count, rate, percent, seconds, size   numbers to texts; null and undefined are "–"
// Spark                                 curves of the last seconds in one box, with a reading where the pointer is

const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const NONE = "–";
const known = (value) => value !== null && value !== undefined;

export const count = (value) => (known(value) ? grouped.format(value) : NONE);

export function rate(value) {
  if (!known(value)) return NONE;
  return value > 0 && value < 10 ? value.toFixed(1) : grouped.format(value);
}

export function percent(value) {
  if (!known(value)) return NONE;
  return `${(100 * value).toFixed(value >= 0.0005 && value < 0.0995 ? 1 : 0)} %`;
}

export function seconds(value) {
  if (!known(value)) return NONE;
  if (value <= 0) return "0 s";
  if (value < 0.9995e-3) return `${three(value * 1e6)} µs`;
  if (value < 0.9995) return `${three(value * 1e3)} ms`;
  if (value < 100) return `${value.toFixed(1)} s`;
  if (value < 600) return `${Math.round(value)} s`;
  return value < 7200 ? `${Math.round(value / 60)} min` : `${(value / 3600).toFixed(1)} h`;
}

export function size(value) {
  if (!known(value)) return NONE;
  let unit = 0;
  while (value >= 999.5 && unit < 4) {
    value /= 1000;
    unit += 1;
  }
  return unit ? `${three(value)} ${"kMGT"[unit - 1]}B` : `${Math.round(value)} B`;
}

function three(value) { // with three digits, but no more than one after the point
  return value < 9.995 ? value.toFixed(2) : value < 99.95 ? value.toFixed(1) : value.toFixed(0);
}

// The next 1, 2 or 5 times a power of ten, and the one before: where an axis ends, and where it begins.
export function ceiling(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].find((step) => step * power >= value * 0.999999) * power;
}

export function floor(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [5, 2, 1].find((step) => step * power <= value * 1.000001) * power;
}

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 100; // of the drawing, in its own units: the box stretches it

export class Spark {
  // box: element to draw in. names: of the curves, also their classes; the first has its area filled.
  // format: value to text. least: the axis ends there at the least. most: and there at the most.
  // wide: values differ by powers of ten, so the axis has powers of ten.
  constructor(box, { names, format, least = 0, most = Infinity, wide = false }) {
    Object.assign(this, { box, names, format, least, most, wide, curves: [], span: 2, at: null });
    this.svg = document.createElementNS(SVG, "svg");
    this.svg.setAttribute("preserveAspectRatio", "none");
    this.svg.setAttribute("aria-hidden", "true");
    this.area = this.path("area");
    this.lines = names.map((name) => this.path(`line ${name}`)).reverse(); // the first is drawn last, on top
    this.top = this.label("top");
    this.bottom = this.label("bottom");
    this.reading = this.label("reading");
    this.cursor = this.label("cursor");
    this.box.prepend(this.svg);
    this.box.addEventListener("pointermove", (event) => this.point(event));
    this.box.addEventListener("pointerleave", () => this.point(null));
    this.point(null);
  }

  path(name) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("class", name);
    path.setAttribute("vector-effect", "non-scaling-stroke");
    this.svg.append(path);
    return path;
  }

  label(name) {
    const label = document.createElement("span");
    label.className = name;
    this.box.append(label);
    return label;
  }

  // curves: for each name the values, oldest first; null where there is none. The latest is at the right end.
  // span: seconds that fit.
  draw(curves, span) {
    this.span = span;
    this.svg.setAttribute("viewBox", `0 0 ${span - 1} ${HEIGHT}`);
    this.curves = curves.map((values) => values.slice(-span));
    const values = this.curves.flat().filter((value) => value > 0);
    const highest = Math.max(this.least, ...values);
    this.high = highest > 0 ? Math.min(ceiling(highest), this.most) : 1;
    this.low = this.wide && values.length ? Math.min(floor(Math.min(...values)), this.high / 10) : 0;
    const round = (value) => this.format(value).replace(/\.0+(?!\d)/, ""); // both ends are round numbers
    this.top.textContent = highest > 0 ? round(this.high) : "";
    this.bottom.textContent = this.low > 0 ? round(this.low) : "";
    this.lines.toReversed().forEach((line, index) => line.setAttribute("d", this.trace(this.curves[index], false)));
    this.area.setAttribute("d", this.trace(this.curves[0], true));
    this.read();
  }

  // Where a value is drawn: its distance from the top.
  height(value) {
    const share = this.low > 0 ? Math.log(value / this.low) / Math.log(this.high / this.low) : value / this.high;
    return (HEIGHT * (1 - Math.min(1, Math.max(0, share)))).toFixed(2);
  }

  // The path of one curve, which breaks off where there is no value; filled: down to the ground.
  trace(values, filled) {
    const offset = this.span - values.length;
    let path = "";
    let run = [];
    const finish = () => {
      if (run.length === 0) return;
      const points = run.map((point) => point.join(" "));
      const first = run[0][0];
      const last = run.at(-1)[0];
      if (filled) path += `M${first} ${HEIGHT}L${points.join("L")}L${last} ${HEIGHT}Z`;
      else path += `M${points.join("L")}${run.length === 1 ? "h0.01" : ""}`;
      run = [];
    };
    values.forEach((value, index) => {
      if (value === null || value === undefined) finish();
      else run.push([index + offset, this.height(value)]);
    });
    finish();
    return path;
  }

  point(event) {
    this.at = null;
    if (event) {
      const { left, width } = this.box.getBoundingClientRect();
      this.at = Math.round(((event.clientX - left) / width) * (this.span - 1));
    }
    this.box.classList.toggle("pointed", this.at !== null);
    this.read();
  }

  read() {
    if (this.at === null) {
      this.reading.textContent = this.curves.length ? `last ${this.span} s` : "";
      return;
    }
    const ago = this.span - 1 - this.at;
    const values = this.curves.map((curve) => curve[curve.length - 1 - ago]);
    this.cursor.style.left = `${(100 * this.at) / (this.span - 1)}%`;
    const texts = values.map((value) => this.format(value));
    this.reading.textContent = `${texts.join(" · ")}, ${ago === 0 ? "now" : `${ago} s ago`}`;
  }
}
