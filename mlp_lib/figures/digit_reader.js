// The network that reads digits: 784–100–10 with ReLU, trained with mlp_lib by tools/digit_network.py.

import { Matrix } from "./matrix.js";
import { Activation, Linear, Network } from "./network.js";
import { unpack } from "./unpack.js";
import stored from "./digit_network.npz";

/** A layer from weights in 8 bits: each column has its own scale. */
function storedLayer(l) {
  const scale = unpack(stored[`scale${l}`]);
  const W = unpack(stored[`W${l}`]).map((w, i, j) => w * scale.at(0, j));
  return new Linear(W, unpack(stored[`b${l}`]));
}

/** The network, and `read`, which gives probabilities P and hidden activations H of an image. */
export function digitReader() {
  const network = new Network(
    [storedLayer(1), new Activation("relu"), storedLayer(2)], "softmax_cross_entropy",
  );
  const [W1, W2] = [network.layers[0].params.W, network.layers[2].params.W];
  function read(image) {
    const [P] = network.predict(Matrix.from([image.flat()])).toRows();
    return { P, H: [...network.outputs[1].data] };
  }
  return { read, W1, W2 };
}
