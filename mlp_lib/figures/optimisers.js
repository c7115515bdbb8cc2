// The optimisers of mlp_lib: formulas on two vectors, the parameters and their gradients. They change
// theta in place. Equation numbers are the book's.

/** θ ← θ − η g (eq. 17.1). */
export class SGD {
  constructor(lr) { this.lr = lr; }
  step(theta, grad) { grad.forEach((g, n) => { theta[n] -= this.lr * g; }); }
}

/** With a velocity that remembers earlier gradients (eq. 17.2). */
export class Momentum {
  constructor(lr, momentum = 0.9) { Object.assign(this, { lr, momentum }); }
  step(theta, grad) {
    this.velocity ??= new Float64Array(theta.length);
    grad.forEach((g, n) => {
      this.velocity[n] = this.momentum * this.velocity[n] + g;
      theta[n] -= this.lr * this.velocity[n];
    });
  }
}

/** Adaptive moment estimation (eq. 17.3 to eq. 17.6). */
export class Adam {
  constructor(lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8) {
    Object.assign(this, { lr, beta1, beta2, eps, t: 0 });
  }
  step(theta, grad) {
    const { lr, beta1, beta2, eps } = this;
    this.m ??= new Float64Array(theta.length);
    this.v ??= new Float64Array(theta.length);
    this.t += 1;
    grad.forEach((g, n) => {
      this.m[n] = beta1 * this.m[n] + (1 - beta1) * g;
      this.v[n] = beta2 * this.v[n] + (1 - beta2) * g * g;
      const mHat = this.m[n] / (1 - beta1 ** this.t);
      const vHat = this.v[n] / (1 - beta2 ** this.t);
      theta[n] -= (lr * mHat) / (Math.sqrt(vHat) + eps);
    });
  }
}
