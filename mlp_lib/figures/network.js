// A small fully connected network, one sample at a time, in the book's notation: vectors are rows,
// W[l] is in × out, ReLU in the hidden layers, identity at the output, no biases.
// The same computation as mlp_lib's Network; tests/site/test_live_figure.py compares the two.

const sum = (terms) => terms.reduce((total, term) => total + term, 0);

/** U[l] = H[l] W[l] and H[l + 1] = ReLU(U[l]), with H[0] = x; the last H is the output. */
export function forward(weights, x) {
  const U = [];
  const H = [x];
  weights.forEach((W, l) => {
    U[l] = W[0].map((_, j) => sum(W.map((row, i) => H[l][i] * row[j])));
    H[l + 1] = l === weights.length - 1 ? U[l] : U[l].map((u) => Math.max(u, 0));
  });
  return { U, H };
}

/** D[l] = ∂J/∂U[l] and gradients[l] = ∂J/∂W[l], from ∂J/∂output. ReLU's slope at 0 is 0. */
export function backward(weights, { U, H }, outputError) {
  const D = [];
  const gradients = [];
  for (let l = weights.length - 1; l >= 0; l -= 1) {
    D[l] = l === weights.length - 1
      ? outputError
      : U[l].map((u, j) => (u > 0 ? sum(D[l + 1].map((d, k) => d * weights[l + 1][j][k])) : 0));
    gradients[l] = H[l].map((h) => D[l].map((d) => h * d));
  }
  return { D, gradients };
}

/** J = Σ (y − t)² and ∂J/∂y. */
export function squaredError(y, t) {
  const difference = y.map((value, k) => value - t[k]);
  return { J: sum(difference.map((d) => d * d)), error: difference.map((d) => 2 * d) };
}

/** W ← W − η ∂J/∂W for the weights that `chosen(l, i, j)` names. */
export function descend(weights, gradients, rate, chosen) {
  return weights.map((W, l) => W.map((row, i) => row.map(
    (w, j) => (chosen(l, i, j) ? w - rate * gradients[l][i][j] : w),
  )));
}
