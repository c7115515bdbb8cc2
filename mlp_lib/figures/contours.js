// Lines of equal height (marching squares).

/**
 * The places where f(x, y) is below each of the levels, as text for the `d` of an SVG path. X and Y
 * turn numbers into places; `cells` is the number of cells along x and y.
 */
export function contours(f, levels, { x, y, X, Y, cells = [80, 64] }) {
  const [columns, rows] = cells.map((n) => n + 3); // one more on each side, which counts as high
  const at = ([low, high], n, k) => low + ((high - low) * Math.min(Math.max(k - 1, 0), n)) / n;
  const xs = Array.from({ length: columns }, (_, i) => at(x, cells[0], i));
  const ys = Array.from({ length: rows }, (_, j) => at(y, cells[1], j));
  const values = ys.map((b, j) => xs.map((a, i) => {
    const outside = i === 0 || j === 0 || i === columns - 1 || j === rows - 1;
    return outside ? Infinity : f(a, b);
  }));

  /** Where the level is crossed between two corners; outside, all places are those of the rim. */
  function crossing(level, [i, j], [k, l]) {
    const [p, q] = [values[j][i], values[l][k]];
    const share = Number.isFinite(p + q) ? (level - p) / (q - p) : 0;
    return `${X(xs[i] + share * (xs[k] - xs[i])).toFixed(1)} ${Y(ys[j] + share * (ys[l] - ys[j])).toFixed(1)}`;
  }

  function region(level) {
    const next = new Map(); // edge -> the edge at which the line leaves that cell, low side to its left
    const places = new Map(); // edge -> where the line crosses it
    const isLow = values.map((row) => row.map((value) => value < level));
    for (let j = 0; j + 1 < rows; j += 1) {
      const [here, below] = [isLow[j], isLow[j + 1]];
      for (let i = 0; i + 1 < columns; i += 1) {
        if (here[i] === here[i + 1] && here[i] === below[i] && here[i] === below[i + 1]) continue;
        const low = [here[i], here[i + 1], below[i + 1], below[i]]; // round the cell
        const corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]];
        const changes = [0, 1, 2, 3].filter((k) => low[k] !== low[(k + 1) % 4]);
        for (const k of changes.filter((edge) => !low[edge])) {
          // The line comes in where the corners turn low, and leaves where they turn high again.
          const out = [1, 2, 3].map((n) => (k + n) % 4).find((edge) => changes.includes(edge));
          const [from, to] = [k, out].map((edge) => {
            const ends = [corners[edge], corners[(edge + 1) % 4]].sort(([a, b], [c, d]) => a - c || b - d);
            const name = ends.join();
            if (!places.has(name)) places.set(name, crossing(level, ...ends));
            return name;
          });
          next.set(from, to);
        }
      }
    }
    let text = "";
    while (next.size) {
      const [first] = next.keys();
      const line = [];
      for (let edge = first; next.has(edge);) {
        line.push(places.get(edge));
        const following = next.get(edge);
        next.delete(edge);
        edge = following;
      }
      text += `M${line.join("L")}Z`;
    }
    return text;
  }
  return levels.map(region);
}
