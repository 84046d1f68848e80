// Small charts of the last minute, one line per series, all on one scale.
const namespace = "http://www.w3.org/2000/svg";
const [width, height] = [60, 24];  // a second per unit

function shape(tag, attributes) {
  const made = document.createElementNS(namespace, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function line_through(points, most) {
  const place = ({age, value}) => {
    const [x, y] = [width - age / 1000, height - 1 - (value / most) * (height - 2)];
    return `${x.toFixed(2)} ${y.toFixed(2)}`;
  };
  return points.length > 1 ? `M${points.map(place).join("L")}` : "";
}

function closed(path, points) {
  const x = ({age}) => (width - age / 1000).toFixed(2);
  return path && `${path}L${x(points.at(-1))} ${height}L${x(points[0])} ${height}Z`;
}

// A number for each kind (a class, which gives it its colour); draw() takes points for each.
export function make_sparkline(place, ...kinds) {
  const chart = shape("svg", {viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none",
                              "aria-hidden": "true", class: "sparkline"});
  const lines = kinds.map((kind) => ({area: shape("path", {class: `area ${kind}`}),
                                      line: shape("path", {class: `line ${kind}`})}));
  for (const {area, line} of lines) chart.append(area, line);
  place.append(chart);
  return (...series) => {
    const most = Math.max(Number.MIN_VALUE, ...series.flat().map(({value}) => value));
    lines.forEach(({area, line}, i) => {
      const path = line_through(series[i], most);
      line.setAttribute("d", path);
      area.setAttribute("d", closed(path, series[i]));
    });
  };
}
