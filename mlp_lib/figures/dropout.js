import { Layer } from "./network.js";

/** Inverted dropout; `random()` gives numbers from 0 to 1. */
export class Dropout extends Layer {
  constructor(rate, random) {
    super();
    Object.assign(this, { rate, random });
  }
  forward(X, train) {
    this.scale = X.map(() => (train && this.random() < this.rate ? 0 : 1 / (train ? 1 - this.rate : 1)));
    return this.backward(X); // eq. 15.7
  }
  backward(D) { return D.map((d, i, j) => d * this.scale.at(i, j)); } // eq. 15.9
}
