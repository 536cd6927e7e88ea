"""The works of works.ts in PyTorch: each has outputs(), once from the start values, and run()."""

import torch
import torch.nn.functional as F

from torch_model import Block, attention
from torch_step import Step


class Product:
    """A matrix product."""

    def __init__(self, a, b, autocast):
        self.a, self.b, self.autocast = a, b, autocast

    def run(self):
        with torch.no_grad(), self.autocast():
            return self.a @ self.b

    def outputs(self):
        return {"y": self.run()}


class BothWays:
    """A function forward, and its gradients by some variables from a given one of its value."""

    def __init__(self, function, variables, dy, autocast, value="y"):
        self.function, self.dy, self.autocast, self.value = function, dy, autocast, value
        self.names = list(variables)
        self.variables = [each.requires_grad_() for each in variables.values()]

    def run(self):
        with self.autocast():
            y = self.function()
        return y, torch.autograd.grad(y, self.variables, self.dy.to(y.dtype))

    def outputs(self):
        y, gradients = self.run()
        return {self.value: y, **dict(zip(self.names, gradients))}


def attention_work(inputs, autocast):
    q, k, v = (inputs[name] for name in "qkv")

    def forward():
        heads_first = (each.transpose(1, 2) for each in (q, k, v))
        return attention(*heads_first).transpose(1, 2)

    return BothWays(forward, {"dq": q, "dk": k, "dv": v}, inputs["dOut"], autocast, "out")


def layer_norm_work(settings, inputs, autocast):
    x, gamma, beta = inputs["x"], inputs["gamma"], inputs["beta"]

    def forward():
        return F.layer_norm(x, (settings["dim"],), gamma, beta, settings["eps"])

    variables = {"dx": x, "dGamma": gamma, "dBeta": beta}
    return BothWays(forward, variables, inputs["dy"], autocast)


def block_work(settings, inputs, autocast):
    x, dy = inputs.pop("x"), inputs.pop("dy")
    block = Block(settings)
    block.load_state_dict(inputs)
    block.to(x.device)
    batch, tokens = settings["batch"], settings["tokens"]

    def forward():
        return block(x.view(batch, tokens, -1)).flatten(0, 1)

    parameters = {f"d.{name}": value for name, value in block.named_parameters()}
    return BothWays(forward, {"dx": x, **parameters}, dy, autocast)


def work(kind, settings, inputs, autocast):
    """The work of that kind, with its inputs in place."""
    if kind == "matmul":
        return Product(inputs["a"], inputs["b"], autocast)
    if kind == "attention":
        return attention_work(inputs, autocast)
    if kind == "layer_norm":
        return layer_norm_work(settings, inputs, autocast)
    if kind == "block":
        return block_work(settings, inputs, autocast)
    if kind == "step":
        return Step(settings, inputs, autocast)
    raise ValueError(f"no {kind} is written for it")
