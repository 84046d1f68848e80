// Prometheus' text format, as far as /metrics speaks it.
const sample = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/;
const label = /(\w+)="((?:[^"\\]|\\.)*)"/g;

const number_of = (word) => word === "+Inf" ? Infinity : Number(word);
const unescaped = (text) => text.replace(/\\(.)/g, (_, each) => each === "n" ? "\n" : each);

function labels_of(text = "") {
  const labels = {};
  for (const [, name, value] of text.matchAll(label)) labels[name] = unescaped(value);
  return labels;
}

// One scrape. `where` names labels that must have these values.
export class Metrics {
  #families = new Map();  // name: [{labels, value}]

  constructor(text) {
    for (const line of text.split("\n")) {
      const found = line.startsWith("#") ? null : sample.exec(line);
      if (!found) continue;
      const [, name, labels, value] = found;
      if (!this.#families.has(name)) this.#families.set(name, []);
      this.#families.get(name).push({labels: labels_of(labels), value: number_of(value)});
    }
  }

  samples(name, where = {}) {
    const wanted = Object.entries(where);
    const all = this.#families.get(name) ?? [];
    return all.filter(({labels}) => wanted.every(([key, value]) => labels[key] === value));
  }

  sum(name, where) {
    return this.samples(name, where).reduce((sum, {value}) => sum + value, 0);
  }

  // A Map from each value of one label to the sum of its samples, by the label's order.
  sums_by(name, key, where) {
    const sums = new Map();
    for (const {labels, value} of this.samples(name, where))
      sums.set(labels[key], (sums.get(labels[key]) ?? 0) + value);
    return new Map([...sums].sort(([one], [other]) => one < other ? -1 : 1));
  }

  // How many were not longer than each bound: [{bound, count}], the last bound being Infinity.
  buckets(name, where) {
    return [...this.sums_by(`${name}_bucket`, "le", where)]
        .map(([bound, count]) => ({bound: number_of(bound), count}))
        .sort((one, other) => one.bound - other.bound);
  }
}

// What came between two scrapes of the same histogram.
export function difference(buckets, earlier) {
  const before = new Map(earlier.map(({bound, count}) => [bound, count]));
  return buckets.map(({bound, count}) => ({bound, count: count - (before.get(bound) ?? 0)}));
}

export const count_of = (buckets) => buckets.at(-1)?.count ?? 0;

// As Prometheus' histogram_quantile: a bucket's values are taken to lie evenly in it. Infinity when
// it is beyond the last bound, NaN when nothing was counted.
export function quantile(share, buckets) {
  const rank = share * count_of(buckets);
  if (!(rank > 0)) return NaN;
  let low = 0, counted = 0;
  for (const {bound, count} of buckets) {
    if (count >= rank && bound === Infinity) break;
    if (count >= rank) return low + (bound - low) * (rank - counted) / (count - counted);
    [low, counted] = [bound, count];
  }
  return Infinity;
}
