"""PyTorch on the CPU: eager, fused Adam, the data as tensors in memory."""

import os

import numpy as np
import torch
from torch import nn

from benchmarks.contenders import LR, Floor, Weights

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", 1)))


class PyTorch:
    """The usual fast loop: a permutation, batches by index, no DataLoader."""

    name = "PyTorch"

    def __init__(self, weights: Weights, batch_size: int, seed: int) -> None:
        layers = []
        for W, b in weights:
            linear = nn.Linear(*W.shape)
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(W.T))
                linear.bias.copy_(torch.from_numpy(b))
            layers += [linear, nn.ReLU()]
        self.model = nn.Sequential(*layers[:-1])
        self.loss = nn.CrossEntropyLoss()
        self.optimiser = torch.optim.Adam(self.model.parameters(), lr=LR, fused=True)
        self.batch_size = batch_size
        self.generator = torch.Generator().manual_seed(seed)

    def train(self, X: np.ndarray, y: np.ndarray) -> float:
        X, y = torch.from_numpy(X), torch.from_numpy(y)  # the same memory, nothing is copied
        total = torch.zeros(())
        for batch in torch.randperm(len(X), generator=self.generator).split(self.batch_size):
            self.optimiser.zero_grad()
            cost = self.loss(self.model(X[batch]), y[batch])
            cost.backward()
            self.optimiser.step()
            total += cost.detach() * len(batch)
        return total.item() / len(X)

    @torch.inference_mode()
    def predict(self, X: np.ndarray) -> np.ndarray:
        return self.model(torch.from_numpy(X)).softmax(dim=1).numpy()


class Products(Floor):
    """The bare matrix products once more, by the library that PyTorch comes with."""

    name = "products, PyTorch"

    def __init__(self, weights: Weights, batch_size: int, seed: int) -> None:
        super().__init__(weights, batch_size, seed)
        self.products = [tuple(map(torch.from_numpy, product)) for product in self.products]

    def train(self, X: np.ndarray, y: np.ndarray) -> None:
        for _ in range(len(X) // self.batch_size):
            for A, B, out in self.products:
                torch.mm(A, B, out=out)


LIBRARY, FLOORS = PyTorch, [Products]
